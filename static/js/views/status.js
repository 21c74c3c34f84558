import { h } from "../lib/dom.js";
import { STATUS_WORDS } from "../lib/states.js";

/** A trace's status as a pill; "queued" with its place in line (`position`: how many go first). */
export function statusPill(trace) {
  return h("span", { class: "status", data: { status: trace.status } }, statusText(trace));
}

export function statusText({ status, position }) {
  return status === "queued" && position ? `queued, ${position} ahead` : (STATUS_WORDS[status] ?? status);
}
