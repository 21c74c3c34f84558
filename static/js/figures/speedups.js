// How long each entrant of a comparison took, and how that is against sequential, as a Plotly figure. Pure.
//
//     sequential   ████████████████████████▏1.77 s
//     threads      ████████████████████████▏1.77 s  1.00×
//     processes    ████████████████░░ 1.12 s  1.58×        ░ creating, feeding and joining workers
//                                          ╎ sequential

import { duration, unitFor } from "../lib/units.js";
import { mix } from "../lib/palette.js";
import { plain, rowsLayout } from "./chart-rows.js";
import { marker } from "./patterns.js";

/** What is written behind the longest bar needs this share of the width. */
const ROOM = 1.42;

/** rows: of the comparison object; baseline: the number of the row that speedups are against, or null. Answers {data, layout}. */
export function speedupsFigure(rows, baseline, { width, named, palette }) {
  const longest = Math.max(1, ...rows.map((row) => Math.max(row.elapsed_ns ?? 0, row.spread_ns?.[1] ?? 0)));
  const unit = unitFor(longest);
  const layout = rowsLayout(
    rows.map((row) => row.name),
    { width, named, palette, xaxis: { range: [0, (longest * ROOM) / unit.ns], ticksuffix: ` ${unit.unit}`, nticks: 6 } },
  );
  const base = baseline === null ? null : rows[baseline];
  return {
    data: [work(rows, baseline, unit, palette), around(rows, unit, palette)],
    layout: { ...layout, shapes: base ? [line(base, unit, palette)] : [], annotations: [...rows.map((row, at) => label(row, at, at === baseline, unit, palette)), ...(base ? [caption(base, unit, palette)] : [])] },
  };
}

/** By what colour a row is drawn: "base", "lead" (faster than that; without one, the fastest) or "other". */
export function standing(row, at, baseline) {
  if (at === baseline) return "base";
  return (baseline === null ? row.leads : row.against === "faster") ? "lead" : "other";
}

/** From the first job's start to the last one's end; what is faster stands out. */
function work(rows, baseline, unit, palette) {
  const tones = { lead: palette.states.running, other: mix(palette.states.running, palette.surface, 0.5), base: mix(palette.states.running, palette.surface, 0.28) };
  return {
    ...bar(rows, (row) => (row.elapsed_ns ? row.elapsed_ns - (row.around_ns ?? 0) : 0), unit),
    marker: { color: rows.map((row, at) => tones[standing(row, at, baseline)]), line: { width: rows.map((_, at) => (at === baseline ? 1.5 : 0)), color: palette.states.running } },
  };
}

function around(rows, unit, palette) {
  const spreads = rows.map((row) => (row.spread_ns ? [row.spread_ns[1] - row.elapsed_ns, row.elapsed_ns - row.spread_ns[0]] : [0, 0]));
  const known = spreads.some(([up, down]) => up || down);
  return {
    ...bar(rows, (row) => row.around_ns ?? 0, unit),
    marker: marker("starting", palette),
    ...(known ? { error_x: { type: "data", symmetric: false, array: spreads.map(([up]) => up / unit.ns), arrayminus: spreads.map(([, down]) => down / unit.ns), color: palette.ink, thickness: 1.5, width: 5 } } : {}),
  };
}

function bar(rows, ns, unit) {
  return { type: "bar", orientation: "h", x: rows.map((row) => ns(row) / unit.ns), y: rows.map((_, at) => at), hoverinfo: "skip", textposition: "none" };
}

function label(row, at, isBase, unit, palette) {
  const behind = Math.max(row.elapsed_ns ?? 0, row.spread_ns?.[1] ?? 0) / unit.ns;
  return { x: behind, y: at, xanchor: "left", xshift: 8, showarrow: false, text: said(row, isBase), ...(row.elapsed_ns ? { bgcolor: palette.surface } : {}), font: { size: 14, color: row.elapsed_ns ? palette.ink : palette.ink3 } };
}

function said(row, isBase) {
  if (!row.elapsed_ns) return `<i>${plain(row.status)}</i>`;
  const times = isBase || row.speedup === null ? "" : `  ${row.against === "faster" ? `<b>${row.speedup.toFixed(2)}×</b>` : `${row.speedup.toFixed(2)}×`}`;
  return `${duration(row.elapsed_ns)}${times}`;
}

function line(base, unit, palette) {
  const x = base.elapsed_ns / unit.ns;
  return { type: "line", x0: x, x1: x, y0: 0, y1: 1, yref: "paper", line: { color: palette.ink3, width: 1.5, dash: "dot" }, layer: "below" };
}

function caption(base, unit, palette) {
  return { x: base.elapsed_ns / unit.ns, y: 1, yref: "paper", yanchor: "bottom", showarrow: false, text: plain(base.name), font: { size: 12, color: palette.ink3 } };
}
