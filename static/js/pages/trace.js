// The page of one run, the same while it goes on and afterwards: the trace object for words and numbers, `view` for the picture,
// and the stream only to know how far it has grown.

import { getTrace } from "../data/api.js";
import { follow } from "../data/growth.js";
import { latest } from "../data/latest.js";
import { serverSource } from "../data/source.js";
import { workerNames } from "../figures/lane-tree.js";
import { fullName, shortened } from "../figures/rows.js";
import { boot, byId, h, put } from "../lib/dom.js";
import { isFinished } from "../lib/states.js";
import { paced } from "../lib/paced.js";
import { duration, instant } from "../lib/units.js";
import { observable, readState } from "../lib/viewstate.js";
import { together } from "../lib/words.js";
import { drawActions, drawLabel } from "../views/actions.js";
import { keepAddress } from "../views/address.js";
import { drawBreakdown } from "../views/breakdown.js";
import { completeness } from "../views/completeness.js";
import { drawCondition, elapsedText } from "../views/condition.js";
import { drawFacts } from "../views/facts.js";
import { drawFindings, verdictOf } from "../views/findings.js";
import { drawKeyFigures } from "../views/keyfigures.js";
import { startPanels } from "../views/panels.js";
import { startShare } from "../views/share.js";
import { drawSources } from "../views/sources.js";
import { statusText } from "../views/status.js";
import { startTimeline } from "../views/timeline.js";
import { toast } from "../views/toast.js";
import { startWhy } from "../views/why.js";

/** In the breakdown; the server answers no more lanes at once. */
const MOST_LANES = 512;

const LOOK_FOR_LANES_MS = 2000;

const { trace: first, read_only: readOnly } = boot();
const id = first.id;
const source = serverSource(id);
const asked = readState(location.search);
/** What the reader has made of the page; every part of it reads and changes this one, and nobody keeps a copy. */
const state = observable(asked.state);
let trace = first;
let lanes = [];
let grown = first.t_ns ?? 0;
/** Whether this page is deleting its trace: what it still asks then is answered 404, and that is no news. */
let leaving = false;
/** What the breakdown of a finished run was last asked about, and has answered for good. */
let summed = "";

const timeline = startTimeline(byId("timeline-card"), { source, state, onView, onStrange: () => askingLanes.ask(), onProblem, onOutside, onSearch, onHelp });
const askingTrace = latest({ run: (_, options) => getTrace(id, options), done: show, failed: onProblem, everyMs: 600 });
const askingLanes = latest({
  run: (_, options) => source.lanes(options),
  done(found) {
    lanes = found;
    summed = "";
    timeline.setLanes(lanes);
    why.refresh();
    panels.renamed();
    drawFacts(byId("facts"), trace, lanes);
    askBreakdown();
  },
  failed: onProblem,
  everyMs: 200,
});
/** A view one pixel wide has the exact totals of its window, per lane and state; the sum is the server's own. */
const askingTotals = latest({ run: totals, done: showBreakdown, failed: onProblem, everyMs: 600 });

const why = startWhy(byId("why"), { source, state, timeline, lanes: () => lanes });
const panels = startPanels(byId("toolbar").querySelector(".tools"), { source, state, timeline, lanes: () => lanes });
const share = startShare(byId("share"), { trace: () => trace, state, timeline });

/** Of few lanes the picture is asked for as a whole, and tells of new ones; of many, only of those on screen. */
const lookForLanes = paced(() => askingLanes.ask(), LOOK_FOR_LANES_MS);

keepAddress(state, tellProblem);
state.on((now, before) => {
  if (now.window !== before.window) askBreakdown();
});

show(first);
if (!isFinished(first.status)) {
  if (grown) timeline.grow(grown);
  follow(id, {
    grown(ns) {
      grown = ns;
      timeline.grow(ns);
      lookForLanes();
      why.refresh();
      panels.refresh();
      askingTrace.ask();
      tick();
    },
    status: () => askingTrace.ask(),
    ended() {
      askingTrace.ask();
      panels.refresh();
    },
    lost: () => (byId("lost").hidden = false),
    resumed: () => {
      byId("lost").hidden = true;
      askingTrace.ask();
    },
  });
}
if (!isFinished(first.status)) askingLanes.ask();
if (asked.problem !== null) tellProblem(asked.problem);

