// The legend: what each state that occurs looks like. The glyphs are filled with the patterns of the picture.

import { h, put } from "../lib/dom.js";
import { STATES } from "../lib/states.js";
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
  put(element, items);
}
