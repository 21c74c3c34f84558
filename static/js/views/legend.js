// The legend: what each state that occurs looks like. The glyphs are filled with the patterns of the picture.

import { h, put } from "../lib/dom.js";
import { STATES } from "../lib/states.js";
import { EDGES } from "../lib/words.js";
import { marker } from "./lane-labels.js";

/** Shows the states that the view has, in the order in which they are stacked. */
export function drawLegend(element, view, laid) {
  const stateful = new Set(laid.rows.filter((row) => row.kind === "thread" || row.kind === "task").map((row) => row.lane.id));
  const present = new Set();
  for (const [lane, coverage] of view.coverage) if (stateful.has(lane)) for (const state of Object.keys(coverage)) present.add(state);
  const items = STATES.filter(({ name }) => present.has(name)).map(({ name, label, says }) =>
    h("li", { title: says }, h("span", { class: "fill glyph", data: { state: name } }), label),
  );
  const holders = laid.rows.filter((row) => row.mark !== null && row.lane?.kind === "thread").length;
  if (holders && laid.rows.some((row) => row.kind === "interpreter" || row.kind === "cpu")) {
    items.push(h("li", { title: "on GIL and core rows, the colour and number are those of the thread that holds it" }, marker(0), holders > 1 ? marker(1) : null, "by thread, on GIL and cores"));
  }
  const kinds = new Set(view.edges.map((edge) => edge.kind));
  items.push(...EDGES.filter(({ kind }) => kinds.has(kind)).map(({ label, says, dash }) => h("li", { title: says, class: "arrow" }, arrow(dash), label)));
  put(element, items);
}

function arrow(dash) {
  return h(
    "svg",
    { width: 26, height: 10, viewBox: "0 0 26 10", "aria-hidden": "true" },
    h("line", { x1: 0, y1: 5, x2: 20, y2: 5, stroke: "currentColor", "stroke-width": 1.4, "stroke-dasharray": dash === "solid" ? null : dash.replaceAll("px", "") }),
    h("path", { d: "M19 1.5 L26 5 L19 8.5 Z", fill: "currentColor" }),
  );
}
