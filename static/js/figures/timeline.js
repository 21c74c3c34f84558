// The timeline as a Plotly figure: exact segments as bars, arrows, the axis. Pure.
//
//  y is in pixels from the top of the plot, x in the unit that fits the window, from the start of the trace. What lies behind, the picture
//  of occupied fractions, is painted on a canvas below; a figure that leaves the page takes it along as an image.

import { channels } from "../lib/palette.js";
import { unitFor } from "../lib/units.js";
import { STATES } from "../lib/states.js";
import { arrows } from "./arrows.js";
import { marker } from "./patterns.js";
import { holderColour } from "./picture.js";

export const AXIS_HEIGHT = 34;
export const RIGHT = 18;
const TEXT_FROM_PX = 20;
const OUTLINE_FROM_PX = 5;

/** view: {segments, open, edges}; laid: from `layRows`; frame: from `frameOf`. Answers {data, layout}. */
export function timelineFigure(view, laid, frame, palette) {
  const unit = axisUnit(frame.window);
  const perPx = (frame.window.t1 - frame.window.t0) / frame.width;
  return {
    data: [...bars(view, laid, frame, { unit, perPx, palette }), ...arrows(view.edges, laid, frame, { unit, palette })],
    layout: {
      width: frame.width + RIGHT,
      height: frame.height + AXIS_HEIGHT,
      margin: { l: 0, r: RIGHT, t: 0, b: AXIS_HEIGHT, pad: 0 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: palette.sans, size: 12, color: palette.ink2 },
      showlegend: false,
      hovermode: false,
      dragmode: false,
      barmode: "overlay",
      bargap: 0,
      xaxis: {
        range: [frame.window.t0 / unit.ns, frame.window.t1 / unit.ns],
        fixedrange: true,
        ticksuffix: ` ${unit.unit}`,
        nticks: Math.max(3, Math.floor(frame.width / 120)),
        separatethousands: true,
        exponentformat: "none",
        gridcolor: shadow(palette.ink),
        zeroline: false,
        ticks: "outside",
        ticklabelposition: "outside right",
        ticklen: 5,
        tickcolor: palette.line2,
        showline: true,
        linecolor: palette.line2,
        layer: "below traces",
      },
      yaxis: { range: [frame.height, 0], fixedrange: true, visible: false },
    },
  };
}

/** A line that shines through: over the picture a pale one would look like a gap in it. */
function shadow(colour) {
  return `rgba(${channels(colour).join(",")},0.11)`;
}

/** The unit of the axis: that of the window's width, unless its position would then need more than six digits. */
export function axisUnit({ t0, t1 }) {
  const fine = unitFor(t1 - t0);
  return t1 / fine.ns < 1e6 ? fine : unitFor(t1);
}

function bars(view, laid, { rows, window }, { unit, perPx, palette }) {
  const boxes = new Map(rows.filter(({ row }) => row.lane && row.kind !== "process").map((box) => [box.row.lane.id, box]));
  const byState = new Map();
  for (const segment of [...view.segments, ...view.open]) {
    if (segment.end_ns <= window.t0 || segment.start_ns >= window.t1 || !boxes.has(segment.lane)) continue;
    if (!byState.has(segment.state)) byState.set(segment.state, []);
    byState.get(segment.state).push(segment);
  }
  const exact = !(view.segments_in_window > view.segments_shown + view.open.length);
  const traces = [];
  for (const { name } of STATES) {
    const found = (byState.get(name) ?? []).filter((segment) => boxes.get(segment.lane).row.kind !== "cpu");
    if (found.length && name !== "idle" && name !== "unknown") traces.push(stateBars(name, found, boxes, { unit, perPx, exact, palette }));
  }
  const holds = [...(byState.get("held") ?? []), ...(byState.get("busy") ?? [])];
  if (holds.length) traces.push(holderBars(holds, boxes, laid.hues, { unit, perPx, palette }));
  return traces.length ? traces : [{ type: "bar", orientation: "h", x: [], y: [], hoverinfo: "skip" }];
}

function stateBars(state, segments, boxes, { unit, perPx, exact, palette }) {
  // What is too short for a bar may be as thin as an outline: then none may hide it.
  const wide = exact && segments.every((segment) => segment.end_ns - segment.start_ns > OUTLINE_FROM_PX * perPx);
  return {
    ...columns(segments, boxes, unit),
    name: state,
    marker: { ...marker(state, palette), line: { width: wide ? 1 : 0, color: state === "runnable" || state === "ready" ? palette.outline : palette.surface } },
  };
}

function holderBars(segments, boxes, hues, { unit, perPx, palette }) {
  const label = (segment) => (segment.end_ns - segment.start_ns >= TEXT_FROM_PX * perPx && hues.has(segment.ref) ? String(hues.get(segment.ref) + 1) : "");
  return {
    ...columns(segments, boxes, unit),
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

/** Bars as Plotly wants them: those of a row that is half hidden are cut where it is. */
function columns(segments, boxes, unit) {
  const seen = segments.map(({ lane }) => {
    const { top, height, from } = boxes.get(lane);
    return { top: Math.max(top, from), bottom: top + height };
  });
  return {
    type: "bar",
    orientation: "h",
    base: segments.map((segment) => segment.start_ns / unit.ns),
    x: segments.map((segment) => (segment.end_ns - segment.start_ns) / unit.ns),
    y: seen.map(({ top, bottom }) => (top + bottom) / 2),
    width: seen.map(({ top, bottom }) => bottom - top),
    textposition: "none",
    hoverinfo: "skip",
    cliponaxis: true,
  };
}
