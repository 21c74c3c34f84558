// Views of a file that carries shares of time instead of segments (engine/exports/shares.py). Zoomed in beyond its columns, it shows them
// wide: what is not in the file is not made up.

import { bytesOf } from "../lib/bytes.js";
import { columnsOf, gridOf } from "./file-view.js";

const MOST_LANES = 512;

/** sharesViewer(told): {view(query)}, as `viewer` answers it; `segments` is always empty, and `segments_in_window` an estimate. */
export function sharesViewer(told) {
  const { t0_ns: origin, ns_per_column: step, columns, at_work: atWork } = told.shares;
  const known = new Map(Object.entries(told.shares.lanes).map(([lane, { states, holders, count }]) => [Number(lane), { states: decoded(states), holders: decoded(holders), count }]));
  const work = bytesOf(atWork.bytes);
  const span = Math.max(1, Math.min(told.t1_ns, told.t_ns) - Math.max(told.t0_ns, 0));

  /** ns of a share between two instants. */
  function between(bytes, from, to) {
    let sum = 0;
    for (let column = Math.max(0, Math.floor((from - origin) / step)); column < columns; column += 1) {
      const start = origin + column * step;
      if (start >= to) break;
      sum += (bytes[column] / 255) * (Math.min(to, start + step) - Math.max(from, start));
    }
    return sum;
  }

  function parts(shares, { edges }) {
    return Object.entries(shares).map(([name, bytes]) => [name, Float64Array.from({ length: edges.length - 1 }, (_, i) => between(bytes, edges[i], edges[i + 1]))]).filter(([, part]) => part.some((ns) => ns > 0));
  }

  function view({ t0 = null, t1 = null, px = 1000, lanes = null, edges: most = 0, at_work: wanted = false }) {
    const [begin, end] = [t0 ?? 0, t1 ?? Math.max(told.t_ns, 1)];
    const grid = gridOf(begin, end, px);
    const named = lanes === null ? [...known.keys()] : [...new Set(String(lanes).split(",").filter(Boolean).map(Number))];
    const asked = named.filter((lane) => known.has(lane)).slice(0, MOST_LANES);
    const each = (name) => new Map(asked.map((lane) => [lane, columnsOf(parts(known.get(lane)[name], grid), grid)]));
    const inside = Math.max(0, Math.min(end, told.t1_ns) - Math.max(begin, told.t0_ns)) / span;
    return {
      t0_ns: grid.t0,
      t1_ns: grid.t1,
      columns: grid.columns,
      ns_per_column: grid.step,
      lanes: asked,
      coverage: each("states"),
      refs: new Map([...each("holders")].filter(([, shares]) => Object.keys(shares).length)),
      totals: Object.fromEntries(asked.map((lane) => [lane, Object.fromEntries(Object.entries(known.get(lane).states).map(([state, bytes]) => [state, Math.round(between(bytes, begin, end))]))])),
      at_work: wanted ? { most: atWork.most, bytes: Uint8Array.from({ length: grid.columns }, (_, i) => Math.round((255 * between(work, grid.edges[i], grid.edges[i + 1])) / grid.step)) } : null,
      segments: [],
      open: [],
      edges: [],
      edges_in_window: Number(most ?? 0) > 0 ? told.edges.filter((edge) => edge.from_ns < grid.t1 && edge.to_ns >= grid.t0).length : null,
      segments_in_window: Math.ceil(inside * asked.reduce((sum, lane) => sum + known.get(lane).count, 0)),
      segments_shown: 0,
      grown_to_ns: told.t_ns,
    };
  }

  return { view };
}

function decoded(columns) {
  return Object.fromEntries(Object.entries(columns).map(([name, text]) => [name, bytesOf(text)]));
}
