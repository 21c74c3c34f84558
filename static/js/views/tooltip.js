// What is under the pointer, in words: lane, state, duration, detail, and for a wait who held the GIL.

import { gilName } from "../figures/rows.js";
import { h } from "../lib/dom.js";
import { stateLabel } from "../lib/states.js";
import { duration, instant, percent } from "../lib/units.js";
import { EDGES, accountOf, detailText } from "../lib/words.js";

const SHOWN_HOLDERS = 4;
const SHOWN_ARRIVALS = 3;

/** The tooltip's content for a row and an instant of a view; null where there is nothing to say. `lanes`: Map(id → lane). */
export function describe(view, laid, row, at, lanes) {
  if (row.kind === "sum") return describeSum(view, laid, at);
  if (!row.lane) return null;
  const segment = segmentAt(view, row.lane.id, at);
  return segment ? describeSegment(segment, row, lanes, view) : describeShares(view, row, at, lanes);
}

/** The exact segment of a lane at an instant, where the view has it. */
export function segmentAt(view, lane, at) {
  const here = (segment) => segment.lane === lane && segment.start_ns <= at && at < segment.end_ns;
  return view.segments.find(here) ?? view.open.find(here) ?? null;
}

function describeSegment(segment, row, lanes, view) {
  const growing = view.open.includes(segment);
  const length = duration(segment.end_ns - segment.start_ns);
  return [
    title(row, lanes),
    h("p", { class: "state" }, glyph(segment.state, segment.ref), h("strong", {}, stateText(segment, lanes)), h("span", { class: "time" }, growing ? `${length} so far` : length)),
    segment.detail ? h("p", { class: "detail" }, detailText(segment.detail)) : null,
    holders(segment, lanes) ?? account(segment, lanes, view, growing),
    arrivals(segment, lanes, view),
    h("p", { class: "when" }, `from ${instant(segment.start_ns, view.ns_per_column)} to ${instant(segment.end_ns, view.ns_per_column)}`),
  ];
}

function describeShares(view, row, at, lanes) {
  const column = columnAt(view, at);
  const coverage = view.coverage.get(row.lane.id);
  if (column === null || !coverage) return null;
  const refs = view.refs.get(row.lane.id);
  const shares = Object.entries(coverage)
    .flatMap(([state, bytes]) =>
      (state === "held" || state === "busy") && refs
        ? Object.entries(refs).map(([ref, part]) => ({ state, ref: Number(ref), share: part[column] / 255 }))
        : [{ state, ref: null, share: bytes[column] / 255 }],
    )
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share);
  if (!shares.length) return null;
  return [
    title(row, lanes),
    h("p", { class: "when" }, `of the ${duration(view.ns_per_column)} at ${instant(at, view.ns_per_column)}`),
    h("ul", {}, shares.slice(0, 6).map(({ state, ref, share }) => h("li", {}, glyph(state, ref), h("span", {}, stateText({ state, ref }, lanes)), h("span", { class: "time" }, percent(share))))),
  ];
}

function describeSum(view, laid, at) {
  const column = columnAt(view, at);
  if (column === null || !view.at_work) return null;
  const { most, bytes } = view.at_work;
  return [
    h("p", { class: "lane" }, "Working at once"),
    h("p", { class: "state" }, h("strong", {}, `${((bytes[column] / 255) * most).toFixed(2)} of ${laid.hosts.length}`), laid.hosts.length === 1 ? " thread on a core" : " threads on a core"),
    h("p", { class: "when" }, `on average over the ${duration(view.ns_per_column)} at ${instant(at, view.ns_per_column)}`),
  ];
}

/** On account of whom it waited: "GIL held by worker-2", "core 1 was running worker-1". */
function account(segment, lanes, view, growing) {
  if (segment.ref === null || segment.ref < 0) return null;
  const said = accountOf(segment.state, nameOf(segment.ref, lanes), { growing, where: coreOf(segment, view, lanes), detail: segment.detail });
  return said ? h("p", { class: "account" }, said) : null;
}

/** The arrows that end in the segment: "work handed over by main, 3.02 ms before". */
function arrivals({ lane, start_ns: start, end_ns: end }, lanes, view) {
  const here = view.edges.filter((edge) => edge.to_lane === lane && start <= edge.to_ns && edge.to_ns < end).slice(0, SHOWN_ARRIVALS);
  return here.map(({ kind, from_lane: from, from_ns: sent, to_ns: came }) => {
    const { by } = EDGES.find((one) => one.kind === kind);
    return h("p", { class: "arrival" }, `${by} ${nameOf(from, lanes)}${came > sent ? `, ${duration(came - sent)} before` : ""}`);
  });
}

/** The name of the core that the view shows busy with the segment's `ref` meanwhile; null where it shows none. */
function coreOf({ ref, start_ns: start, end_ns: end }, view, lanes) {
  const busy = [...view.segments, ...view.open].find((one) => one.state === "busy" && one.ref === ref && one.start_ns < end && start < one.end_ns);
  return busy ? nameOf(busy.lane, lanes) : null;
}

function holders(segment, lanes) {
  if (segment.state !== "gil_wait" || !segment.holders?.length) return null;
  if (segment.holders.length === 1) return h("p", { class: "account" }, accountOf("gil_wait", nameOf(segment.holders[0][0], lanes)));
  return h(
    "ul",
    { class: "holders" },
    h("li", { class: "caption" }, "meanwhile the GIL was held by"),
    segment.holders.slice(0, SHOWN_HOLDERS).map(([lane, ns]) => h("li", {}, h("span", { class: "name" }, nameOf(lane, lanes)), h("span", { class: "time" }, duration(ns)))),
    segment.holders.length > SHOWN_HOLDERS ? h("li", { class: "caption" }, `and ${segment.holders.length - SHOWN_HOLDERS} more`) : null,
  );
}

function title(row, lanes) {
  const parent = row.lane.parent === null ? null : lanes.get(row.lane.parent);
  const of = parent && parent.kind === "process" ? ` · ${parent.name}` : "";
  return h("p", { class: "lane" }, row.kind === "interpreter" ? gilName(row.lane) : row.lane.name, h("span", { class: "aside" }, of));
}

function stateText({ state, ref }, lanes) {
  if (state === "held" || state === "busy") {
    const who = ref === null || ref < 0 ? "somebody" : nameOf(ref, lanes);
    return state === "held" ? `held by ${who}` : `running ${who}`;
  }
  return stateLabel(state);
}

function glyph(state, ref) {
  if (state === "held" || state === "busy" || state === "free" || state === "exited") return ref === null ? null : h("span", { class: "dot" });
  return h("span", { class: "fill glyph", data: { state } });
}

function nameOf(id, lanes) {
  return lanes.get(id)?.name ?? `lane ${id}`;
}

function columnAt(view, at) {
  const column = Math.floor((at - view.t0_ns) / view.ns_per_column);
  return column >= 0 && column < view.columns ? column : null;
}
