// The hits of a search as a list: lanes, then segments.

import { namesOf } from "../figures/lane-names.js";
import { h, put } from "../lib/dom.js";
import { stateLabel } from "../lib/states.js";
import { count, duration, instant } from "../lib/units.js";
import { detailText } from "../lib/words.js";
import { stateGlyph } from "./state-mark.js";

const KINDS = { process: "process", interpreter: "GIL", thread: "thread", task: "task", cpu: "core" };

/** Draws `items`, as the search tells them, into `list`; `q` is what was looked for, `lanes` those of the run. Each has its place in `data-at`. */
export function drawHits(list, items, q, lanes) {
  const nameOf = namesOf(lanes);
  put(list, items.map((item, at) => hit(item, at, nameOf(item.lane), q)));
}

/** "3 lanes · 412 segments, the longest first"; null where there is nothing. */
export function sumsText(lanes, segments) {
  const said = [lanes ? number(lanes, "lane") : null, segments ? `${number(segments, "segment")}${segments > 1 ? ", the longest first" : ""}` : null].filter(Boolean);
  return said.length ? said.join(" · ") : null;
}

function hit({ start_ns: start, end_ns: end, state: name, detail, text }, at, { name: who, full, kind }, q) {
  const said =
    start === null
      ? [h("span", { class: "kind" }, KINDS[kind] ?? "lane"), h("span", { class: "what" }, marked(who, q) ?? marked(text, q) ?? who)]
      : [
          stateGlyph(name) ?? h("span", { class: "glyph" }),
          h("span", { class: "time" }, duration(end - start)),
          h("span", { class: "what" }, stateLabel(name), detail ? h("span", { class: "aside" }, ` ${detailText(detail)}`) : null),
          h("span", { class: "where" }, `${who}, ${instant(start, (end - start) / 10)}`),
        ];
  return h("li", { id: `search-hit-${at}`, role: "option", "aria-selected": "false", title: full, data: { at, kind: start === null ? "lane" : "segment" } }, said);
}

/** The name with the part that was looked for set off; null if it does not hold it (that of its process may). */
function marked(name, q) {
  const from = name.toLowerCase().indexOf(q.toLowerCase());
  return from < 0 ? null : [name.slice(0, from), h("mark", {}, name.slice(from, from + q.length)), name.slice(from + q.length)];
}

function number(many, noun) {
  return `${count(many)} ${noun}${many === 1 ? "" : "s"}`;
}
