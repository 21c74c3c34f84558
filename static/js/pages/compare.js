// The page of a comparison, the same while its runs go on and afterwards; and of any traces that somebody chose (`/c?ids=…`).

import { getComparison, getComparisonOf } from "../data/api.js";
import { follow } from "../data/growth.js";
import { latest } from "../data/latest.js";
import { here } from "../data/urls.js";
import { boot, byId } from "../lib/dom.js";
import { paced } from "../lib/paced.js";
import { observable, readState, writeState } from "../lib/viewstate.js";
import { zoomed } from "../lib/window.js";
import { drawAnswer } from "../views/compare/answer.js";
import { drawComparisonActions, drawComparisonLabel } from "../views/compare/actions.js";
import { startCharts } from "../views/compare/charts.js";
import { startStrips } from "../views/compare/strips.js";
import { toast } from "../views/toast.js";

const LIVE = ["queued", "running"];
/** While runs go on: their ends are told by their streams, the rest can wait. */
const LOOK_MS = 1000;
const ADDRESS_MS = 250;

const { comparison: first, read_only: readOnly } = boot();
const ids = first.traces.map((trace) => trace.id);
const asked = readState(location.search);
const state = observable({ window: asked.state.window });
const charts = startCharts();
const strips = startStrips(byId("strips"), { state, onProblem });
let leaving = false;
let followed = null;
let timer = null;

const asking = latest({ run: (_, options) => (first.id ? getComparison(first.id, options) : getComparisonOf(ids, options)), done: show, failed: onProblem, everyMs: 300 });
const keepAddress = paced(() => history.replaceState(history.state, "", here(query())), ADDRESS_MS);

state.on(({ window }) => {
  byId("whole").disabled = window === null;
  keepAddress();
});

show(first);
tellProblem(asked.problem);
tools();

function show(comparison) {
  const live = LIVE.includes(comparison.status);
  byId("lost").hidden = true;
  byId("main").dataset.status = comparison.status;
  byId("status").dataset.status = comparison.status;
  byId("status").textContent = comparison.status;
  byId("title").textContent = comparison.title;
  document.title = `${live ? "● " : ""}${comparison.label || comparison.title} · gilscope`;
  drawComparisonLabel(comparison, { readOnly, onChanged: show });
  drawComparisonActions(comparison, { readOnly, link: () => here(query()), onChanged: show, onDelete: () => (leaving = true) });
  drawAnswer(byId("answer"), comparison);
  charts.show(comparison);
  strips.show(comparison);
  clearTimeout(timer);
  if (!live) return;
  timer = setTimeout(() => asking.ask(), LOOK_MS);
  listen(comparison.traces.find((trace) => ["starting", "running"].includes(trace.status)));
}

/** To the stream of the run that goes on, to hear how far it has grown and when it ends. */
function listen(trace) {
  if (!trace || followed === trace.id) return;
  followed = trace.id;
  follow(trace.id, {
    grown: (ns) => strips.grow(trace.id, ns),
    status: () => asking.ask(),
    ended: () => asking.ask(),
    lost: () => (byId("lost").hidden = false),
    resumed: () => asking.ask(),
  });
}

/** What the address says: the window that is seen, and the traces that were chosen. */
function query() {
  return { ids: first.id ? null : ids.join(","), ...writeState(state.now) };
}

function tools() {
  const zoom = (factor) => {
    const now = state.now.window ?? { t0: 0, t1: strips.span() };
    const window = zoomed(now, factor, (now.t0 + now.t1) / 2, strips.span());
    state.change({ window: window.t0 <= 0 && window.t1 >= strips.span() ? null : window });
  };
  byId("zoom-in").addEventListener("click", () => zoom(0.5));
  byId("zoom-out").addEventListener("click", () => zoom(2));
  byId("whole").addEventListener("click", () => state.change({ window: null }));
  byId("whole").disabled = state.now.window === null;
  byId("gils").addEventListener("click", (event) => {
    const on = event.currentTarget.getAttribute("aria-pressed") !== "true";
    event.currentTarget.setAttribute("aria-pressed", String(on));
    strips.gils(on);
  });
}

/** What is wrong with the link that led here, in words; null: nothing. */
function tellProblem(text) {
  byId("viewproblem").textContent = text ?? "";
  byId("viewproblem").hidden = text === null;
}

/** null: the last request went well. */
function onProblem(problem) {
  if (!problem || (leaving && problem.status === 404)) return;
  if (problem.status === 0) {
    byId("lost").hidden = false;
    clearTimeout(timer);
    timer = setTimeout(() => asking.ask(), LOOK_MS);
  } else if (problem.status === 404) asking.ask();
  else toast(problem.message, "bad");
}
