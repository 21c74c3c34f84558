// One low timeline for each entrant, one below the other on one time scale: what is done to the window of one is done to all.
//
//     threads      1.77 s  1.00×   took turns on the GIL …
//       ① worker-1 ░░██░░░░██░░░░██
//       ② worker-2 ██░░░░██░░░░██░░
//                  0      0.5 s     1 s
//     processes    1.12 s  1.58×   kept 1.8 of 2 cores busy …

import { serverSource } from "../../data/source.js";
import { pages } from "../../data/urls.js";
import { h, put } from "../../lib/dom.js";
import { isFinished } from "../../lib/states.js";
import { duration } from "../../lib/units.js";
import { observable } from "../../lib/viewstate.js";
import { roundedEnd } from "../../lib/window.js";
import { statusPill } from "../status.js";
import { startTimeline } from "../timeline.js";

const OUT_OF_SIGHT = ["process", "cpu"];

/**
 * startStrips(list, {state, onProblem}): `state` is the observable whose `window` all strips share. Answers {show(comparison),
 * grow(trace, ns), gils(on), span()}: `span` is the common horizon, in ns.
 */
export function startStrips(list, { state, onProblem }) {
  const strips = new Map();
  let traces = new Map();
  let longest = 1;
  let growing = true;
  let withGils = false;
  let heads = [];

  const span = () => (growing ? roundedEnd(longest) : longest);

  function show({ rows, traces: told, baseline }) {
    traces = new Map(told.map((trace) => [trace.id, trace]));
    const wanted = rows.map((row) => ({ row, trace: traces.get(shownOf(row)) }));
    const before = span();
    longest = Math.max(1, ...wanted.map(({ trace }) => trace?.t_ns ?? 0), ...[...strips.values()].map((strip) => strip.grown));
    growing = told.some(({ status }) => status !== "deleted" && !isFinished(status));
    if (!growing) longest = Math.max(1, ...wanted.map(({ trace }) => trace?.t_ns ?? 0));
    heads = wanted.map(({ row, trace }, at) => (quality) => head(row, trace, at === baseline, quality));
    wanted.forEach(({ trace }, at) => {
      if (strips.get(at)?.id !== trace.id) replace(at, trace);
      strips.get(at).element.dataset.status = trace.status;
      drawHead(at);
      strips.get(at).tell(trace);
    });
    if (span() !== before) for (const strip of strips.values()) strip.rescale();
  }

  function drawHead(at) {
    const strip = strips.get(at);
    put(strip.head, heads[at](strip.quality));
  }

  /** While its runs go on the latest that has begun; then the one that the figures are of. */
  function shownOf(row) {
    if (row.trace && !row.traces.some((id) => isLive(traces.get(id)))) return row.trace;
    const begun = row.traces.filter((id) => traces.get(id)?.t_ns > 0);
    return begun.at(-1) ?? row.traces[0];
  }

  function replace(at, trace) {
    const strip = startStrip(trace, { state, span, withGils: () => withGils, onProblem, onLanes: () => drawHead(at) });
    strips.get(at)?.leave();
    if (strips.has(at)) strips.get(at).element.replaceWith(strip.element);
    else list.append(strip.element);
    strips.set(at, strip);
  }

  return {
    show,
    span,
    grow(id, ns) {
      const strip = [...strips.values()].find((one) => one.id === id);
      if (!strip) return;
      const before = span();
      longest = Math.max(longest, ns);
      strip.grow(ns);
      if (span() !== before) for (const one of strips.values()) if (one !== strip) one.rescale();
    },
    gils(on) {
      withGils = on;
      for (const strip of strips.values()) strip.hide();
    },
  };
}

