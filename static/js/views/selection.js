// What a selection adds up to: a window of time on some lanes or on all, below the timeline.
//
//     Selection   from 0.52 s to 1.02 s, 500 ms, on 4 lanes           [Zoom to it] [CSV] [Clear]
//     cores used 0.99 · most at once 1 · GIL hand-offs 98 · segments 402 · longest wait 15 ms …
//     worker-1  ▇▇░░░░░░   running 125 ms   waiting for the GIL 374 ms

import { latest } from "../data/latest.js";
import { namesOf } from "../figures/lane-names.js";
import { h } from "../lib/dom.js";
import { paced } from "../lib/paced.js";
import { stateLabel } from "../lib/states.js";
import { count, duration, percent, ratio } from "../lib/units.js";
import { spanText } from "./span-text.js";
import { inOrder, stateGlyph } from "./state-mark.js";
import { putSteady } from "./steady.js";

const SHOWN = 16;
/** An address names no more lanes. */
const MOST_NAMED = 200;
/** While a run goes on: the sums cost the machine that it runs on something, too. */
const LIVE_MS = 1500;
/** So much of the panel is seen at the bottom of the window while its place is below that: the heading, and the sums. */
const PEEK_PX = 108;

/**
 * startSelection(root, {source, state, timeline, lanes(), button}): shows `state.selection` in `root`, which is hidden while there is none;
 * `button` selects what is on screen. Answers {refresh(), renamed()}: the trace has grown; its lanes are known, or are others.
 */
