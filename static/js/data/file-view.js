// Views of what a file carries: the same answers as the server's (engine/views.py), byte for byte, as `getView` decodes them.

import { laneIndex, searchSorted } from "./lane-index.js";

const MOST_LANES = 512;
const MOST_COLUMNS = 16_384;
const LAST_NS = 2 ** 53;
const VISIBLE_COLUMNS = 2;
const BUDGET = 2000;

/** viewer(segments, told): {view(query)}. `segments`: from `segmentsOf`; `told`: what engine/exports/embedded.py says. */
export function viewer(segments, told) {
  const { states, strings } = told;
  const waits = states.indexOf("gil_wait");
  const working = [states.indexOf("running"), states.indexOf("native")];
  const known = new Set(told.lanes.map((lane) => lane.id));
  const indexes = new Map();
  let worked = null;

  function index(lane) {
    if (!indexes.has(lane)) {
      const [from, to] = [searchSorted(segments.lane, lane), searchSorted(segments.lane, lane, true)];
      const columns = Object.fromEntries(["start", "end", "state", "detail", "ref"].map((name) => [name, segments[name].subarray(from, to)]));
      indexes.set(lane, laneIndex(columns, states));
    }
    return indexes.get(lane);
  }

  function view({ t0 = null, t1 = null, px = 1000, lanes = null, budget = BUDGET, edges: most = 0, at_work: atWork = false }) {
    const [begin, end] = [t0 ?? 0, t1 ?? Math.max(told.t_ns, 1)];
    const grid = gridOf(begin, end, px);
    const wanted = lanes === null ? [...known].sort((a, b) => a - b) : [...new Set(String(lanes).split(",").filter(Boolean).map(Number))].filter((lane) => known.has(lane));
    const asked = wanted.slice(0, MOST_LANES);
    const chosen = widest(asked, grid, budget ?? BUDGET);
    return {
      t0_ns: grid.t0,
      t1_ns: grid.t1,
      columns: grid.columns,
      ns_per_column: grid.step,
      lanes: asked,
      coverage: new Map(asked.map((lane) => [lane, columnsOf(index(lane).shares(grid.edges), grid)])),
      refs: new Map(asked.map((lane) => [lane, columnsOf(index(lane).sharesByHolder(grid.edges), grid)]).filter(([, shares]) => Object.keys(shares).length)),
      totals: Object.fromEntries(asked.map((lane) => [lane, Object.fromEntries(index(lane).shares([begin, end]).map(([state, [ns]]) => [state, ns]))])),
      at_work: atWork ? atWorkOn(grid) : null,
      segments: chosen.map(([lane, row]) => segment(lane, row)),
      open: [],
      ...edgesIn(grid, asked, Number(most ?? 0)),
      segments_in_window: asked.reduce((sum, lane) => sum + counted(index(lane).bounds(grid.t0, grid.t1)), 0),
      segments_shown: chosen.length,
      grown_to_ns: told.t_ns,
    };
  }

  /** Of all segments wide enough to see, at most `budget`, the widest ones: [[lane, row]…] by lane and start. */
  function widest(lanes, { t0, t1, step }, budget) {
    const found = [];
    for (const lane of lanes) {
      const { start, end } = index(lane).columns;
      const [first, last] = index(lane).bounds(t0, t1);
      for (let row = first; row < last; row += 1) if (end[row] - start[row] >= VISIBLE_COLUMNS * step) found.push([lane, row, Math.min(end[row], t1) - Math.max(start[row], t0)]);
    }
    const kept = found.length > budget ? found.sort((a, b) => b[2] - a[2]).slice(0, budget) : found;
    return kept.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  }

  function segment(lane, row) {
    const { start, end, state, detail, ref } = index(lane).columns;
    const plain = { lane, start_ns: start[row], end_ns: end[row], state: states[state[row]], detail: strings[detail[row]] ?? null, ref: ref[row] >= 0 ? ref[row] : null };
    return state[row] === waits ? { ...plain, holders: holders(lane, start[row], end[row], ref[row]) } : plain;
  }

  /** Who held the GIL meanwhile; where there are several GILs, that one which `who` held longest. */
  function holders(lane, start, end, who) {
    const each = (told.gils[lane] ?? []).map((gil) => index(gil).heldBy(start, end));
    if (each.length < 2) return each[0] ?? [];
    const theirs = each.map((held) => held.reduce((sum, [ref, ns]) => sum + (ref === who ? ns : 0), 0));
    const most = Math.max(...theirs);
    return most ? each[theirs.indexOf(most)] : [];
  }

  function atWorkOn({ edges, columns, step }) {
    worked ??= integralOf(told.hosts.map((host) => index(host).columns), new Set(working));
    const total = edges.map((at) => worked(at));
    const average = Float64Array.from({ length: columns }, (_, i) => (total[i + 1] - total[i]) / step);
    const most = average.reduce((a, b) => Math.max(a, b), 0);
    return { most: Math.round(most * 1e6) / 1e6, bytes: Uint8Array.from(average, (number) => (most > 0 ? rint(number * (255 / most)) : 0)) };
  }

  function edgesIn({ t0, t1 }, lanes, most) {
    if (most <= 0) return { edges: [], edges_in_window: null };
    const some = new Set(lanes);
    const found = told.edges.filter((edge) => edge.from_ns < t1 && edge.to_ns >= t0 && (some.has(edge.from_lane) || some.has(edge.to_lane)));
    return { edges: found.length <= most ? found : [], edges_in_window: found.length };
  }

  return { view };
}

