// How much of the run was seen, and at what price: one line, in which nothing that is unknown reads as if it were nothing.

import { NOT_KNOWN, count, duration, percent } from "../lib/units.js";

/** ["saw 333 of 567 GIL hand-offs", "nothing dropped", …] of a trace object; empty before there are figures. */
export function completeness({ metrics }) {
  if (!metrics) return [];
  const { gil = {}, recorder = {}, states = {} } = metrics;
  return [handoffs(gil), dropped(recorder.dropped), unseen(states), cost(metrics)].filter(Boolean);
}

/** "about 3.0 ms, 0.2 % of the run": of its time on cores, or of its wall time where it hardly was on any. */
export function costOf({ recorder, cpu_ns: cpu, wall_ns: wall }) {
  const overhead = recorder?.overhead_ns;
  if (!known(overhead)) return NOT_KNOWN;
  const whole = Math.max(cpu ?? 0, wall ?? 0);
  return `about ${duration(overhead)}${whole ? `, ${percent(overhead / whole)} of the run` : ""}`;
}

/** The share of the workers' time in which no source tells their state; null while there is no such time. */
export function unseenShare(states) {
  const every = Object.values(states ?? {}).reduce((sum, ns) => sum + ns, 0);
  return every ? (states.unknown ?? 0) / every : null;
}

function handoffs({ seen_handoffs: seen, handoffs: counted }) {
  if (!known(counted)) return known(seen) ? `saw ${count(seen)} GIL hand-offs, of how many is not known` : null;
  if (seen > counted) return `saw ${count(seen)} GIL hand-offs, where CPython counted ${count(counted)}`;
  return known(seen) ? `saw ${count(seen)} of ${count(counted)} GIL hand-offs` : `saw none of ${count(counted)} GIL hand-offs`;
}

function dropped(records) {
  if (!known(records)) return "whether records were dropped is not known";
  return records ? `${count(records)} ${records === 1 ? "record" : "records"} dropped` : "nothing dropped";
}

function unseen(states) {
  const share = unseenShare(states);
  return share === null ? null : share ? `${percent(share)} of the time not observed` : "every moment observed";
}

function cost(metrics) {
  const said = costOf(metrics);
  return said === NOT_KNOWN ? "what recording cost is not known" : `recording cost ${said}`;
}

function known(value) {
  return value !== null && value !== undefined;
}
