// The findings, and the verdict that they add up to in two words.

import { h, put } from "../lib/dom.js";
import { together } from "../lib/words.js";

const VERDICTS = [
  ["true_parallelism", "Ran at once", "parallel"],
  ["loop_blocked", "Took turns on one loop", "turns"],
  ["gil_bound", "Took turns", "turns"],
  ["waits_overlap", "Waited at once", "parallel"],
  ["waits_in_sequence", "One after another", "turns"],
];

/** {text, kind} of the finding that answers "at once, or in turns?"; null when none does. A program is more than one loop of it. */
export function verdictOf(findings, { program }) {
  const kinds = new Set(findings.map((finding) => finding.kind).filter((kind) => !(program?.length && kind === "loop_blocked")));
  const found = VERDICTS.find(([kind]) => kinds.has(kind));
  return found ? { text: found[1], kind: found[2] } : null;
}

/** The list of findings; `notes` are what a reader must know of the sources. `onShow(t0, t1)` when one is pressed that has a place. */
export function drawFindings(element, { findings, notes, status, t_ns: length }, live, onShow) {
  const items = findings.map((finding, at) =>
    h(
      "li",
      { data: { severity: finding.severity, kind: finding.kind } },
      h("p", { id: `finding-${at}` }, together(finding.text)),
      placed(finding, length) ? h("button", { class: "linklike small", type: "button", "aria-describedby": `finding-${at}`, data: { t0: finding.t0_ns, t1: finding.t1_ns } }, "Show it") : null,
    ),
  );
  const remarks = (notes ?? []).map((note) => h("li", { data: { severity: "note" } }, h("p", {}, together(note))));
  const nothing = live ? "Findings come when the run has ended." : status === "complete" ? "Nothing stands out." : "There is nothing to tell about what was recorded.";
  put(element, items.length || remarks.length ? [...items, ...remarks] : h("li", { class: "muted" }, nothing));
  element.onclick = (event) => {
    const button = event.target.closest("button[data-t0]");
    if (button) onShow(Number(button.dataset.t0), Number(button.dataset.t1));
  };
}

/** Whether there is a place to show: what goes on during nearly all of the run is everywhere. */
function placed({ t0_ns: t0, t1_ns: t1 }, length) {
  return Number.isInteger(t0) && Number.isInteger(t1) && t1 > t0 && t1 - t0 < 0.9 * length;
}
