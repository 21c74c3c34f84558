// The text equivalent of the picture: per lane how long it was in each state, in the window that is shown; and a lane segment by segment.
//
//     Lanes from 0 s to 2.03 s                          1–100 of 10 006  [Previous] [Next]
//     lane ▾     running   waiting for the GIL   …   segments   longest wait
//     worker-1    499 ms         1.50 s                   301        15.0 ms      a press on a name shows its segments

import { latest } from "../data/latest.js";
import { namesOf } from "../figures/lane-names.js";
import { h } from "../lib/dom.js";
import { paced } from "../lib/paced.js";
import { stateLabel } from "../lib/states.js";
import { count, duration } from "../lib/units.js";
import { moveByKeys, pager } from "./pager.js";
import { spanText } from "./span-text.js";
import { ALIVE, inOrder, stateGlyph } from "./state-mark.js";
import { putSteady } from "./steady.js";
import { segmentsTable } from "./table-segments.js";

const PAGE = 100;
/** While a run goes on: the sums cost the machine that it runs on something, too. */
const LIVE_MS = 1500;

/**
 * startTable(root, {source, state, timeline, lanes(), button}): shows the table in `root` while `state.table`; `button` shows and hides it.
 * Answers {refresh(), renamed()}: the trace has grown; its lanes are known, or are others.
 */
