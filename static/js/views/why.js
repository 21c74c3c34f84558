// Why a lane was in what it was in: the answer in a sentence, the places to look at, and who let it go on. Below the timeline, and drawn in it.
//
//     Why?  ▨ waiting for the GIL  worker-1, 15.0 ms from 37.0 ms                    [Zoom to it] [Copy link] [Close]
//     worker-1 waited 15.0 ms for the GIL while worker-2 … held it in turn.
//       ▇ worker-2   held it for 5.00 ms: running Python in crunch (work.py)          37.0 ms   [Show] [Why?]
//       → GIL let go by worker-4                                                      52.0 ms   [Show] [Why?]
//     Threads that compute take turns on one GIL: …

import { latest } from "../data/latest.js";
import { here } from "../data/urls.js";
import { gilName } from "../figures/rows.js";
import { h } from "../lib/dom.js";
import { duration, instant } from "../lib/units.js";
import { writeState } from "../lib/viewstate.js";
import { EDGES, together } from "../lib/words.js";
import { copyLink } from "./copy-link.js";
import { stateGlyph, stateMark } from "./state-mark.js";
import { putSteady } from "./steady.js";

const MARGIN = 0.15;
/** A place that takes less of the screen than this beside the question is looked at by itself. */
const LEAST_SHARE = 0.02;
const CLEAR_PX = 12;
const SEEN = { exact: null, sampled: "partly sampled: what is shorter than a sample may be missed", inferred: "partly inferred from other sources: likely, not certain" };

/**
 * startWhy(root, {source, state, timeline, lanes()}): answers for `state.chosen` in `root`, which is hidden while nothing is chosen, and
 * highlights in `timeline` what the answer points at; nothing at all if the source cannot explain. Answers {refresh(), settle()}: the trace
 * has grown, or its lanes are known now; there is a new picture.
 */
