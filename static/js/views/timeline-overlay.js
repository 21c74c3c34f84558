// What lies over the picture: the selection and its edges, the outline of the chosen segment, what somebody highlights.
//
//     ▕░░░░░░░░░▏  selection: from edge to edge, all lanes or some        ┏━━━━┓  chosen        ┌┄┄┄┄┐  highlighted
//      ↔       ↔   its edges are sliders, for pointer and keys            ┗━━━━┛                └┄┄┄┄┘

import { ends } from "../figures/arrows.js";
import { placeIn, timeAt, xOf } from "../figures/frame.js";
import { h } from "../lib/dom.js";
import { duration, instant } from "../lib/units.js";

const GRIP_STEP = 0.01;
const LEAST_PX = 3;

/** startOverlay({overlay, grips, surface}, onSelect({t0, t1}, over)): {draw({frame, laid, selection, chosen, cursor, highlight})}. */
export function startOverlay({ overlay, grips, surface }, onSelect) {
  let shown = null;
  const edges = [grip("start", "Where the selection begins"), grip("end", "Where the selection ends")];
  grips.append(...edges);

  function draw(scene) {
    shown = scene;
    const { frame, laid, selection, chosen, cursor, highlight } = scene;
    overlay.setAttribute("width", frame.width);
    overlay.setAttribute("height", frame.height);
    const box = (lane, t0, t1, look) => {
      const place = placeIn(frame, laid, lane);
      const [x0, x1] = [xOf(frame, t0), xOf(frame, t1)];
      if (!place?.seen || x1 < 0 || x0 > frame.width) return null;
      const top = Math.max(place.top, place.from);
      const [left, right] = [Math.max(-4, x0), Math.min(frame.width + 4, x1)];
      const wide = Math.max(LEAST_PX, right - left);
      return h("rect", { class: look, x: left - Math.max(0, (LEAST_PX - (right - left)) / 2), y: top, width: wide, height: Math.max(1, place.bottom - top), rx: 2 });
    };
    const line = (edge) => {
      const found = ends(edge, laid, frame);
      return found ? h("path", { class: "lit-edge", d: arrow(xOf(frame, edge.from_ns), found[0], xOf(frame, edge.to_ns), found[1]) }) : null;
    };
    overlay.replaceChildren(
      ...[
        ...band(frame, laid, selection),
        cursor === null ? null : box(cursor, frame.window.t0, frame.window.t1, "cursor"),
        ...(highlight?.segments ?? []).map(({ lane, start_ns: t0, end_ns: t1 }) => box(lane, t0, t1, "lit")),
        ...(highlight?.edges ?? []).flatMap((edge) => line(edge)),
        chosen ? box(chosen.lane, chosen.start_ns, chosen.end_ns, "chosen halo") : null,
        chosen ? box(chosen.lane, chosen.start_ns, chosen.end_ns, "chosen") : null,
      ].filter(Boolean),
    );
    edges.forEach((edge, i) => place(edge, i, scene));
  }

  function place(edge, i, { frame, selection }) {
    const at = selection ? [selection.t0, selection.t1][i] : null;
    const x = at === null ? -Infinity : xOf(frame, at);
    edge.hidden = x < -1 || x > frame.width + 1;
    if (at === null || edge.hidden) return;
    edge.style.transform = `translateX(${Math.round(x) - 7}px)`;
    edge.style.height = `${frame.height}px`;
    const told = { "aria-valuemin": 0, "aria-valuemax": Math.round(Math.max(frame.window.t1, at)), "aria-valuenow": Math.round(at), "aria-valuetext": `${instant(at, (selection.t1 - selection.t0) / 100)}, ${duration(selection.t1 - selection.t0)} selected` };
    for (const [name, value] of Object.entries(told)) edge.setAttribute(name, String(value));
  }

  function grip(name, label) {
    const edge = h("div", { class: "grip", role: "slider", tabindex: 0, "aria-label": label, "aria-orientation": "horizontal", data: { grip: name }, hidden: true });
    const move = (t, over) => {
      const { t0, t1 } = shown.selection;
      const other = name === "start" ? t1 : t0;
      onSelect({ t0: Math.max(0, Math.min(t, other)), t1: Math.max(t, other) }, over);
    };
    edge.addEventListener("pointerdown", (event) => edge.setPointerCapture(event.pointerId));
    const drag = (event) => edge.hasPointerCapture(event.pointerId) && move(timeAt(shown.frame, event.clientX - surface.getBoundingClientRect().left), event.type === "pointerup");
    edge.addEventListener("pointermove", drag);
    edge.addEventListener("pointerup", drag);
    edge.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10 }[event.key];
      if (!by) return;
      event.preventDefault();
      event.stopPropagation();
      const at = name === "start" ? shown.selection.t0 : shown.selection.t1;
      move(at + by * GRIP_STEP * (shown.frame.window.t1 - shown.frame.window.t0), true);
    });
    return edge;
  }

  return { draw };
}

/** The selected time: across all rows, or only on those of its lanes. */
function band(frame, laid, selection) {
  if (!selection) return [];
  const [x0, x1] = [xOf(frame, selection.t0), xOf(frame, selection.t1)].map((x) => Math.max(-2, Math.min(frame.width + 2, x)));
  if (x1 <= -2 || x0 >= frame.width + 2) return [];
  const rect = (look, y, height) => h("rect", { class: look, x: x0, y, width: Math.max(1, x1 - x0), height });
  if (!selection.lanes) return [rect("band", 0, frame.height)];
  const places = selection.lanes.map((lane) => placeIn(frame, laid, lane)).filter((place) => place?.seen);
  return [rect("band faint", 0, frame.height), ...places.map(({ top, bottom, from }) => rect("band", Math.max(top, from), Math.max(1, bottom - Math.max(top, from))))];
}

function arrow(x0, y0, x1, y1) {
  const angle = Math.atan2(y1 - y0, x1 - x0);
  const wing = (turn) => `${(x1 - 9 * Math.cos(angle + turn)).toFixed(1)} ${(y1 - 9 * Math.sin(angle + turn)).toFixed(1)}`;
  return `M${x0.toFixed(1)} ${y0.toFixed(1)} L${x1.toFixed(1)} ${y1.toFixed(1)} M${wing(0.45)} L${x1.toFixed(1)} ${y1.toFixed(1)} L${wing(-0.45)}`;
}
