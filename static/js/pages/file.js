// The page of one run as a file of its own: no server is asked for anything, and everything that is shown is in the file.

import { fileSource } from "../data/file.js";
import { workerNames } from "../figures/lane-tree.js";
import { fullName, shortened } from "../figures/rows.js";
import { boot, byId, h, put } from "../lib/dom.js";
import { isFinished } from "../lib/states.js";
import { count, duration, instant } from "../lib/units.js";
import { observable } from "../lib/viewstate.js";
import { together } from "../lib/words.js";
import { drawBreakdown } from "../views/breakdown.js";
import { completeness } from "../views/completeness.js";
import { drawCondition } from "../views/condition.js";
import { drawFacts } from "../views/facts.js";
import { drawFindings, verdictOf } from "../views/findings.js";
import { startHelp } from "../views/help.js";
import { drawKeyFigures } from "../views/keyfigures.js";
import { drawSources } from "../views/sources.js";
import { statusText } from "../views/status.js";
import { startTimeline } from "../views/timeline.js";

const { trace, record, window: asked } = boot();
const { lanes } = record;
const state = observable(asked ? { window: asked } : {});
const source = fileSource(record);
const help = startHelp(byId("help"));

byId("title").textContent = trace.title;
byId("status").dataset.status = trace.status;
byId("status").textContent = isFinished(trace.status) ? statusText(trace) : "still running when this was saved";
byId("label").textContent = trace.label ?? "";
const verdict = trace.status === "complete" ? verdictOf(trace.findings ?? [], trace.spec) : null;
put(byId("headline"), verdict ? h("span", { class: "verdict", data: { kind: verdict.kind } }, verdict.text) : null, together(trace.headline) ?? "");
drawKeyFigures(byId("keyfigures"), trace);
drawSources(byId("sources"), trace);
drawFacts(byId("facts"), trace, lanes);
const seen = completeness(trace).join(" · ");
byId("completeness").textContent = seen && seen[0].toUpperCase() + seen.slice(1);
if (isFinished(trace.status)) drawCondition(byId("condition"), trace);
tellWhatIsMissing();

const timeline = startTimeline(byId("timeline-card"), { source, state, onProblem: (problem) => problem && tell(problem.message), onOutside: () => {}, onHelp: () => help.open() });
timeline.setCores(trace.host?.cores ?? null);
timeline.setLanes(lanes);
timeline.finish(record.t_ns);
drawFindings(byId("findings"), trace, false, (t0, t1) => timeline.show({ t0, t1 }));
showBreakdown();

/** Where the workers' time went in all that the file holds; the sum over them is the trace's own. */
async function showBreakdown() {
  const measured = lanes.filter((lane) => lane.measured);
  const { totals } = await source.view({ t0: Math.max(0, record.t0_ns), t1: Math.max(1, Math.min(record.t_ns, record.t1_ns)), px: 1, lanes: measured.map((lane) => lane.id).join(",") || "none" });
  const names = workerNames(lanes);
  const rows = measured.filter((lane) => totals[lane.id]).map((lane) => ({ name: shortened(names.get(lane.id) ?? lane.name), full: fullName(lane), states: totals[lane.id] }));
  drawBreakdown(byId("breakdown"), { rows, total: record.whole ? (trace.metrics?.states ?? null) : null, noun: trace.spec.program?.length ? "thread" : "worker" });
}

function tellWhatIsMissing() {
  const { whole, count: segments, shares, t0_ns: t0, t1_ns: t1, t_ns: length, edges_left_out: left } = record;
  const fine = (t1 - t0) / 1000;
  const parts = [
    whole ? null : `This file holds what lies from ${instant(t0, fine)} to ${instant(Math.min(t1, length), fine)} of a run that is ${duration(length)} long. Key figures and findings are of all of it.`,
    shares ? `There are ${count(segments)} segments in it, more than a file can hold: it holds what share of every ${duration(shares.ns_per_column)} each state took. For single segments zoom in on gilscope's own page, and save what you see.` : null,
    left && !shares ? `${count(left)} arrows are left out.` : null,
  ].filter(Boolean);
  if (parts.length) tell(parts.join(" "));
}

function tell(text) {
  byId("viewproblem").textContent = text;
  byId("viewproblem").hidden = false;
}