function show(fresh) {
  trace = fresh;
  const finished = isFinished(trace.status);
  byId("lost").hidden = true;
  byId("main").dataset.status = trace.status;
  byId("status").dataset.status = trace.status;
  tick();
  byId("title").textContent = trace.title;
  document.title = `${trace.status === "running" ? "● " : ""}${trace.label || trace.title} · gilscope`;
  drawLabel(trace, { readOnly, onChanged: show });
  share.refresh();
  drawActions(trace, { readOnly, onChanged: show, onDelete: () => (leaving = true) });
  const verdict = trace.status === "complete" ? verdictOf(trace.findings ?? [], trace.spec) : null;
  put(byId("headline"), verdict ? h("span", { class: "verdict", data: { kind: verdict.kind } }, verdict.text) : null, together(trace.headline) ?? "");
  drawCondition(byId("condition"), trace);
  timeline.setCores(trace.host?.cores ?? null);
  drawKeyFigures(byId("keyfigures"), trace);
  drawSources(byId("sources"), trace);
  drawFindings(byId("findings"), trace, !finished, (t0, t1) => timeline.show({ t0, t1 }));
  drawFacts(byId("facts"), trace, lanes);
  byId("completeness").textContent = sentence(completeness(trace));
  const empty = !lanes.length && !(trace.t_ns > 0);
  byId("waiting").hidden = !empty;
  for (const part of ["timeline", "resolution", "keyfigures", "breakdown-card", "findings-card"]) byId(part).hidden = empty && (!finished || part === "timeline");
  byId("waiting").textContent = finished ? "Nothing was recorded." : trace.status === "queued" ? "The picture begins when it is this run's turn." : "The picture begins with the first step of the run.";
  if (finished) {
    timeline.finish(trace.t_ns ?? grown);
    askingLanes.ask();
  } else if (trace.t_ns > 0 && !lanes.length) askingLanes.ask();
}

/** What is wrong with the link that led here, in words; null: nothing. */
function tellProblem(text) {
  byId("viewproblem").textContent = text ?? "";
  byId("viewproblem").hidden = text === null;
}

function onOutside(window, ns) {
  tellProblem(`This link shows ${instant(window.t0, window.t1 - window.t0)} to ${instant(window.t1, window.t1 - window.t0)}, but the run is ${duration(ns)} long: all of it is shown.`);
}

function onSearch() {
  panels.search();
}

function onHelp() {
  panels.help();
}

function sentence(parts) {
  const said = parts.join(" · ");
  return said && said[0].toUpperCase() + said.slice(1);
}

function tick() {
  byId("status").textContent = trace.status === "running" ? `running, ${elapsedText(grown)}` : statusText(trace);
}

function onView() {
  why.settle();
  byId("lost").hidden = true;
  askBreakdown();
}

function askBreakdown() {
  const measured = lanes.filter((lane) => lane.measured);
  if (!measured.length) return showBreakdown({ lanes: {}, all: null });
  const { window } = state.now;
  const query = { t0: window?.t0 ?? 0, t1: window?.t1 ?? Math.max(1, grown, trace.t_ns ?? 0), lanes: measured.slice(0, MOST_LANES).map((lane) => lane.id).join(",") };
  // What is over stays as it was.
  if (isFinished(trace.status) && JSON.stringify(query) === summed) return undefined;
  return askingTotals.ask(query);
}

async function totals({ t0, t1, lanes: wanted }, options) {
  const view = await source.view({ t0, t1, px: 1, lanes: wanted, budget: 0, sums: true, overview: true }, options);
  if (isFinished(trace.status) && view.sums) summed = JSON.stringify({ t0, t1, lanes: wanted });
  // Of a part of a large trace that is still being read there are none yet.
  return { lanes: view.totals, all: view.sums };
}

function showBreakdown({ lanes: spent, all }) {
  const measured = lanes.filter((lane) => lane.measured && spent[lane.id]);
  const names = workerNames(lanes);
  const rows = measured.map((lane) => ({ name: shortened(names.get(lane.id) ?? lane.name), full: fullName(lane), states: spent[lane.id] }));
  drawBreakdown(byId("breakdown"), { rows, total: all, noun: trace.spec.program?.length ? "thread" : "worker", count: lanes.filter((lane) => lane.measured).length });
  const window = state.now.window;
  byId("breakdown-note").textContent = window ? `in the window from ${instant(window.t0, (window.t1 - window.t0) / 100)}, ${duration(window.t1 - window.t0)} long` : "";
}

/** null: the last request went well. */
function onProblem(problem) {
  if (!problem || (leaving && problem.status === 404)) return;
  if (problem.status === 0) byId("lost").hidden = false;
  else if (problem.status === 404) location.reload();
  else toast(problem.message, "bad");
}
