// One lane as a table: its segments in the order of time, each a row that chooses it.
//
//     [‹ All lanes]  worker-1, from 0 s to 2.03 s      state [any ▾]      1–100 of 301  [Previous] [Next]
//     start       duration    state                    detail       on account of
//     37.0 ms      15.0 ms    ▨ waiting for the GIL                 GIL held by worker-2

import { latest } from "../data/latest.js";
import { namesOf } from "../figures/lane-names.js";
import { h } from "../lib/dom.js";
import { STATES, stateLabel } from "../lib/states.js";
import { duration, instant } from "../lib/units.js";
import { accountOf, detailText } from "../lib/words.js";
import { moveByKeys, pager } from "./pager.js";
import { spanText } from "./span-text.js";
import { ALIVE, stateMark } from "./state-mark.js";

const PAGE = 100;
const SHOWN_HOLDERS = 3;
const OF_KIND = { interpreter: ["held", "free", "unknown"], cpu: ["busy", "idle", "unknown"], process: ["starting", "running", "exited", "crashed", "unknown"] };

/**
 * segmentsTable({source, state, timeline, lanes(), show(...content), onBack(), windowOf()}): shows its content by `show`.
 * Answers {open(lane), refresh(urgent), mark(), close()}; `mark` says that another segment was chosen.
 */
export function segmentsTable({ source, state, timeline, lanes, show, onBack, windowOf }) {
  let lane = null;
  let only = "";
  /** Cursors of the pages before this one, and of this one; null is the first. */
  let pages = [null];
  let last = null;

  const asking = latest({
    run: (query, options) => source.segments(query, options),
    done(told, query) {
      if (query.lane !== lane) return;
      if (!told.items.length && pages.length > 1) {
        pages = [null];
        refresh(true);
        return;
      }
      last = told;
      draw();
    },
    failed: (problem) => lane !== null && show(header(), h("p", { class: "notice", data: { kind: "bad" } }, problem.message)),
    everyMs: 300,
  });

  function refresh(urgent = false) {
    asking.ask({ lane, ...windowOf(), state: only || null, after: pages.at(-1), limit: PAGE }, { urgent });
  }

  function header(told = null) {
    const { name, full, kind } = namesOf(lanes())(lane);
    const choices = OF_KIND[kind] ?? STATES.map((one) => one.name);
    return h(
      "header",
      {},
      h("button", { class: "button tiny", type: "button", data: { key: "back" }, on: { click: onBack } }, "‹ All lanes"),
      h("h2", { title: full }, name),
      told ? h("p", {}, `segment by segment, ${spanText(told.t0_ns, told.t1_ns)}`) : null,
      h(
        "label",
        { class: "only" },
        h("span", { "aria-hidden": "true" }, "State"),
        h("select", { "aria-label": "Only segments that are", data: { key: "only" }, on: { change: (event) => filter(event.target.value) } }, h("option", { value: "", selected: !only }, "any"), choices.map((one) => h("option", { value: one, selected: only === one }, kind === "process" && one === "running" ? ALIVE : stateLabel(one)))),
      ),
      told ? pager({ from: told.before, shown: told.items.length, all: told.total, noun: "segment", next: told.next_cursor !== null, onMove: turn }) : null,
    );
  }

  function draw() {
    const nameOf = namesOf(lanes());
    const fine = last.items.length ? Math.min(...last.items.map((item) => item.end_ns - item.start_ns)) : 1;
    show(
      header(last),
      last.items.length
        ? h(
            "div",
            { class: "tablescroll" },
            h(
              "table",
              { class: "segments" },
              h("caption", { class: "visually-hidden" }, `Segments of ${nameOf(lane).name} in the order of time. A press on a start chooses the segment and shows it in the timeline.`),
              h("thead", {}, h("tr", {}, ["start", "duration", "state", "detail", "on account of"].map((name) => h("th", { scope: "col" }, name)))),
              h("tbody", { on: { keydown: moveByKeys } }, last.items.map((item) => row(item, fine, nameOf))),
            ),
          )
        : h("p", { class: "muted" }, only ? `It was never ${stateLabel(only)} in this window.` : "Nothing was recorded of it in this window."),
    );
  }

  function row(item, fine, nameOf) {
    const { start_ns: start, end_ns: end, state: name, detail, open } = item;
    return h(
      "tr",
      { "aria-current": isChosen(item) ? "true" : null },
      h("th", { scope: "row" }, h("button", { class: "linklike", type: "button", data: { key: `at-${start}` }, on: { click: () => choose(item) } }, instant(start, fine))),
      h("td", {}, duration(end - start), open ? " so far" : ""),
      h("td", { class: "words" }, stateMark(name, nameOf(lane).kind)),
      h("td", { class: "words" }, detail ? detailText(detail) : ""),
      h("td", { class: "words" }, account(item, nameOf)),
    );
  }

  function account({ state: name, ref, detail, open, holders }, nameOf) {
    if (holders?.length) return `GIL held by ${holders.slice(0, SHOWN_HOLDERS).map(([who, ns]) => `${nameOf(who).name} (${duration(ns)})`).join(", ")}${holders.length > SHOWN_HOLDERS ? ` and ${holders.length - SHOWN_HOLDERS} more` : ""}`;
    if (ref === null) return "";
    if (name === "held" || name === "busy") return nameOf(ref).name;
    return accountOf(name, nameOf(ref).name, { growing: open, detail }) ?? "";
  }

  function isChosen({ start_ns: start, end_ns: end }) {
    const { chosen } = state.now;
    return chosen?.lane === lane && chosen.t >= start && chosen.t < end;
  }

  function choose({ start_ns: start }) {
    state.change({ chosen: { lane, t: start } });
    timeline.reveal(lane);
  }

  function filter(value) {
    only = value;
    pages = [null];
    refresh(true);
  }

  function turn(by) {
    pages = by > 0 ? [...pages, last.next_cursor] : pages.slice(0, -1);
    if (!pages.length) pages = [null];
    refresh(true);
  }

  return {
    open(id) {
      lane = id;
      only = "";
      pages = [null];
      last = null;
      show(header());
      refresh(true);
    },
    refresh,
    mark: () => last && draw(),
    close() {
      lane = null;
      last = null;
    },
  };
}
