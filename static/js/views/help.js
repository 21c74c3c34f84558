// What keys do, and what patterns and arrows mean: one dialog.

import { h } from "../lib/dom.js";
import { KEYS } from "../lib/keys.js";
import { STATES } from "../lib/states.js";
import { EDGES } from "../lib/words.js";
import { stateGlyph } from "./state-mark.js";

const BY_HAND = {
  Move: [[["drag"], "move"], [["Ctrl + wheel", "pinch"], "zoom"]],
  Choose: [[["click"], "choose a segment: below the picture it says why"], [["Shift + drag"], "select a span of time: below the picture it says what it adds up to"]],
  Page: [[["Enter", "Shift + Enter"], "in the search: the next result, the one before"]],
};

const OTHERS = [
  ["the lane of a GIL", "who holds it, in the holder's colour and with its number; empty while it is free"],
  ["the lane of a core", "which thread runs on it, in that thread's colour; empty while it is idle"],
  ["working at once", "how many of the threads that carry the work are on a core"],
  ["half a column", "where a column of pixels holds many segments, the height of each state is its share of that time"],
];

/** startHelp(dialog): fills the dialog. Answers {open()}. */
export function startHelp(dialog) {
  const title = "help-title";
  dialog.setAttribute("aria-labelledby", title);
  dialog.removeAttribute("aria-label");
  dialog.replaceChildren(
    h("header", {}, h("h2", { id: title }, "Reading the timeline"), h("form", { method: "dialog" }, h("button", { class: "button tiny" }, "Close"))),
    h(
      "div",
      { class: "helpcolumns" },
      h("section", {}, h("h3", {}, "Keys"), [...Map.groupBy(KEYS, ({ group }) => group)].map(([group, keys]) => [h("h4", {}, group), h("dl", { class: "keylist" }, keys.map(({ shown, says }) => key([shown, says])), (BY_HAND[group] ?? []).map(key))])),
      h(
        "section",
        {},
        h("h3", {}, "What the patterns mean"),
        h("dl", { class: "meanings" }, STATES.map(meaning)),
      ),
      h(
        "section",
        {},
        h("h3", {}, "Lanes and arrows"),
        h("dl", { class: "meanings" }, OTHERS.map(([term, says]) => h("div", {}, h("dt", {}, term), h("dd", {}, says)))),
        h("dl", { class: "meanings arrows" }, EDGES.map(({ label, says, dash }) => h("div", {}, h("dt", {}, line(dash), `${label} →`), h("dd", {}, says)))),
      ),
    ),
  );
  const open = () => dialog.open || dialog.showModal();
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  return { open };
}

function key([names, says]) {
  return h("div", {}, h("dt", {}, names.map((name, i) => [i ? " " : null, h("kbd", {}, name)])), h("dd", {}, says));
}

function meaning({ name, label, says }) {
  return h("div", {}, h("dt", {}, stateGlyph(name), label, h("code", {}, name)), h("dd", {}, says));
}

function line(dash) {
  return h("svg", { class: "dash", width: 26, height: 8, "aria-hidden": "true" }, h("line", { x1: 0, y1: 4, x2: 26, y2: 4, "stroke-dasharray": dash === "solid" ? null : dash.replaceAll("px", "") }));
}
