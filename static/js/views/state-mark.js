// A state as it is drawn: its pattern, and its name.

import { h } from "../lib/dom.js";
import { STATES, stateLabel } from "../lib/states.js";

/** What the state `running` of a process is called. */
export const ALIVE = "alive";
const DRAWN = new Set(STATES.map(({ name }) => name));

/** The pattern of a state, small; null for states that have none (those of GILs and cores are coloured by who holds them). */
export function stateGlyph(state) {
  return DRAWN.has(state) ? h("span", { class: "fill glyph", data: { state }, "aria-hidden": "true" }) : null;
}

/** Pattern and name together. `kind`: of the lane; a process that is `running` is there, whatever its threads do. */
export function stateMark(state, kind = null) {
  return kind === "process" && state === "running" ? h("span", { class: "statemark" }, ALIVE) : h("span", { class: "statemark" }, stateGlyph(state), stateLabel(state));
}

/** The names of states among `present` in the order in which they are stacked, those of GILs and cores last. */
export function inOrder(present) {
  const wanted = new Set(present);
  return [...DRAWN].filter((name) => wanted.has(name)).concat([...wanted].filter((name) => !DRAWN.has(name)));
}
