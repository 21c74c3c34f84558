// The timeline as a Plotly figure: the picture of occupied fractions behind, exact segments as bars in front. Pure.
//
//  y is in pixels of the rows (0 at the top), x in the unit that fits the window, from the start of the trace.

import { unitFor } from "../lib/units.js";
import { STATES } from "../lib/states.js";
import { arrows } from "./arrows.js";
import { marker } from "./patterns.js";
import { holderColour } from "./picture.js";

export const AXIS_HEIGHT = 34;
export const RIGHT = 18;
const TEXT_FROM_PX = 20;
const OUTLINE_FROM_PX = 5;

/**
 * view: {segments, open, edges}; laid: from `layRows`; frame: {window: {t0, t1}, span: {top, bottom}, width, height} with sizes in px;
 * picture: {url, t0, t1, top, bottom} or null. Answers {data, layout}.
 */
export function timelineFigure(view, laid, frame, picture, palette) {
  const { window, span } = frame;
  const unit = axisUnit(window);
  const perPx = (window.t1 - window.t0) / frame.width;
  return {
    data: [...bars(view, laid, { unit, perPx, span, palette }), ...arrows(view.edges, laid, { unit, span, palette })],
    layout: {
      width: frame.width + RIGHT,
      height: frame.height + AXIS_HEIGHT,
      margin: { l: 0, r: RIGHT, t: 0, b: AXIS_HEIGHT, pad: 0 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: palette.sans, size: 12, color: palette.ink2 },
      showlegend: false,
      hovermode: false,
      dragmode: "pan",
      barmode: "overlay",
      bargap: 0,
      xaxis: {
        range: [window.t0 / unit.ns, window.t1 / unit.ns],
        ticksuffix: ` ${unit.unit}`,
        nticks: Math.max(3, Math.floor(frame.width / 120)),
        separatethousands: true,
        exponentformat: "none",
        gridcolor: palette.line,
        zeroline: false,
        ticks: "outside",
        ticklabelposition: "outside right",
        ticklen: 5,
        tickcolor: palette.line2,
        showline: true,
        linecolor: palette.line2,
        layer: "below traces",
      },
      yaxis: { range: [span.bottom, span.top], fixedrange: true, visible: false },
      images: picture
        ? [
            {
              source: picture.url,
              xref: "x",
              yref: "y",
              x: picture.t0 / unit.ns,
              y: picture.top,
              sizex: (picture.t1 - picture.t0) / unit.ns,
              sizey: picture.bottom - picture.top,
              xanchor: "left",
              yanchor: "top",
              sizing: "stretch",
              layer: "below",
            },
          ]
        : [],
    },
  };
}

/** The unit of the axis: that of the window's width, unless its position would then need more than six digits. */
export function axisUnit({ t0, t1 }) {
  const fine = unitFor(t1 - t0);
  return t1 / fine.ns < 1e6 ? fine : unitFor(t1);
}

function bars(view, laid, { unit, perPx, span, palette }) {
  const rowOf = new Map(laid.rows.filter((row) => row.lane && row.top + row.height >= span.top && row.top <= span.bottom).map((row) => [row.lane.id, row]));
  const byState = new Map();
  for (const segment of [...view.segments, ...view.open]) {
    if (!rowOf.has(segment.lane)) continue;
    if (!byState.has(segment.state)) byState.set(segment.state, []);
    byState.get(segment.state).push(segment);
  }
  const traces = [];
  for (const { name } of STATES) {
    const found = (byState.get(name) ?? []).filter((segment) => !["process", "cpu"].includes(rowOf.get(segment.lane).kind));
    if (found.length && name !== "idle" && name !== "unknown") traces.push(stateBars(name, found, rowOf, { unit, perPx, palette }));
  }
  const holds = [...(byState.get("held") ?? []), ...(byState.get("busy") ?? [])];
  if (holds.length) traces.push(holderBars(holds, rowOf, laid.hues, { unit, perPx, palette }));
  return traces.length ? traces : [{ type: "bar", orientation: "h", x: [], y: [], hoverinfo: "skip" }];
}

function stateBars(state, segments, rowOf, { unit, perPx, palette }) {
  const wide = segments.every((segment) => segment.end_ns - segment.start_ns > OUTLINE_FROM_PX * perPx);
  return {
    ...columns(segments, rowOf, unit),
    name: state,
    marker: { ...marker(state, palette), line: { width: wide ? 1 : 0, color: state === "runnable" || state === "ready" ? palette.outline : palette.surface } },
  };
}

function holderBars(segments, rowOf, hues, { unit, perPx, palette }) {
  const label = (segment) => (segment.end_ns - segment.start_ns >= TEXT_FROM_PX * perPx && hues.has(segment.ref) ? String(hues.get(segment.ref) + 1) : "");
  return {
    ...columns(segments, rowOf, unit),
    name: "held",
    text: segments.map(label),
    textposition: "inside",
    insidetextanchor: "middle",
    textangle: 0,
    constraintext: "none",
    insidetextfont: { size: 11, color: palette.surface },
    marker: { color: segments.map((segment) => holderColour(segment.ref, hues, palette)), line: { width: 0 } },
  };
}

function columns(segments, rowOf, unit) {
  return {
    type: "bar",
    orientation: "h",
    base: segments.map((segment) => segment.start_ns / unit.ns),
    x: segments.map((segment) => (segment.end_ns - segment.start_ns) / unit.ns),
    y: segments.map((segment) => rowOf.get(segment.lane).top + rowOf.get(segment.lane).height / 2),
    width: segments.map((segment) => rowOf.get(segment.lane).height),
    textposition: "none",
    hoverinfo: "skip",
    cliponaxis: true,
  };
}
