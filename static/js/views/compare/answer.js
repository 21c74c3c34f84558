// The answer: which was best, and why, in words. Before there is one, how far the runs are.

import { h, put } from "../../lib/dom.js";
import { together } from "../../lib/words.js";

const MARKS = { faster: ["▲", "faster"], alike: ["=", "no faster"], slower: ["▼", "slower"] };

/** Shows the verdict of a comparison object in `element`: the first clause large, one line for each of the others, the notes below. */
export function drawAnswer(element, { verdict, progress, status }) {
  const { answer, clauses, notes, so_far: soFar, disturbed } = verdict;
  put(
    element,
    soFar ? h("p", { class: "progress" }, progressText(progress, status), h("progress", { max: progress.total, value: progress.finished, "aria-label": "Runs done" })) : null,
    h("p", { id: "headline", data: { against: answer.against, disturbed: disturbed ? "yes" : null } }, soFar && answer.names.length ? "So far: " : null, names(answer), unbroken(answer.gain)),
    answer.reason ? h("p", { class: "because" }, h("span", { class: "visually-hidden" }, "because: "), unbroken(answer.reason)) : null,
    clauses.length ? h("ul", { class: "clauses" }, clauses.map(clause)) : null,
    notes.length ? h("ul", { class: "notes" }, notes.map((note) => h("li", {}, together(note)))) : null,
  );
}

/** "Running threads: 2 of 9 runs are done." */
export function progressText({ total, finished, running }, status) {
  const done = `${finished} of ${total} runs ${finished === 1 ? "is" : "are"} done`;
  if (status === "queued") return `In line: one run at a time, or they would disturb each other. ${done}.`;
  return running ? `Running ${running}: ${done}.` : `${done}.`;
}

function clause(told) {
  const [mark, says] = MARKS[told.against] ?? ["·", ""];
  return h("li", { data: { against: told.against } }, h("span", { class: "mark", "aria-hidden": "true", title: says }, mark), h("span", {}, names(told), unbroken(told.gain), told.reason ? h("span", { class: "reason" }, ` · ${unbroken(told.reason)}`) : null));
}

/** "1.6–1.8 times" stays in one line. */
function unbroken(text) {
  return together(text).replaceAll("–", "\u2060–\u2060");
}

/** The names, each so that it stands out, and a colon. */
function names({ names: all }) {
  if (!all.length) return null;
  const joints = all.map((_, at) => (at === 0 ? "" : at === all.length - 1 ? " and " : ", "));
  return [...all.map((name, at) => [joints[at], h("b", {}, name)]), ": "];
}