/** One strip: {id, element, head, quality, grown, tell(trace), grow(ns), rescale(), hide(), leave()}. */
function startStrip({ id }, { state, span, withGils, onProblem, onLanes }) {
  const header = h("div", { class: "striphead" });
  const place = h("div", { class: "striplanes" });
  const waiting = h("p", { class: "stripwait", hidden: true });
  const element = h("li", { class: "strip", data: { trace: id } }, header, place, waiting);
  const source = serverSource(id);
  const own = observable({ window: state.now.window, hidden: OUT_OF_SIGHT });
  // Windows are shared, all else is each strip's own: lanes are other lanes in every trace.
  const unlink = [state.on(({ window }) => own.change({ window })), own.on(({ window }) => state.change({ window }))];
  // Keys are of the strip that has the focus: pointing at one is enough, unless the reader is busy elsewhere.
  place.addEventListener("pointerenter", () => {
    const busy = document.activeElement;
    if (!busy || busy === document.body || busy.closest(".striplanes")) place.querySelector(".lanes")?.focus({ preventScroll: true });
  });
  let timeline = null;
  let lanes = [];
  let grown = 0;
  let over = false;
  let asking = false;

  function start() {
    timeline = startTimeline(place, { source, state: own, span, compact: true, keys: "focus", onProblem, onStrange: askLanes });
    askLanes();
  }

  async function askLanes() {
    if (asking) return;
    asking = true;
    try {
      lanes = await source.lanes();
      hide();
      timeline.setLanes(lanes);
      onLanes();
    } catch (problem) {
      onProblem(problem);
    } finally {
      asking = false;
    }
  }

  /** Only who carries the work is shown: tasks where there are tasks, else threads; GILs on demand. */
  function hide() {
    const tasks = lanes.some((lane) => lane.measured && lane.kind === "task");
    own.change({ hidden: [...OUT_OF_SIGHT, ...(tasks ? ["thread"] : []), ...(withGils() ? [] : ["interpreter"])] });
  }

  return {
    id,
    element,
    head: header,
    /** How its workers were seen, if not exactly. */
    get quality() {
      return lanes.find((lane) => lane.measured && lane.exactness !== "exact")?.exactness ?? null;
    },
    get grown() {
      return grown;
    },
    tell({ status, t_ns: ns, position }) {
      grown = Math.max(grown, ns ?? 0);
      const empty = status === "deleted" || !grown;
      place.hidden = empty;
      waiting.hidden = !empty;
      waiting.textContent = waitText(status, position);
      if (empty) return;
      if (!timeline) start();
      if (isFinished(status)) {
        if (over) return;
        over = true;
        timeline.finish(ns);
        askLanes();
      } else timeline.grow(grown);
    },
    grow(ns) {
      if (over) return;
      grown = Math.max(grown, ns);
      timeline?.grow(ns);
    },
    rescale() {
      if (!timeline) return;
      if (over) timeline.finish(grown);
      else timeline.grow(grown);
    },
    hide,
    leave() {
      for (const end of unlink) end();
    },
  };
}

function head(row, trace, isBase, sampled) {
  const several = row.traces.length > 1;
  const speed = isBase ? h("span", { class: "of" }, "the others are held against this") : row.speedup === null ? null : h("span", { class: "speed", data: { against: row.against } }, `${row.speedup.toFixed(2)}×`);
  return [
    h("h3", {}, trace.permalink ? h("a", { href: pages.trace(trace.id), title: "Its own page" }, row.name) : row.name),
    row.elapsed_ns ? h("span", { class: "took" }, duration(row.elapsed_ns)) : null,
    speed,
    row.reason ? h("span", { class: "why" }, row.reason) : null,
    row.error && row.status === "failed" ? h("span", { class: "why bad" }, row.error) : null,
    row.status === "complete" ? null : statusPill(row.status === "queued" ? { status: "queued", position: trace.position } : row),
    sampled ? h("span", { class: "badge", title: "Not every switch was seen: its own page says which lanes, and why" }, sampled) : null,
    several ? h("span", { class: "of runs" }, `run ${row.traces.indexOf(trace.id) + 1} of ${row.traces.length}: `, row.traces.map((id, at) => [at ? " " : null, id === trace.id ? h("b", {}, String(at + 1)) : h("a", { href: pages.trace(id) }, String(at + 1))])) : null,
  ];
}

function waitText(status, position) {
  if (status === "deleted") return "This trace was deleted.";
  if (status === "queued") return position ? `In line: ${position} ${position === 1 ? "run goes" : "runs go"} first.` : "It is next.";
  if (isFinished(status)) return `Nothing was recorded: it was ${status}.`;
  return "The picture begins with its first step.";
}

function isLive(trace) {
  return trace !== undefined && trace.status !== "deleted" && !isFinished(trace.status);
}
