// Search: one field that filters the lanes while one types, and lists what was found; the keys go from hit to hit.
//
//     [ /  gil_wait > 5ms     3 of 412 ▲ ▼ × ]
//     │ lanes      worker-1
//     │ segments   ▨ 15.0 ms  waiting for the GIL   worker-1   at 37.0 ms
//     │ 412 segments, the longest first
//
// Plain text that names lanes is also the timeline's filter (`state.find`). Going to a hit shows its lane again, whatever was filtered.

import { latest } from "../data/latest.js";
import { namesOf } from "../figures/lane-names.js";
import { h, put } from "../lib/dom.js";
import { stateLabel } from "../lib/states.js";
import { count, duration, instant } from "../lib/units.js";
import { detailText } from "../lib/words.js";
import { stateGlyph } from "./state-mark.js";

const PAGE = 50;
const HINT = "A lane, a task, a function, a lock, a file: or a state and a duration, such as gil_wait > 5ms.";

/** startSearch(root, {source, state, timeline, lanes()}): makes the field in `root`. Answers {focus()}. */
export function startSearch(root, { source, state, timeline, lanes }) {
  const list = h("ul", { class: "hits", id: "search-hits", role: "listbox", "aria-label": "What was found" });
  const note = h("p", { class: "hitnote", id: "search-note" });
  const popup = h("div", { class: "hitbox", hidden: true }, list, note);
  const field = h("input", { type: "search", id: "search-field", placeholder: "Search  /", autocomplete: "off", spellcheck: "false", maxlength: 200, role: "combobox", "aria-label": "Search lanes and segments", "aria-expanded": "false", "aria-controls": "search-hits", "aria-autocomplete": "list", "aria-describedby": "search-note" });
  const place = h("span", { class: "place", role: "status", "aria-live": "polite" });
  const previous = h("button", { class: "button tiny quiet", type: "button", "aria-label": "Previous result", title: "Previous result (Shift + Enter)", on: { click: () => go(-1) } }, "▲");
  const next = h("button", { class: "button tiny quiet", type: "button", "aria-label": "Next result", title: "Next result (Enter)", on: { click: () => go(1) } }, "▼");
  const tools = h("span", { class: "hittools", hidden: true }, place, previous, next);
  root.replaceChildren(h("div", { class: "searchfield" }, field, tools), popup);

  /** The query that `items` answer; null: none. `at`: the active one of them, -1 before the first. */
  let found = { q: null, items: [], next: null, lanes: 0, segments: 0 };
  let at = -1;
  /** Where to go as soon as it is known what was found. */
  let eager = 0;
  /** Whether the active hit was reached with the arrows and has not been gone to. */
  let pending = false;
  /** While a hit is gone to, its lane may come out of the filter: that is not the reader's letting go of the search. */
  let going = false;

  const asking = latest({
    run: (query, options) => source.search(query, options),
    done: (told, query) => (query.q === field.value.trim() ? receive(told, query) : undefined),
    failed: fail,
    everyMs: 150,
  });

  function receive(told, { q, after }) {
    const items = after ? [...found.items, ...told.items] : told.items;
    if (!after) {
      at = -1;
      pending = false;
    }
    found = { q, items, next: told.next_cursor, lanes: told.lanes_found, segments: told.segments_found };
    const plain = told.query.text && !told.query.state && told.query.least_ns === null && told.query.most_ns === null;
    if (!after) state.change({ find: plain && told.lanes_found > 0 ? q : "" });
    field.setAttribute("aria-invalid", "false");
    draw();
    if (eager) {
      const by = eager;
      eager = 0;
      go(by);
    }
  }

  function fail(problem) {
    forget();
    eager = 0;
    field.setAttribute("aria-invalid", String(problem.status === 422));
    put(list);
    note.textContent = problem.fields?.get("q") ?? problem.message;
    note.dataset.kind = "bad";
  }

  function draw() {
    const nameOf = namesOf(lanes());
    put(list, found.items.map((item, i) => hit(item, i, nameOf)));
    const sums = [found.lanes ? number(found.lanes, "lane") : null, found.segments ? `${number(found.segments, "segment")}${found.segments > 1 ? ", the longest first" : ""}` : null].filter(Boolean);
    note.textContent = sums.join(" · ") || `Nothing is called that here. ${HINT}`;
    note.dataset.kind = "";
    tools.hidden = !found.items.length;
    place.textContent = found.items.length ? `${at < 0 ? "" : `${count(at + 1)} of `}${count(found.lanes + found.segments)}` : "";
    mark();
  }

  function hit({ lane, start_ns: start, end_ns: end, state: name, detail }, i, nameOf) {
    const { name: who, full, kind } = nameOf(lane);
    const said =
      start === null
        ? [h("span", { class: "kind" }, KINDS[kind] ?? "lane"), h("span", { class: "what" }, marked(who, found.q))]
        : [stateGlyph(name) ?? h("span", { class: "glyph" }), h("span", { class: "time" }, duration(end - start)), h("span", { class: "what" }, stateLabel(name), detail ? h("span", { class: "aside" }, ` ${detailText(detail)}`) : null), h("span", { class: "where" }, `${who}, ${instant(start, (end - start) / 10)}`)];
    return h("li", { id: `search-hit-${i}`, role: "option", "aria-selected": "false", title: full, data: { at: i, kind: start === null ? "lane" : "segment" } }, said);
  }

  function mark() {
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
    if (on && !field.value.trim()) {
      put(list);
      note.dataset.kind = "";
      note.textContent = HINT;
    }
    mark();
  }

  /** To the next hit (1), the one before (-1), or the one at a place. */
  function go(by, to = at + by) {
    pending = false;
    if (found.q !== field.value.trim()) {
      eager = by;
      return ask(true);
    }
    if (to >= found.items.length && found.next !== null) {
      eager = by;
      return asking.ask({ q: found.q, after: found.next, limit: PAGE }, { urgent: true });
    }
    if (!found.items.length) return undefined;
    at = (to + found.items.length) % found.items.length;
    draw();
    return jump(found.items[at]);
  }

  function jump({ lane, start_ns: start, end_ns: end }) {
    const { window } = state.now;
    if (start === null) {
      const life = lanes().find(({ id }) => id === lane);
      const outside = window && life && (life.start_ns >= window.t1 || (life.end_ns !== null && life.end_ns <= window.t0));
      if (outside) state.change({ window: null });
    } else {
      state.change({ window: about({ t0: start, t1: end }, timeline.window()), chosen: { lane, t: start } });
    }
    going = true;
    timeline.reveal(lane);
    going = false;
  }

  function forget() {
    found = { q: null, items: [], next: null, lanes: 0, segments: 0 };
    at = -1;
    pending = false;
    tools.hidden = true;
    field.setAttribute("aria-invalid", "false");
  }

  function type() {
    const q = field.value.trim();
    eager = 0;
    open(true);
    if (q) return ask(false);
    forget();
    return state.change({ find: "" });
  }

  function ask(urgent) {
    const q = field.value.trim();
    if (q) asking.ask({ q, after: null, limit: PAGE }, { urgent });
  }

  field.addEventListener("input", type);
  field.addEventListener("focus", () => open(true));
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter") {
      if (pending) go(0, at);
      else go(event.shiftKey ? -1 : 1);
      open(false);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      open(true);
      step(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Escape") leave();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const element = event.target.closest("[data-at]");
    if (!element) return;
    go(0, Number(element.dataset.at));
    open(false);
  });
  list.addEventListener("scroll", () => {
    if (found.next !== null && list.scrollTop + list.clientHeight > list.scrollHeight - 200 && !asking.busy) asking.ask({ q: found.q, after: found.next, limit: PAGE });
  });
  root.addEventListener("focusout", (event) => root.contains(event.relatedTarget) || open(false));

  /** The active hit changes, and nothing is gone to yet. */
  function step(by) {
    if (!found.items.length) return;
    pending = true;
    at = Math.max(0, Math.min(found.items.length - 1, at + by));
    mark();
    if (at > found.items.length - 5 && found.next !== null && !asking.busy) asking.ask({ q: found.q, after: found.next, limit: PAGE });
  }

  /** First the list goes, then what was searched for. */
  function leave() {
    if (!popup.hidden && field.value) return open(false);
    field.value = "";
    type();
    open(false);
    return field.blur();
  }

  function focus() {
    root.scrollIntoView({ block: "nearest" });
    field.focus();
    field.select();
  }

  state.on((now, before) => {
    if (now.find === before.find || going) return;
    // Somebody else has changed the filter, or let go of it: the field says what it is.
    if (now.find !== field.value.trim() && (now.find || field.value.trim() === before.find)) {
      field.value = now.find;
      if (!now.find) forget();
    }
  });
  if (state.now.find) {
    field.value = state.now.find;
    ask(false);
  }
  return { focus };
}

const KINDS = { process: "process", interpreter: "GIL", thread: "thread", task: "task", cpu: "core" };

/** Where to look at a segment from: about its middle, no wider than now, and so that it is neither a hair nor the whole of the picture. */
function about({ t0, t1 }, now) {
  const [length, wide] = [Math.max(1, t1 - t0), now.t1 - now.t0];
  const width = length > wide * 0.6 ? length * 2.5 : length < wide * 0.01 ? length * 20 : wide;
  const start = Math.max(0, (t0 + t1) / 2 - width / 2);
  return { t0: Math.round(start), t1: Math.round(start + width) };
}

/** The name with the part that was looked for set off. */
function marked(name, q) {
  const from = name.toLowerCase().indexOf(q.toLowerCase());
  return from < 0 ? name : [name.slice(0, from), h("mark", {}, name.slice(from, from + q.length)), name.slice(from + q.length)];
}

function number(many, noun) {
  return `${count(many)} ${noun}${many === 1 ? "" : "s"}`;
}
