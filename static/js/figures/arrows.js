// Edges as thin arrows from lane to lane, in front of the bars. Pure.
//
//     worker-1  ████████┐
//                       ╲                 from the near edge of the one row to the near edge of the other,
//     worker-2  ░░░░░░░░░▼████            with a pale line beneath, so that it is seen on any pattern

import { EDGES } from "../lib/words.js";

const HEAD_PX = 8;

/** Plotly's traces for `edges` as the interface tells them; those whose lanes have no row, or the same one, are left out. */
export function arrows(edges, laid, { unit, span, palette }) {
  const drawn = edges.map((edge) => ({ edge, ends: ends(edge, laid) })).filter(({ ends: found }) => found && Math.max(...found) >= span.top && Math.min(...found) <= span.bottom);
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
function ends({ from_lane: from, to_lane: to }, { placeOf }) {
  const [a, b] = [placeOf.get(from), placeOf.get(to)];
  if (!a || !b || a === b) return null;
  return a.top < b.top ? [a.top + a.height, b.top] : [a.top, b.top + b.height];
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
