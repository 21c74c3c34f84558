// The two charts of a comparison, side by side and row by row: how long each took, and where its workers' time went. The same as a table.

import { SEEN_FROM, presentStates, sharesFigure } from "../../figures/shares.js";
import { speedupsFigure, standing } from "../../figures/speedups.js";
import { byId, h, put } from "../../lib/dom.js";
import { onThemeChange, readPalette } from "../../lib/palette.js";
import { stateLabel, stateSays } from "../../lib/states.js";
import { NOT_KNOWN, duration, percent, ratio } from "../../lib/units.js";
import { draw, ready } from "../plot.js";

/** startCharts(): {show(comparison)}. Draws again when the page gets another width or the system another theme. */
export function startCharts() {
  const [times, shares] = [byId("times"), byId("shares")];
  let palette = readPalette();
  let shown = null;
  let scheduled = false;

  function schedule() {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      if (shown) render(shown);
    });
  }

  async function render({ rows, baseline }) {
    if (!(await ready())) {
      for (const place of [times, shares]) put(place, h("p", { class: "muted" }, "plotly.js did not load from this server."));
      return;
    }
    // Side by side, the names at the left are those of both.
    const together = shares.getBoundingClientRect().left > times.getBoundingClientRect().left;
    draw(times, speedupsFigure(rows, baseline, { width: times.clientWidth, named: true, palette }));
    draw(shares, sharesFigure(rows, { width: shares.clientWidth, named: !together, palette }));
    times.dataset.drawn = String(Number(times.dataset.drawn ?? 0) + 1);
  }

  for (const place of [times, shares]) new ResizeObserver(schedule).observe(place);
  onThemeChange(() => {
    palette = readPalette();
    schedule();
  });

  return {
    show(comparison) {
      shown = comparison;
      const { rows, baseline } = comparison;
      byId("charts").hidden = !rows.some((row) => row.elapsed_ns);
      put(byId("times-note"), baseline === null ? "shorter is better" : `shorter is better; × is the speed against ${rows[baseline].name}`);
      put(
        byId("times-legend"),
        standings(rows, baseline).map(([name, says]) => h("li", {}, h("span", { class: "glyph", data: { standing: name } }), says)),
        rows.some((row) => row.around_ns) ? h("li", { title: "before the first job and after the last one" }, h("span", { class: "fill glyph", data: { state: "starting" } }), "creating, feeding and joining workers") : null,
        rows.some((row) => row.spread_ns) ? h("li", { title: "the other runs of the same" }, h("span", { class: "whisker" }), "from the fastest run to the slowest") : null,
      );
      put(byId("shares-legend"), presentStates(rows, SEEN_FROM).map((state) => h("li", { title: stateSays(state) }, h("span", { class: "fill glyph", data: { state } }), stateLabel(state))));
      put(byId("numbers"), table(rows));
      schedule();
    },
  };
}

function table(rows) {
  const states = presentStates(rows);
  const spread = rows.some((row) => row.spread_ns);
  const heads = ["elapsed", ...(spread ? ["fastest to slowest run"] : []), "speedup", "cores used", "CPU time", "around the jobs", "GIL wait", ...states.map(stateLabel)];
  return h(
    "table",
    {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "run"), heads.map((head) => h("th", { scope: "col" }, head)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, h("th", { scope: "row" }, row.name), cells(row, states, spread).map((cell) => h("td", {}, cell === NOT_KNOWN ? "–" : cell))))),
  );
}

function cells(row, states, spread) {
  if (!row.elapsed_ns) return [row.status, ...(spread ? [""] : []), ...Array(5 + states.length).fill("")];
  return [
    duration(row.elapsed_ns),
    ...(spread ? [row.spread_ns ? `${duration(row.spread_ns[0])} – ${duration(row.spread_ns[1])}` : "–"] : []),
    row.speedup === null ? "–" : `${ratio(row.speedup)}×`,
    ratio(row.parallelism),
    duration(row.cpu_ns),
    duration(row.around_ns),
    duration(row.gil_wait_ns),
    ...states.map((state) => (row.shares[state] ? percent(row.shares[state]) : "–")),
  ];
}

/** What the colours of the bars say, of those that there are. */
function standings(rows, baseline) {
  const there = new Set(rows.flatMap((row, at) => (row.elapsed_ns ? [standing(row, at, baseline)] : [])));
  const name = rows[baseline]?.name;
  const says = baseline === null ? { lead: "the fastest", other: "the others" } : { lead: `faster than ${name}`, other: `no faster than ${name}`, base: name };
  return Object.entries(says).filter(([one]) => there.has(one));
}
