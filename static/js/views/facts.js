// What was run, on what, and what came of it: the trace's own words, as lists of names and values.

import { pages } from "../data/urls.js";
import { gilName } from "../figures/rows.js";
import { h, put } from "../lib/dom.js";
import { count, duration, moment, percent } from "../lib/units.js";
import { costOf, unseenShare } from "./completeness.js";

const MOST_REMARKS = 12;

/** `lanes`: as the interface tells them; empty while they are not here yet. */
export function drawFacts(element, trace, lanes) {
  const groups = [
    ["Run", run(trace)],
    ["Machine", machine(trace)],
    ["Result", Object.entries(trace.result ?? {}).map(([name, value]) => [name.replaceAll("_", " "), shown(value)])],
    ["Recording", recording(trace)],
    ["How lanes were seen", quality(lanes)],
  ];
  put(
    element,
    groups
      .map(([name, facts]) => [name, facts.filter(([, value]) => value !== null && value !== undefined && value !== "")])
      .filter(([, facts]) => facts.length)
      .map(([name, facts]) => h("section", {}, h("h3", {}, name), h("dl", {}, facts.map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value)))))),
  );
}

function run({ spec, created_at: created, id }) {
  const at = moment(created);
  const interpreter = spec.interpreter ?? {};
  const gil = interpreter.free_threaded ? (interpreter.gil_enabled ? ", GIL on" : ", no GIL") : "";
  const program = spec.program?.length ? spec.program : null;
  return [
    ...(program ? [["program", h("code", {}, program.join(" "))]] : asked(spec)),
    ["interpreter", h("span", { title: interpreter.path }, `${interpreter.implementation ?? ""} ${interpreter.version ?? ""}${interpreter.free_threaded ? "t" : ""}${gil}`)],
    ["build", interpreter.build],
    ["start method", spec.start_method],
    ["switch interval", spec.switch_interval && !program ? duration(spec.switch_interval * 1e9) : null],
    ["when", h("time", { datetime: created, title: at.utc }, at.local)],
    ["address", h("code", {}, pages.trace(id))],
  ];
}

function asked(spec) {
  return [
    ["work", spec.workload],
    ["model", spec.model],
    ["workers", String(spec.workers)],
    ["jobs", String(spec.jobs)],
    ...Object.entries(spec.params ?? {}).map(([name, value]) => [name.replaceAll("_", " "), shown(value)]),
  ];
}

function machine({ host }) {
  if (!host) return [];
  const load = Array.isArray(host.load) ? host.load.map((one) => Number(one).toFixed(2)).join(" ") : null;
  return [
    ["cores", host.cores],
    ["processor", host.cpu_model],
    ["system", host.platform],
    ["kernel", host.kernel],
    ["load before (1, 5, 15 min)", load],
    ["taken by the machine underneath", typeof host.steal_ratio === "number" ? percent(host.steal_ratio) : null],
    ["virtualization", host.virtualization],
  ].map(([term, value]) => [term, value === null || value === undefined ? null : String(value)]);
}

function recording({ metrics, digest }) {
  const recorder = metrics?.recorder ?? {};
  const gil = metrics?.gil ?? {};
  const known = (value, text) => (value === null || value === undefined ? null : text(value));
  return [
    ["elapsed, with starting and joining workers", known(metrics?.elapsed_ns, duration)],
    ["GIL hand-offs seen, of those that CPython counted", known(gil.handoffs, (all) => `${count(gil.seen_handoffs)} of ${count(all)}`)],
    ["time not observed", known(unseenShare(metrics?.states), percent)],
    ["marks", known(recorder.marks, count)],
    ["records dropped", metrics ? count(recorder.dropped) : null],
    ["cost of recording", metrics ? costOf(metrics) : null],
    ["recorder's own CPU time", known(recorder.cpu_ns, duration)],
    ["two threads on cores with one GIL", known(gil.oncore_overlap_ns, (ns) => `${duration(ns)}; in spells of 100 µs and more: ${known(gil.overlap_ns, duration) ?? "not known"}`)],
    ["digest", digest ? h("code", { title: digest }, digest.slice(0, 19)) : null],
  ];
}

/** Lanes that were seen equally well in one row, the exact ones only counted; and every remark on a lane. */
function quality(lanes) {
  const weak = lanes.filter((lane) => lane.exactness !== "exact" || lane.note);
  const byName = Map.groupBy(lanes, ({ name }) => name);
  const nameOf = (lane) => (lane.kind === "interpreter" ? gilName(lane) : byName.get(lane.name).length > 1 ? `${lane.name} (${lane.kind})` : lane.name);
  const exact = lanes.length - weak.length;
  const byWords = Map.groupBy(weak, ({ exactness, note }) => (note?.includes(exactness) ? note : [exactness, note].filter(Boolean).join("; ")));
  const rows = [...byWords].slice(0, MOST_REMARKS).map(([words, some]) => [some.length > 3 ? `${some.length} lanes, such as ${nameOf(some[0])}` : some.map(nameOf).join(", "), words]);
  const more = byWords.size - rows.length;
  return [[exact ? `${exact} ${exact === 1 ? "lane" : "lanes"}` : "", exact ? "exact" : null], ...rows, ["and", more > 0 ? `${more} more remarks` : null]];
}

function shown(value) {
  if (typeof value === "number") return Number.isInteger(value) ? count(value) : String(Number(value.toPrecision(6)));
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "string" ? value : JSON.stringify(value);
}