export function startWhy(root, { source, state, timeline, lanes }) {
  if (!source.explain) return { settle() {}, refresh() {} };
  const said = h("p", { class: "visually-hidden", role: "status", "aria-live": "polite" });
  const body = h("div", { class: "panelbody" });
  root.replaceChildren(said, body);
  let answer = null;
  let brought = null;

  const asking = latest({
    run: (query, options) => source.explain(query, options),
    done: (told, query) => isAsked(query) && show(told),
    failed: (problem) => state.now.chosen && fail(problem),
    everyMs: 500,
  });

  function show(told) {
    answer = told;
    root.removeAttribute("aria-busy");
    putSteady(body, heading(told), h("p", { class: "answer" }, together(told.text)), places(told), told.advice ? h("p", { class: "advice" }, together(told.advice)) : null, seen(told));
    tell(told.text);
    light(told);
    settle();
  }

  /** Once for each question, as soon as there is a picture: what is asked about comes into sight. */
  function settle() {
    const { chosen } = state.now;
    if (!answer || brought === chosen || !lanes().length || !timeline.view()) return;
    brought = chosen;
    // The first picture is drawn with the next frame.
    requestAnimationFrame(() => requestAnimationFrame(() => state.now.chosen === chosen && bring(chosen.lane)));
  }

  function fail(problem) {
    answer = null;
    root.removeAttribute("aria-busy");
    const words = problem.fields?.has("t") ? `The question is about ${instant(state.now.chosen.t, 1e6)}, of which this run has no record.` : problem.message;
    putSteady(body, heading(null), h("p", { class: "notice", data: { kind: "bad" } }, words), problem.status === 0 ? h("button", { class: "button tiny", type: "button", data: { key: "retry" }, on: { click: ask } }, "Ask again") : null);
    tell(words);
    timeline.highlight(null);
  }

  function tell(text) {
    if (said.textContent !== text) said.textContent = text;
  }

  function heading(told) {
    const segment = told?.segment;
    const tools = [
      segment ? tool("zoom", "Zoom to it", "The segment asked about, as wide as the window", () => state.change({ window: around(segment.start_ns, segment.end_ns) })) : null,
      tool("link", "Copy link", "Its address: with this window, and this question", () => copyLink(here(writeState(state.now)))),
      tool("close", "Close", "Ask no more (Esc)", close),
    ];
    return h("header", {}, h("h3", {}, "Why?"), segment ? stateMark(segment.state) : null, h("p", {}, segment ? whereOf(segment, told.open) : nameOf(state.now.chosen.lane)), h("div", { class: "paneltools" }, tools));
  }

  function places({ segment, because, edges }) {
    const items = [...because.map((one, at) => place(one, `b${at}`)), ...edges.map((edge, at) => arrival(edge, `e${at}`, segment))];
    return items.length ? h("ul", { class: "places" }, items) : null;
  }

  function place({ lane, start_ns: start, end_ns: end, state: name, text }, key) {
    const parts = { segments: [{ lane, start_ns: start, end_ns: end }], edges: [] };
    const said = [stateGlyph(name) ?? h("span", { class: "dot", "aria-hidden": "true" }), h("span", { class: "who", title: nameOf(lane) }, nameOf(lane)), h("span", { class: "text" }, together(text))];
    return item(key, said, { lane, start, end, fine: (end - start) / 100, t: Math.floor((start + end) / 2), parts });
  }

  function arrival(edge, key, segment) {
    const { by } = EDGES.find(({ kind }) => kind === edge.kind) ?? { by: "let go on by" };
    const late = edge.to_ns > edge.from_ns ? `, ${duration(edge.to_ns - edge.from_ns)} before` : "";
    const text = `${segment?.state === "gil_wait" ? "GIL let go by" : by} ${nameOf(edge.from_lane)}${late}`;
    const said = [h("span", { class: "arrow", "aria-hidden": "true" }, "→"), h("span", { class: "edge" }, text)];
    const fine = (segment ? segment.end_ns - segment.start_ns : edge.to_ns - edge.from_ns) / 100;
    return item(key, said, { lane: edge.from_lane, start: edge.from_ns, end: edge.to_ns, fine, t: Math.max(0, edge.from_ns - 1), parts: { segments: [], edges: [edge] } });
  }

  /** A line of the list: pointing at it, or focusing one of its buttons, lights only what it is about. */
  function item(key, said, { lane, start, end, fine, t, parts }) {
    const look = () => {
      state.change({ window: beside(start, end) });
      bring(lane);
    };
    const on = () => {
      state.change({ chosen: { lane, t } });
      bring(lane);
    };
    const only = () => timeline.highlight(parts);
    const all = () => light(answer);
    return h(
      "li",
      { on: { pointerenter: only, pointerleave: all, focusin: only, focusout: all } },
      said,
      h("span", { class: "when" }, instant(start, Math.max(1, fine))),
      tool(`${key}-show`, "Show", `Show ${nameOf(lane)} there`, look, true),
      tool(`${key}-why`, "Why?", `Why? Ask about ${nameOf(lane)} then`, on, true),
    );
  }

  /** Scrolls until the lane can be seen, in the timeline and from below this panel, which may lie over it; and the others with it, if they fit. */
  function bring(lane) {
    timeline.reveal(lane);
    requestAnimationFrame(() => {
      const box = (selector) => root.parentElement.querySelector(selector)?.getBoundingClientRect() ?? null;
      const [asked, all] = [box(`[data-lane="${Number(lane)}"]`), box(".lanes")];
      const { top } = root.getBoundingClientRect();
      const rest = all ? Math.min(all.bottom - top, all.top - CLEAR_PX) : 0;
      const under = Math.max(asked ? asked.bottom + CLEAR_PX - top : 0, rest);
      if (under > 0) globalThis.scrollBy(0, under);
    });
  }

  /** `named`: its title is its name, too, as the text alone does not say what it is about. */
  function tool(key, text, title, click, named = false) {
    return h("button", { class: "button tiny", type: "button", title, "aria-label": named && title, data: { key }, on: { click } }, text);
  }

  function light(told) {
    timeline.highlight(told?.because.length || told?.edges.length ? { segments: told.because.map(({ lane, start_ns, end_ns }) => ({ lane, start_ns, end_ns })), edges: told.edges } : null);
  }

  /** A window on a place and on the segment asked about; on the place alone where both would make it too small to be seen. */
  function beside(start, end) {
    const { start_ns: from, end_ns: to } = answer.segment;
    const [t0, t1] = [Math.min(start, from), Math.max(end, to)];
    return end - start >= LEAST_SHARE * (t1 - t0) ? around(t0, t1) : around(start, end, 2);
  }

  function around(start, end, margin = MARGIN) {
    const wide = Math.max(1, Math.round(margin * (end - start)));
    return { t0: Math.max(0, start - wide), t1: end + wide };
  }

  function whereOf({ lane, start_ns: start, end_ns: end }, open) {
    return `${nameOf(lane)}, ${duration(end - start)}${open ? " so far" : ""} from ${instant(start, Math.max(1, (end - start) / 100))}`;
  }

  function nameOf(id) {
    const lane = lanes().find((one) => one.id === id);
    return lane ? (lane.kind === "interpreter" ? gilName(lane) : lane.name) : `lane ${id}`;
  }

  function seen({ exactness }) {
    return SEEN[exactness] ? h("p", { class: "seen" }, `What this rests on was ${SEEN[exactness]}.`) : null;
  }

  function close() {
    state.change({ chosen: null });
  }

  function isAsked({ lane, t }) {
    return state.now.chosen?.lane === lane && Math.floor(state.now.chosen.t) === t;
  }

  function ask() {
    const { lane, t } = state.now.chosen;
    root.setAttribute("aria-busy", "true");
    if (!body.childElementCount) putSteady(body, heading(null), h("p", { class: "answer looking" }, "Looking into the record …"));
    asking.ask({ lane, t: Math.floor(t) }, { urgent: true });
  }

  function follow(now, before) {
    if (now.chosen === before?.chosen) return;
    root.hidden = !now.chosen;
    if (now.chosen) return void ask();
    answer = null;
    body.replaceChildren();
    tell("");
    timeline.highlight(null);
  }

  state.on(follow);
  follow(state.now);
  return {
    settle,
    refresh() {
      if (answer) show(answer);
      if (answer?.open) asking.ask({ lane: answer.lane, t: answer.t_ns });
    },
  };
}
