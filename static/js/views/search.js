// Search: one field that filters the lanes while one types, and lists what was found; the keys go from hit to hit.
//
//     [ gil_wait > 5ms            3 of 412 ▲ ▼ ]
//     │ thread   worker-1                                   lanes: plain text that names some is the timeline's filter, too
//     │ ▨ 15.0 ms  waiting for the GIL   worker-1, 37 ms    segments: going to one shows its lane, whatever was filtered
//     │ 412 segments, the longest first

import { latest } from "../data/latest.js";
import { h, put } from "../lib/dom.js";
import { STATES } from "../lib/states.js";
import { count } from "../lib/units.js";
import { drawHits, sumsText } from "./search-hits.js";

const PAGE = 50;
/** Nobody wants to know what is wrong with a word that they have not finished. */
const PAUSE_MS = 180;
const HINT = "A lane, a task, a function, a lock, a file: or a state and a duration, such as gil_wait > 5ms.";
const NOTHING = Object.freeze({ q: null, items: [], next: null, lanes: 0, segments: 0 });

/** startSearch(root, {source, state, timeline, lanes()}): makes the field in `root`. Answers {focus()}. */
export function startSearch(root, { source, state, timeline, lanes }) {
  const list = h("ul", { class: "hits", id: "search-hits", role: "listbox", "aria-label": "What was found" });
  const note = h("p", { class: "hitnote", id: "search-note" });
  const popup = h("div", { class: "hitbox", hidden: true }, list, note);
  const field = h("input", { type: "search", id: "search-field", placeholder: "Search  /", autocomplete: "off", spellcheck: "false", maxlength: 200, role: "combobox", "aria-label": "Search lanes and segments", "aria-expanded": "false", "aria-controls": "search-hits", "aria-autocomplete": "list", "aria-describedby": "search-note" });
  const place = h("span", { class: "place", role: "status", "aria-live": "polite" });
  const previous = h("button", { class: "button tiny quiet", type: "button", "aria-label": "Previous result", title: "Previous result (Shift + Enter)", on: { click: () => move(-1) } }, "▲");
  const next = h("button", { class: "button tiny quiet", type: "button", "aria-label": "Next result", title: "Next result (Enter)", on: { click: () => move(1) } }, "▼");
  const tools = h("span", { class: "hittools", hidden: true }, place, previous, next);
  root.replaceChildren(h("div", { class: "searchfield" }, field, tools), popup);

  /** What was found for the query `q`, null for none; `at` is the active hit, -1 before the first. */
  let found = NOTHING;
  let at = -1;
  /** Whether the active hit was reached with the arrows and has not been gone to. */
  let picked = false;
  /** What to do as soon as it is known what was found. */
  let then = null;
  let pause = null;
  let nothing = "";
  /** While a hit is gone to, its lane may come out of the filter: that is not the reader's letting go of the search. */
  let going = false;

  const asking = latest({
    run: ({ q, ...query }, options) => source.search({ q: withStates(q), ...query }, options),
    done: (told, query) => query.q === wanted() && receive(told, query),
    failed: fail,
  });
  const wanted = () => field.value.trim();

  function receive(told, { q, after }) {
    if (!after) reset();
    found = { q, items: [...found.items, ...told.items], next: told.next_cursor, lanes: told.lanes_found, segments: told.segments_found };
    const { text, state: name, least_ns: least, most_ns: most } = told.query;
    const plain = text && !name && least === null && most === null;
    nothing = plain ? `Nothing is called that here. ${HINT}` : "Nothing in this run is like that.";
    if (!after) state.change({ find: plain && told.lanes_found > 0 ? q : "" });
    field.setAttribute("aria-invalid", "false");
    draw();
    const go = then;
    then = null;
    go?.();
  }

  function fail(problem) {
    reset();
    then = null;
    put(list);
    field.setAttribute("aria-invalid", String(problem.status === 422));
    tell(problem.fields?.get("q") ?? problem.message, "bad");
  }

  function reset() {
    found = NOTHING;
    at = -1;
    picked = false;
    tools.hidden = true;
    field.setAttribute("aria-invalid", "false");
  }

  function ask() {
    clearTimeout(pause);
    if (!wanted()) return;
    if (!found.items.length) tell("Searching …");
    asking.ask({ q: wanted(), after: null, limit: PAGE }, { urgent: true });
  }

  function more() {
    if (found.next !== null && !asking.busy) asking.ask({ q: found.q, after: found.next, limit: PAGE });
  }

  function draw() {
    drawHits(list, found.items, found.q, lanes());
    tell(sumsText(found.lanes, found.segments) ?? nothing);
    tools.hidden = !found.items.length;
    mark();
  }

  function tell(text, kind = "") {
    note.textContent = text;
    note.dataset.kind = kind;
  }

  function mark() {
    place.textContent = found.items.length ? `${at < 0 ? "" : `${count(at + 1)} of `}${count(found.lanes + found.segments)}` : "";
    for (const element of list.children) element.setAttribute("aria-selected", String(Number(element.dataset.at) === at));
    const active = list.children[at];
    if (active && !popup.hidden) {
      field.setAttribute("aria-activedescendant", active.id);
      active.scrollIntoView({ block: "nearest" });
    } else field.removeAttribute("aria-activedescendant");
  }

  function open(on) {
    popup.hidden = !on;
    field.setAttribute("aria-expanded", String(on));
    if (on && !wanted()) {
      put(list);
      tell(HINT);
    }
    mark();
  }

  /** Does it now, if what is listed is what the field says, else when it is. */
  function whenKnown(act) {
    if (found.q === wanted()) return act();
    const before = then;
    then = before ? () => (before(), act()) : act;
    return before ? undefined : ask();
  }

  /** To the next hit (1) or the one before (-1); to the active one, if the arrows have only just reached it. */
  function move(by) {
    whenKnown(() => {
      const to = picked ? at : at + by;
      if (to >= found.items.length && found.next !== null) {
        then = () => move(by);
        more();
      } else if (found.items.length) go((to + found.items.length) % found.items.length);
    });
  }

  /** The active hit changes, and nothing is gone to yet. */
  function pick(by) {
    whenKnown(() => {
      if (!found.items.length) return;
      at = Math.max(0, Math.min(found.items.length - 1, at + by));
      picked = true;
      mark();
      if (at > found.items.length - 5) more();
    });
  }

  function go(to) {
    at = to;
    picked = false;
    mark();
    const { lane, start_ns: start, end_ns: end } = found.items[to];
    if (start !== null) state.change({ window: about({ t0: start, t1: end }, timeline.window()), chosen: { lane, t: start } });
    else if (livesElsewhere(lane)) state.change({ window: null });
    going = true;
    timeline.reveal(lane);
    going = false;
  }

  function livesElsewhere(id) {
    const { window } = state.now;
    const lane = lanes().find((one) => one.id === id);
    return window && lane && (lane.start_ns >= window.t1 || (lane.end_ns !== null && lane.end_ns <= window.t0));
  }

  function type() {
    clearTimeout(pause);
    then = null;
    open(true);
    if (wanted()) pause = setTimeout(ask, PAUSE_MS);
    else {
      reset();
      state.change({ find: "" });
    }
  }

  /** First the list goes, then what was searched for. */
  function leave() {
    if (!popup.hidden && field.value) return open(false);
    field.value = "";
    type();
    open(false);
    return field.blur();
  }

  const keys = {
    Enter(event) {
      move(event.shiftKey ? -1 : 1);
      open(false);
    },
    ArrowDown() {
      open(true);
      pick(1);
    },
    ArrowUp() {
      open(true);
      pick(-1);
    },
    Escape: leave,
  };
  field.addEventListener("input", type);
  field.addEventListener("focus", () => open(true));
  field.addEventListener("keydown", (event) => {
    if (event.isComposing || !keys[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key](event);
  });
  // The field keeps the focus, or the list would go before it hears of the press.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const element = event.target.closest("[data-at]");
    if (!element) return;
    go(Number(element.dataset.at));
    open(false);
  });
  list.addEventListener("scroll", () => list.scrollTop + list.clientHeight > list.scrollHeight - 200 && more());
  root.addEventListener("focusout", (event) => root.contains(event.relatedTarget) || open(false));

  state.on((now, before) => {
    if (now.find === before.find || going) return;
    // Somebody else has changed the filter, or let go of it: the field says what it is.
    if (now.find !== wanted() && (now.find || wanted() === before.find)) {
      field.value = now.find;
      reset();
    }
  });
  field.value = state.now.find;
  ask();

  return {
    focus() {
      root.scrollIntoView({ block: "nearest" });
      field.focus();
      field.select();
    },
  };
}

/** The query with states by their names where it has them as the legend says them: "waiting for the GIL > 5ms". Not in quotation marks. */
function withStates(q) {
  const outside = (text) => STATES.reduce((said, { name, label }) => said.replace(new RegExp(`(^|\\s)${label}(?=\\s|[<>]|$)`, "gi"), `$1${name}`), text);
  return q.split('"').map((part, i) => (i % 2 ? part : outside(part))).join('"');
}

/** Where to look at a segment from: about its middle, no wider than now, and so that it is neither a hair nor the whole of the picture. */
function about({ t0, t1 }, now) {
  const [length, wide] = [Math.max(1, t1 - t0), now.t1 - now.t0];
  const width = length > wide * 0.6 ? length * 2.5 : length < wide * 0.01 ? length * 20 : wide;
  const start = Math.max(0, (t0 + t1) / 2 - width / 2);
  return { t0: Math.round(start), t1: Math.round(start + width) };
}
