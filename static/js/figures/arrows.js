// Edges as thin arrows from lane to lane, in front of the bars. Pure.
//
//     worker-1  ████████┐
//                       ╲                 from the near edge of the one row to the near edge of the other,
//     worker-2  ░░░░░░░░░▼████            with a pale line beneath, so that it is seen on any pattern

import { EDGES } from "../lib/words.js";
import { placeIn } from "./frame.js";

const HEAD_PX = 8;

/** Plotly's traces for `edges` as the interface tells them; those whose lanes have no row, or the same one, are left out. */
export function arrows(edges, laid, frame, { unit, palette }) {
  const drawn = edges.map((edge) => ({ edge, ends: ends(edge, laid, frame) })).filter(({ ends: found }) => found);
  if (!drawn.length) return [];
  const halo = line(drawn, unit, { width: 4, color: palette.surface }, { size: 0 });
  const kinds = EDGES.map(({ kind, dash }) => {
    const found = drawn.filter(({ edge }) => edge.kind === kind);
    const head = { symbol: "arrow", angleref: "previous", size: found.flatMap(() => [0, HEAD_PX, 0]), color: palette.ink, line: { width: 1, color: palette.surface } };
    return found.length ? { ...line(found, unit, { width: 1.4, color: palette.ink, dash }, head), name: kind } : null;
  });
  return [halo, ...kinds.filter(Boolean)];
}

/** Where an edge begins and ends, in px from the top; null where there is nothing to draw. */
export function ends({ from_lane: from, to_lane: to }, laid, frame) {
  const [a, b] = [placeIn(frame, laid, from), placeIn(frame, laid, to)];
  if (!a || !b || a.row === b.row || !(a.seen || b.seen)) return null;
  const found = a.top < b.top ? [a.bottom, b.top] : [a.top, b.bottom];
  // A lane that is scrolled away lies beyond the edge, somewhere: the arrow goes there.
  return found.map((y, i) => Math.max([a, b][i].from, y));
}

function line(drawn, unit, style, marker) {
  return {
    type: "scatter",
    mode: "lines+markers",
    x: drawn.flatMap(({ edge }) => [edge.from_ns / unit.ns, edge.to_ns / unit.ns, null]),
    y: drawn.flatMap(({ ends: [a, b] }) => [a, b, null]),
    line: style,
    marker,
    hoverinfo: "skip",
    cliponaxis: true,
  };
}
