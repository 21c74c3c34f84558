// Pages of a table: where one is, the page before, the next one; and up and down through its rows by keys.

import { h } from "../lib/dom.js";
import { count } from "../lib/units.js";

/** {from: how many come before, shown, all, noun, next: whether more follow, onMove(-1 | 1)}: the controls of a table in pages. */
export function pager({ from, shown, all, noun, next, onMove }) {
  const many = `${noun}${all === 1 ? "" : "s"}`;
  const turn = (by, label, off) => h("button", { class: "button tiny", type: "button", disabled: off, data: { key: `page${by}` }, on: { click: () => onMove(by) } }, label);
  const where = all > shown ? `${count(from + 1)}–${count(from + shown)} of ${count(all)} ${many}` : `${count(all)} ${many}`;
  return h("div", { class: "pager" }, h("span", { role: "status" }, where), from > 0 || next ? [turn(-1, "Previous", from === 0), turn(1, "Next", !next)] : null);
}

/** Listens to keys on the rows of a table, each with a button: up and down, first and last. */
export function moveByKeys(event) {
  const buttons = [...event.currentTarget.querySelectorAll("th button")];
  const at = buttons.indexOf(event.target);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
  if (at < 0 || to === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  buttons[Math.max(0, Math.min(buttons.length - 1, to))].focus();
}