export function startTable(root, { source, state, timeline, lanes, button }) {
  if (!source.selection) return { refresh() {}, renamed() {} };
  const body = h("div", { class: "body" });
  root.replaceChildren(body);
  let sort = "work";
  let first = 0;
  /** The lane that is shown segment by segment; null: all lanes are shown. */
  let one = null;
  /** The key of what has the focus as soon as the lanes are shown again. */
  let landing = null;
  /** What was told last of all lanes. */
  let last = null;

  const asking = latest({
    run: (query, options) => source.selection(query, options),
    done: (told) => state.now.table && one === null && show(told),
    failed: (problem) => state.now.table && one === null && complain(problem),
    everyMs: 300,
  });
  const detail = segmentsTable({ source, state, timeline, lanes, show: (...content) => putSteady(body, ...content), onBack: back, windowOf });

  function windowOf() {
    return state.now.window ? { t0: Math.round(state.now.window.t0), t1: Math.round(state.now.window.t1) } : { t0: null, t1: null };
  }

  function ask(urgent = false) {
    if (!state.now.table) return;
    if (one !== null) detail.refresh(urgent);
    else asking.ask({ ...windowOf(), find: state.now.find, sort, after: first || null, limit: PAGE }, { urgent });
  }

  function complain(problem) {
    putSteady(body, h("header", {}, h("h2", {}, "Lanes")), h("p", { class: "notice", data: { kind: "bad" } }, problem.message));
  }

  function show(told) {
    if (first && !told.items.length) {
      first = 0;
      return ask();
    }
    last = told;
    return draw(told);
  }

  function draw(told) {
    const nameOf = namesOf(lanes());
    const states = inOrder(told.states_found);
    const processes = told.items.some(({ kind, states: spent }) => kind === "process" && spent.running);
    const title = `Lanes ${spanText(told.t0_ns, told.t1_ns)}`;
    putSteady(
      body,
      h(
        "header",
        {},
        h("h2", {}, title),
        h("p", {}, state.now.find ? `whose names hold “${state.now.find}”` : state.now.window ? "in the window that is shown above" : "of the whole run"),
        pager({ from: first, shown: told.items.length, all: told.items_in_all, noun: "lane", onMove: turn, next: told.next_cursor !== null }),
      ),
      told.items.length
        ? h(
            "div",
            { class: "tablescroll" },
            h(
              "table",
              { class: "numbers" },
              h("caption", { class: "visually-hidden" }, `${title}: how long each was in each state. The headings sort, the names show a lane segment by segment.`),
              h("thead", {}, h("tr", {}, heading("name", "lane"), states.map((name) => heading(name, stateLabel(name), stateGlyph(name))), processes ? h("th", { scope: "col", title: "how long a process was there" }, ALIVE) : null, heading("segments", "segments"), heading("longest_wait", "longest wait"))),
              h("tbody", { on: { keydown: moveByKeys } }, told.items.map((item) => row(item, states, processes, nameOf(item.lane)))),
            ),
          )
        : h("p", { class: "muted" }, state.now.find ? "No lane of this window is called that." : "Nothing was recorded in this window."),
    );
    if (landing) body.querySelector(`[data-key="${landing}"]`)?.focus({ preventScroll: true });
    landing = null;
  }

  function row({ lane, name: asked, work, states: told, segments, longest_wait: wait }, states, processes, { name, full, kind }) {
    // A process that is `running` is there; whether anybody in it runs is told of its threads.
    const { running: alive, ...others } = told;
    const spent = kind === "process" ? others : told;
    const whole = Object.values(spent).reduce((all, ns) => all + ns, 0);
    const press = h("button", { class: "linklike", type: "button", title: `${full}: show it segment by segment`, data: { key: `lane-${lane}` }, on: { click: () => enter(lane) } }, kind === "interpreter" ? asked : name);
    return h(
      "tr",
      { "aria-current": state.now.chosen?.lane === lane ? "true" : null, class: work ? "works" : null },
      h("th", { scope: "row" }, press, h("span", { class: "aside" }, KINDS[kind] ?? "")),
      states.map((state) => h("td", spent[state] ? { style: { "--part": (spent[state] / whole).toFixed(3) }, class: "amount", data: { state } } : { class: "none" }, spent[state] ? duration(spent[state]) : "–")),
      processes ? h("td", kind === "process" ? {} : { class: "none" }, kind === "process" && alive ? duration(alive) : "–") : null,
      h("td", {}, count(segments)),
      h("td", {}, wait ? duration(wait.ns) : "–"),
    );
  }

  /** Numbers are sorted with the largest first to begin with, names from A on; a third press is as if nobody had pressed. */
  function heading(key, label, glyph = null) {
    const [down, up] = key === "name" ? [null, "name"] : [`-${key}`, key];
    const order = sort === up ? "ascending" : sort === (down ?? "-name") ? "descending" : null;
    const following = key === "name" ? { work: "name", name: "-name", "-name": "work" }[sort] ?? "name" : { [down]: up, [up]: "work" }[sort] ?? down;
    const arrow = order === "ascending" ? "▲" : order === "descending" ? "▼" : "";
    return h(
      "th",
      { scope: "col", "aria-sort": order },
      h("button", { class: "sorter", type: "button", data: { key: `sort-${key}` }, on: { click: () => sortBy(following) } }, glyph, label, h("span", { class: "order", "aria-hidden": "true" }, arrow)),
    );
  }

  function sortBy(key) {
    sort = key;
    first = 0;
    ask(true);
  }

  function turn(by) {
    first = Math.max(0, first + by * PAGE);
    ask(true);
  }

  function enter(lane) {
    one = lane;
    timeline.reveal(lane);
    detail.open(lane);
  }

  function back() {
    const from = one;
    one = null;
    detail.close();
    landing = `lane-${from}`;
    ask(true);
  }

  state.on((now, before) => {
    if (now.table !== before.table) toggle(true);
    else if (now.find !== before.find || now.window !== before.window) {
      if (now.find !== before.find) first = 0;
      ask();
    } else if (now.chosen !== before.chosen && one !== null) detail.mark();
  });

  function toggle(moved) {
    root.hidden = !state.now.table;
    button.setAttribute("aria-pressed", String(state.now.table));
    if (!state.now.table) return;
    if (!body.childElementCount) putSteady(body, h("p", { class: "muted" }, "Adding up …"));
    ask(true);
    if (moved) root.scrollIntoView({ block: "nearest" });
  }

  button.addEventListener("click", () => state.change({ table: !state.now.table }));
  toggle(false);
  return { refresh: paced(() => ask(), LIVE_MS), renamed: () => (one === null ? last && state.now.table && draw(last) : detail.mark()) };
}

const KINDS = { process: "process", thread: "thread", task: "task", cpu: "core" };
