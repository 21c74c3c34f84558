import { byId, h } from "../lib/dom.js";

const SHOWN_MS = { good: 3500, bad: 9000 };

/** Says something for a few seconds at the bottom of the page, aloud to a screen reader. kind: "good" or "bad". */
export function toast(text, kind = "good") {
  const note = h("div", { class: "toast", data: { kind } }, text);
  byId("toasts").replaceChildren(note);
  setTimeout(() => note.remove(), SHOWN_MS[kind]);
}
