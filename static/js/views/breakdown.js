// Where the time went: per worker a bar of its states, and the same as a table of numbers.

import { h, put } from "../lib/dom.js";
import { STATES, stateLabel } from "../lib/states.js";
import { count as number, duration, percent } from "../lib/units.js";

const SHOWN = 16;

/**
 * rows: [{name, full, states: {running: ns, …}}], one per measured lane; total: the same summed, as the server tells it, or null; `noun`:
 * what such a lane is, "worker" or "thread"; `count`: how many there are, told here or not.
 * Shows all of them together and each by itself, and below every number as text.
 */
export function drawBreakdown(element, { rows, total, noun, count = rows.length }) {
  const all = total && Object.keys(total).length ? [{ name: `all ${noun}s`, full: `all ${noun}s together`, states: total, whole: true }] : [];
  const shown = [...all, ...(rows.length > 1 || !all.length ? rows.slice(0, SHOWN) : [])];
  if (!shown.length) {
    put(element, h("p", { class: "muted" }, `No ${noun} has begun yet.`));
    return;
  }
  const longest = Math.max(...rows.map((row) => sum(row.states)), 1);
  const open = element.querySelector("details")?.open ?? false;
  put(
    element,
    h("ul", { class: "bars" }, shown.map((row) => bar(row, row.whole ? sum(row.states) : longest))),
    count > SHOWN ? h("p", { class: "muted small" }, `and ${number(count - SHOWN)} more${count > rows.length ? `, of which the table has the first ${rows.length - SHOWN}` : " in the table"}`) : null,
    h("details", { open }, h("summary", {}, "The same as a table"), open ? table(rows, total, noun) : null),
  );
  // Of hundreds of lanes the table is long in the making: it waits until somebody wants it.
  const details = element.querySelector("details");
  details.ontoggle = () => details.open && !details.querySelector("table") && details.append(table(rows, total, noun));
}

function bar({ name, full, states, whole }, longest) {
  const spent = sum(states);
  const parts = ordered(states).map(([state, ns]) =>
    h("span", { class: "part", style: { width: `${(100 * ns) / longest}%` }, title: `${stateLabel(state)}: ${duration(ns)}, ${percent(ns / spent)}` }, h("span", { class: "fill", data: { state } }), ns / longest > 0.09 ? h("span", { class: "share" }, h("span", { class: "visually-hidden" }, `${stateLabel(state)} `), percent(ns / spent)) : null),
  );
  return h("li", { class: whole ? "whole" : null }, h("span", { class: "who", title: full }, name), h("span", { class: "stack" }, parts), h("span", { class: "sum" }, duration(spent)));
}

function table(rows, total, noun) {
  const present = STATES.map(({ name }) => name).filter((name) => rows.some((row) => row.states[name]) || total?.[name]);
  const cells = (states) => present.map((name) => h("td", {}, states[name] ? duration(states[name]) : "–"));
  return h(
    "div",
    { class: "tablescroll", tabindex: "0", role: "region", "aria-label": `Time per ${noun} and state` },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, noun), present.map((name) => h("th", { scope: "col" }, stateLabel(name))))),
      h("tbody", {}, rows.map((row) => h("tr", {}, h("th", { scope: "row", title: row.full }, row.name), cells(row.states)))),
      total ? h("tfoot", {}, h("tr", {}, h("th", { scope: "row" }, "all"), cells(total))) : null,
    ),
  );
}

function ordered(states) {
  return STATES.map(({ name }) => [name, states[name] ?? 0]).filter(([, ns]) => ns > 0);
}

function sum(states) {
  return Object.values(states).reduce((total, ns) => total + ns, 0);
}
