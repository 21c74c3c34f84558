// Where the time of each entrant's workers went, as a Plotly figure: all of it is 100 %, a state looks as it does on the timelines. Pure.
//
//     sequential   █████████████████████████
//     threads      ██████▨▨▨▨▨▨▨▨▨▨▨▨▨▨▨▨▨▨▨      ▨ waiting for the GIL

import { STATES } from "../lib/states.js";
import { percent } from "../lib/units.js";
import { plain, rowsLayout } from "./chart-rows.js";
import { marker } from "./patterns.js";

/** A share has its number written on it from this size on. */
const SAID_FROM = 0.09;
/** Of a row: idling is a thin line here as everywhere. */
const IDLE_HIGH = 0.08;
/** Less than this is no wider than an outline. */
export const SEEN_FROM = 0.005;

/** rows: of the comparison object. Answers {data, layout}. */
export function sharesFigure(rows, { width, named, palette }) {
  const layout = rowsLayout(
    rows.map((row) => row.name),
    { width, named, palette, xaxis: { range: [0, 1], tickvals: [0, 0.25, 0.5, 0.75, 1], ticktext: ["0", "25 %", "50 %", "75 %", "100 %"] } },
  );
  return { data: presentStates(rows).map((state) => bar(state, rows, palette)), layout: { ...layout, margin: { ...layout.margin, r: 24 }, annotations: [...numbers(rows, palette), ...absent(rows, palette)] } };
}

/** The names of the states that can be seen here, in the order in which they are stacked. */
export function presentStates(rows, least = 0) {
  return STATES.map(({ name }) => name).filter((name) => rows.some((row) => row.shares[name] > least));
}

function bar(state, rows, palette) {
  return {
    type: "bar",
    orientation: "h",
    name: state,
    x: rows.map((row) => row.shares[state] ?? 0),
    y: rows.map((_, at) => at),
    ...(state === "idle" ? { width: IDLE_HIGH } : {}),
    marker: { ...marker(state, palette), line: { width: rows.map((row) => (row.shares[state] ? 1 : 0)), color: palette.surface } },
    hoverinfo: "skip",
    textposition: "none",
  };
}

function numbers(rows, palette) {
  return rows.flatMap((row, at) => {
    let from = 0;
    return STATES.flatMap(({ name }) => {
      const share = row.shares[name] ?? 0;
      const middle = from + share / 2;
      from += share;
      return share < SAID_FROM ? [] : [{ x: middle, y: at, showarrow: false, text: percent(share), font: { size: 12, color: palette.ink }, bgcolor: palette.surface, borderpad: 2 }];
    });
  });
}

function absent(rows, palette) {
  return rows.flatMap((row, at) => (Object.keys(row.shares).length ? [] : [{ x: 0, y: at, xanchor: "left", xshift: 8, showarrow: false, text: `<i>${plain(row.status)}</i>`, font: { size: 14, color: palette.ink3 } }]));
}