/** Columns of a power of two, from a multiple of it: at most one a pixel, and one more at each end. */
export function gridOf(t0, t1, px) {
  if (!(t0 >= 0 && t0 < t1 && t1 <= LAST_NS) || !(px >= 1 && px <= MOST_COLUMNS)) throw new Error(`There is no view of ${t0} to ${t1} ns on ${px} pixels.`);
  let step = 1;
  while (step * px < t1 - t0) step *= 2;
  const first = Math.floor(t0 / step);
  const columns = Math.ceil(t1 / step) - first;
  return { t0: first * step, t1: (first + columns) * step, columns, step, edges: Float64Array.from({ length: columns + 1 }, (_, i) => (first + i) * step) };
}

/** Per name one byte a column. Rounded as a running sum, so that what fills a column adds up to 255. */
export function columnsOf(parts, { columns, step }) {
  const sum = new Float64Array(columns).fill(Math.floor(step / 2));
  const done = new Float64Array(columns);
  const told = {};
  for (const [name, part] of parts) {
    const bytes = new Uint8Array(columns);
    for (let column = 0; column < columns; column += 1) {
      sum[column] += part[column] * 255;
      const now = Math.floor(sum[column] / step);
      bytes[column] = Math.max(0, Math.min(255, now - done[column]));
      done[column] = now;
    }
    told[name] = bytes;
  }
  return told;
}

/** From the columns of several lanes: a function that tells how many ns all of them together were in `states` before an instant. */
function integralOf(lanes, states) {
  const spells = lanes.flatMap((columns) => [...columns.start.keys()].filter((row) => states.has(columns.state[row])).map((row) => [columns.start[row], columns.end[row]]));
  const [starts, ends] = [0, 1].map((side) => Float64Array.from(spells, (spell) => spell[side]).sort());
  const at = new Float64Array(2 * spells.length);
  const [number, before] = [new Int32Array(at.length), new Float64Array(at.length)];
  for (let i = 0, begun = 0, ended = 0; i < at.length; i += 1) {
    const begins = begun < starts.length && starts[begun] <= ends[ended];
    at[i] = begins ? starts[begun] : ends[ended];
    if (i) before[i] = before[i - 1] + number[i - 1] * (at[i] - at[i - 1]);
    if (begins) begun += 1;
    else ended += 1;
    number[i] = begun - ended;
  }
  return (instant) => {
    const last = searchSorted(at, instant, true) - 1;
    return last < 0 ? 0 : before[last] + number[last] * (instant - at[last]);
  };
}

function counted([first, last]) {
  return Math.max(last - first, 0);
}

/** To the nearest whole number, halves to the even one. */
function rint(number) {
  const low = Math.floor(number);
  const rest = number - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
}