export function startSelection(root, { source, state, timeline, lanes, button }) {
  if (!source.selection) return { refresh() {}, renamed() {} };
  const said = h("p", { class: "visually-hidden", role: "status", "aria-live": "polite" });
  const body = h("div", { class: "panelbody" });
  root.replaceChildren(said, body);
  new ResizeObserver(() => root.style.setProperty("bottom", `${Math.min(0, PEEK_PX - root.offsetHeight)}px`)).observe(root);

  let nameOf = namesOf([]);
  /** What was told last; of an older selection while `body` is stale. */
  let last = null;

  const asking = latest({
    run: (query, options) => source.selection(query, options),
    done: (told, query) => state.now.selection && matches(query, state.now.selection) && show(told),
    failed: (problem) => state.now.selection && complain(problem),
    everyMs: 250,
  });

  function complain(problem) {
    last = null;
    body.dataset.stale = "no";
    const what = problem.fields?.has("lanes") ? "The selection names lanes that this run does not have. Clear it, and select again." : problem.message;
    putSteady(body, heading(null), h("p", { class: "notice", data: { kind: "bad" } }, what));
  }

  function show(told) {
    last = told;
    body.dataset.stale = "no";
    draw(told);
    said.textContent = told.lanes ? summary(told) : "Nothing was recorded in the selection.";
  }

  function draw(told) {
    nameOf = namesOf(lanes());
    const work = told.items.filter((item) => item.work);
    const every = Boolean(state.now.selection.lanes) || !work.length;
    // A process is there, and no more can be said of it.
    const rows = (every ? told.items.filter((item) => item.kind !== "process") : work).slice(0, SHOWN);
    const inAll = every ? told.lanes - told.items.filter((item) => item.kind === "process").length : told.work_lanes;
    putSteady(body, heading(told), figures(told), rows.length ? table(rows, told, inAll) : h("p", { class: "muted" }, "Nothing was recorded here."));
  }

  function heading(told) {
    const { t0, t1, lanes: chosen } = state.now.selection;
    return h(
      "header",
      {},
      h("h3", {}, "Selection"),
      h("p", {}, `${spanText(t0, t1)}, ${duration(t1 - t0)} long, on ${chosen ? lanesText(chosen.length) : "all lanes"}`),
      h(
        "div",
        { class: "paneltools" },
        h("button", { class: "button tiny", type: "button", data: { key: "zoom" }, on: { click: () => state.change({ window: { t0, t1 } }) } }, "Zoom to it"),
        told && source.selectionFile ? h("a", { class: "button tiny", href: source.selectionFile(queryOf(state.now.selection)), download: "", title: "These numbers, of every lane, as a table", data: { key: "csv" } }, "CSV") : null,
        h("button", { class: "button tiny", type: "button", title: "Clear the selection (Esc)", data: { key: "clear" }, on: { click: clear } }, "Clear"),
      ),
    );
  }

  function clear() {
    state.change({ selection: null });
    button.focus();
  }

  function figures(told) {
    const wait = told.longest_wait;
    return h(
      "dl",
      { class: "sums" },
      sum("Cores used", ratio(told.parallelism), "how many of these lanes were on a core at the same time, on average"),
      sum("Most at once", count(told.max_parallelism), "the most of them on cores together for at least 1 ms"),
      sum("GIL hand-offs", count(told.handoffs), "how often one of them got the GIL from another thread, as far as it was seen"),
      sum("Segments", count(told.segments), "how many segments lie in the selection, at least in part"),
      h(
        "div",
        { title: "the longest time that one of them waited" },
        h("dt", {}, "Longest wait"),
        h("dd", {}, wait ? h("button", { class: "linklike", type: "button", data: { key: "wait" }, on: { click: () => choose(wait) } }, `${duration(wait.ns)} ${stateLabel(wait.state)}`) : "none", wait ? h("span", { class: "aside" }, ` ${nameOf(wait.lane).name}`) : null),
      ),
    );
  }

  function choose({ lane, start_ns: start }) {
    state.change({ chosen: { lane, t: start } });
    timeline.reveal(lane);
  }

  function table(rows, told, inAll) {
    const states = inOrder(Object.keys(Object.assign({}, ...rows.map((row) => row.states))));
    const longest = Math.max(...rows.map((row) => total(row.states)), 1);
    const cells = (spent) => states.map((name) => h("td", {}, spent[name] ? duration(spent[name]) : "–"));
    return h(
      "div",
      { class: "tablescroll", tabindex: "0", role: "region", "aria-label": "Time per lane and state in the selection" },
      h(
        "table",
        { class: "numbers" },
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "lane"), h("td", { class: "barcell", "aria-hidden": "true" }), states.map((name) => h("th", { scope: "col" }, h("span", { class: "statemark" }, stateGlyph(name), stateLabel(name)))), h("th", { scope: "col" }, "longest wait"))),
        h(
          "tbody",
          {},
          rows.map((row) => h("tr", {}, h("th", { scope: "row", title: nameOf(row.lane).full }, nameOf(row.lane).name), h("td", { class: "barcell", "aria-hidden": "true" }, bar(row.states, longest)), cells(row.states), h("td", {}, row.longest_wait ? duration(row.longest_wait.ns) : "–"))),
        ),
        rows.length > 1 && Object.keys(told.states).length ? h("tfoot", {}, h("tr", {}, h("th", { scope: "row" }, "together"), h("td", { class: "barcell", "aria-hidden": "true" }), cells(told.states), h("td", {}, told.longest_wait ? duration(told.longest_wait.ns) : "–"))) : null,
      ),
      inAll > rows.length ? h("p", { class: "muted small" }, `and ${lanesText(inAll - rows.length, "more ")}, all of them in the CSV`) : null,
    );
  }

  function summary(told) {
    const wait = told.longest_wait ? `; the longest wait ${duration(told.longest_wait.ns)}, ${stateLabel(told.longest_wait.state)}` : "";
    return `Selected ${duration(told.span_ns)} on ${lanesText(told.lanes)}: ${ratio(told.parallelism)} cores used${wait}.`;
  }

  function follow(now, before) {
    if (now.selection === before?.selection) return;
    root.hidden = !now.selection;
    button.setAttribute("aria-pressed", String(Boolean(now.selection)));
    if (!now.selection) {
      last = null;
      body.replaceChildren();
      said.textContent = "";
      return;
    }
    body.dataset.stale = "yes";
    if (last) draw(last);
    else putSteady(body, heading(null));
    // While one draws, the selection changes all the time: what is asked for each of them would be a burden, so nothing is urgent.
    asking.ask(queryOf(now.selection));
  }

  button.addEventListener("click", () => {
    if (state.now.selection) return state.change({ selection: null });
    const { t0, t1 } = timeline.window();
    const shown = state.now.find ? timeline.laid().rows.filter((row) => row.lane).map((row) => row.lane.id) : null;
    state.change({ selection: { t0: Math.round(t0), t1: Math.round(t1), lanes: shown?.length && shown.length <= MOST_NAMED ? shown : null } });
  });
  state.on(follow);
  follow(state.now);
  return {
    renamed: () => state.now.selection && last && draw(last),
    refresh: paced(() => state.now.selection && asking.ask(queryOf(state.now.selection)), LIVE_MS),
  };
}

function bar(states, longest) {
  const parts = inOrder(Object.keys(states)).filter(stateGlyph).map((state) => h("span", { class: "part", style: { width: `${(100 * states[state]) / longest}%` }, title: `${stateLabel(state)}: ${duration(states[state])}, ${percent(states[state] / total(states))}` }, h("span", { class: "fill", data: { state } })));
  return h("span", { class: "stack" }, parts);
}

function sum(name, value, says) {
  return h("div", { title: says }, h("dt", {}, name), h("dd", {}, value));
}

function total(states) {
  return Object.values(states).reduce((all, ns) => all + ns, 0);
}

function lanesText(number, more = "") {
  return `${count(number)} ${more}${number === 1 ? "lane" : "lanes"}`;
}

function queryOf({ t0, t1, lanes }) {
  return { t0: Math.round(t0), t1: Math.round(t1), lanes: lanes?.join(",") ?? null, limit: 100 };
}

function matches(query, selection) {
  return JSON.stringify(query) === JSON.stringify(queryOf(selection));
}
