// What state the run is in, when that needs more than a word: its place in line, how long it has run, why it failed.

import { h, put } from "../lib/dom.js";
import { duration } from "../lib/units.js";

export function drawCondition(element, trace) {
  put(element, notice(trace));
}

function notice(trace) {
  const kept = trace.t_ns > 0 ? "Everything recorded up to then is below." : "Nothing had been recorded yet.";
  switch (trace.status) {
    case "queued":
      return box("plain", "In line.", trace.position > 0 ? `${trace.position} ${trace.position === 1 ? "run goes" : "runs go"} first: one at a time, or they would disturb each other.` : "It is next: one run at a time, or they would disturb each other.");
    case "starting":
      return box("plain", "Starting.", "A fresh interpreter is being set up; the picture begins with its first step.");
    case "failed":
      return [box("bad", "The run failed.", `${sentence(trace.error?.message)} ${kept}`), traceback(trace.error?.traceback)];
    case "cancelled":
      return box("plain", "Cancelled.", kept);
    case "interrupted":
      return box("warn", "Interrupted.", `The server ended while this ran. ${kept}`);
    default:
      return null;
  }
}

/** Elapsed time of a run that is going on, in whole tenths of a second. */
export function elapsedText(ns) {
  return ns < 1e9 ? duration(Math.round(ns / 1e7) * 1e7) : ns < 120e9 ? `${(ns / 1e9).toFixed(1)} s` : duration(ns);
}

function box(kind, strong, text) {
  return h("div", { class: "notice", data: { kind } }, h("p", {}, h("strong", {}, strong), ` ${text}`));
}

function traceback(text) {
  return text ? h("details", { class: "traceback" }, h("summary", {}, "Traceback"), h("pre", { tabindex: "0" }, text)) : null;
}

function sentence(text) {
  const told = (text || "no reason is known").trim();
  const said = told[0].toUpperCase() + told.slice(1);
  return /[.!?]$/.test(said) ? said : `${said}.`;
}
