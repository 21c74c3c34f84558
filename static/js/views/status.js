import { h } from "../lib/dom.js";
import { STATUS_WORDS } from "../lib/states.js";

/** A trace's status as a pill; "queued" with its place in line. */
export function statusPill(trace) {
  return h("span", { class: "status", data: { status: trace.status } }, statusText(trace));
}

export function statusText({ status, position }) {
  return status === "queued" && position ? `queued, ${ordinal(position)} in line` : (STATUS_WORDS[status] ?? status);
}

function ordinal(number) {
  const tail = { one: "st", two: "nd", few: "rd", other: "th" };
  return `${number}${tail[new Intl.PluralRules("en", { type: "ordinal" }).select(number)]}`;
}
