// A picture of the timeline that stands on its own, for where the page is not: title, sentence, names, axis and legend are in it. Pure.
//
//     cpu · threads ×4 · 3.13
//     4 threads, one GIL: 1.00 cores used …
//     ┌ worker-1  ██░░██░░ ┐      what the page shows (timeline.picture())
//     └ worker-2  ░░██░░██ ┘
//     ▇ running Python  ▨ waiting for the GIL …                    gilscope · k3v9…

import { STATES } from "../lib/states.js";
import { EDGES } from "../lib/words.js";
import { marker } from "./patterns.js";

const ABOVE = 74;
const BELOW = 62;
const SIDE = 22;
const LETTER_PX = 7.4;

/** picture: {data, layout}; `states`: names of those that are shown; `title`, `said`, `note`: texts, any of them may be empty. */
export function poster({ data, layout }, { title, said, note, states, palette }) {
  const wide = layout.width + 2 * SIDE;
  const lines = wrapped(said, Math.floor((wide - 2 * SIDE) / LETTER_PX));
  const above = ABOVE + Math.max(0, lines.length - 1) * 17;
  const legend = STATES.filter(({ name }) => states.has(name)).map(({ name, label }) => entry(label, { type: "bar", marker: { ...marker(name, palette), line: { width: 1, color: palette.ink3 } } }));
  const kinds = new Set(data.map((trace) => trace.name));
  const arrows = EDGES.filter(({ kind }) => kinds.has(kind)).map(({ label, dash }) => entry(label, { type: "scatter", mode: "lines", line: { color: palette.ink, width: 1.4, dash } }));
  const margin = { ...layout.margin, l: layout.margin.l + SIDE, r: layout.margin.r + SIDE, t: layout.margin.t + above, b: layout.margin.b + BELOW };
  const text = (words, y, size, color, more = {}) => ({ text: escaped(words), xref: "paper", yref: "paper", x: 0, y: 1, xanchor: "left", yanchor: "top", xshift: -layout.margin.l, yshift: y, align: "left", showarrow: false, font: { size, color }, ...more });
  return {
    data: [...data.map((trace) => ({ ...trace, showlegend: false })), ...legend, ...arrows],
    layout: {
      ...layout,
      width: wide,
      height: layout.height + above + BELOW,
      margin,
      paper_bgcolor: palette.surface,
      showlegend: true,
      legend: { orientation: "h", xref: "container", yref: "container", x: SIDE / wide, y: 14 / (layout.height + above + BELOW), xanchor: "left", yanchor: "bottom", font: { size: 12, color: palette.ink2 }, itemwidth: 30 },
      annotations: [
        ...(layout.annotations ?? []),
        text(title, above + layout.margin.t - 14, 17, palette.ink),
        ...lines.map((line, i) => text(line, above + layout.margin.t - 40 - i * 17, 13, palette.ink2)),
        text(note, above + layout.margin.t - 14, 11, palette.ink3, { x: 1, xanchor: "right", xshift: layout.margin.r, align: "right" }),
      ].filter(({ text: words }) => words),
    },
  };
}

function entry(name, look) {
  return { ...look, name, x: [null], y: [null], showlegend: true, hoverinfo: "skip" };
}

/** Lines of at most so many letters, broken between words. */
function wrapped(text, most) {
  const lines = [""];
  for (const word of (text ?? "").split(" ")) {
    if (lines.at(-1) && lines.at(-1).length + word.length >= most) lines.push("");
    lines[lines.length - 1] += `${lines.at(-1) ? " " : ""}${word}`;
  }
  return lines.filter(Boolean);
}

/** As a text of Plotly's, which reads a little HTML: a name is only a name. */
export function escaped(text) {
  return (text ?? "").replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
