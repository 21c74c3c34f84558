// A comparison in the list of runs: one row with its answer and a small picture of its times; its runs below, on demand.

import { pages } from "../data/urls.js";
import { h } from "../lib/dom.js";
import { ago, moment } from "../lib/units.js";
import { statusPill } from "./status.js";

const WIDTH = 132;
const HEIGHT = 44;

/** The row. `open`: whether its runs are shown below; `tools`: what stands at its end, or null. */
export function comparisonRow(comparison, { open, stamp, tools }) {
  const at = moment(comparison.created_at);
  const { answer, so_far: soFar } = comparison.verdict;
  const { total, finished } = comparison.progress;
  return h(
    "li",
    { class: "trace comparison", data: { id: comparison.id, status: comparison.status, stamp } },
    h(
      "a",
      { class: "open", href: pages.comparison(comparison.id) },
      h("span", { class: "thumb" }, picture(comparison)),
      h(
        "span",
        { class: "what" },
        h("span", { class: "titleline" }, h("b", {}, comparison.title), comparison.label ? h("span", { class: "mark" }, comparison.label) : null, comparison.status === "complete" ? null : statusPill(comparison)),
        h("span", { class: "said" }, soFar ? `${finished} of ${total} runs are done.` : answer.text),
      ),
      h("span", { class: "when" }, h("span", {}, "comparison"), h("time", { datetime: comparison.created_at, title: `${at.local} (${at.utc})` }, ago(comparison.created_at))),
    ),
    h("button", { class: "button tiny quiet members", type: "button", "aria-expanded": String(open), "aria-label": `${open ? "Hide" : "Show"} the ${total} runs of ${comparison.label || comparison.title}` }, `${open ? "▾" : "▸"} ${total} runs`),
    tools,
  );
}

/** A bar for each model, as long as it took; those that are faster than the baseline are stronger. */
function picture({ rows, baseline }) {
  const longest = Math.max(1, ...rows.map((row) => row.elapsed_ns ?? 0));
  const pitch = HEIGHT / rows.length;
  const bars = rows.map((row, at) => (row.elapsed_ns ? h("rect", { x: 0, y: at * pitch + pitch * 0.14, width: Math.max(2, (WIDTH * row.elapsed_ns) / longest), height: pitch * 0.72, class: at === baseline ? "base" : row.against === "faster" ? "faster" : "other" }) : null));
  return h("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, class: "bars", "aria-hidden": "true" }, bars);
}
