// The whole trace in one strip, and the window as a brush on it: to drag, to stretch by its edges, to move by keys.
//
//     ▂▃▅▅▃▂▁▁▂▃▅▅▅▅▃▂▁  how many are at work
//        ┃▒▒▒▒▒┃         the window

import { h } from "../lib/dom.js";
import { latest } from "../data/latest.js";
import { paintStrip } from "../figures/strip.js";
import { onThemeChange, readPalette } from "../lib/palette.js";
import { putOn } from "../lib/raster.js";
import { duration, instant } from "../lib/units.js";
import { NARROWEST_NS, clamped } from "../lib/window.js";

const HEIGHT = 34;
const KEY_STEP = 0.02;
/** Of so many lanes the mean shares of states are shown; of more, how many are at work. */
const MOST_LANES = 24;
const EVERY_MS = 1000;

/** startMinimap(element, {source, extent, tree(), window(), onMove({t0, t1})}): {refresh(), draw()}. */
export function startMinimap(element, { source, extent, tree, window, onMove }) {
  const canvas = h("canvas", { class: "strip", "aria-hidden": "true" });
  const brush = part("brush", "The window, on the whole run");
  const edges = [part("edge start", "Where the window begins"), part("edge end", "Where the window ends")];
  element.replaceChildren(canvas, h("div", { class: "shade before" }), h("div", { class: "shade after" }), brush, ...edges);
  const [before, after] = element.querySelectorAll(".shade");
  let view = null;
  let palette = readPalette();
  let painted = null;
  let width = 0;

  const asking = latest({
    run: (query, options) => source.view(query, options),
    done(answer) {
      view = answer;
      draw();
    },
    // The timeline asks, too, and says what is wrong.
    failed: () => {},
    everyMs: EVERY_MS,
  });

  function refresh() {
    const { measured, lanes } = tree();
    const few = measured.length <= MOST_LANES ? measured : [];
    const { end } = extent;
    if (end <= 1 || !lanes.length) return;
    // Some lane must be named, or all would be told.
    asking.ask({ t0: 0, t1: Math.ceil(end), px: Math.max(200, width), lanes: (few.length ? few : lanes.slice(0, 1)).map((lane) => lane.id).join(","), budget: 0, at_work: true, overview: true });
  }

  function draw() {
    if (!width) return;
    const { horizon } = extent;
    const key = [view, width, horizon, palette, tree()];
    if (view && !(painted && key.every((value, i) => value === painted[i]))) {
      putOn(canvas, paintStrip(view, tree().measured.length <= MOST_LANES ? tree().measured.map((lane) => lane.id) : null, { width, height: HEIGHT, horizon }, palette));
      painted = key;
    }
    const { t0, t1 } = window();
    const [x0, x1] = [(t0 / horizon) * width, (t1 / horizon) * width];
    before.style.width = `${x0}px`;
    after.style.left = `${x1}px`;
    brush.style.left = `${x0}px`;
    brush.style.width = `${Math.max(2, x1 - x0)}px`;
    edges.forEach((edge, i) => (edge.style.left = `${[x0, x1][i]}px`));
    element.dataset.whole = String(t0 <= 0 && t1 >= horizon);
    tell(brush, t0, horizon - (t1 - t0), `from ${instant(t0, (t1 - t0) / 100)}, ${duration(t1 - t0)} long`);
    tell(edges[0], t0, t1, instant(t0, (t1 - t0) / 100));
    tell(edges[1], t1, horizon, instant(t1, (t1 - t0) / 100));
  }

  function tell(slider, now, most, text) {
    for (const [name, value] of Object.entries({ valuemin: 0, valuemax: Math.round(Math.max(now, most)), valuenow: Math.round(now), valuetext: text })) slider.setAttribute(`aria-${name}`, String(value));
  }

  function part(name, label) {
    return h("div", { class: name, role: "slider", tabindex: 0, "aria-label": label, "aria-orientation": "horizontal", data: { grip: name.split(" ").at(-1) } });
  }

  /** The window with one of its ends, or all of it, moved by so much. */
  function moved(grip, by, from = window()) {
    const { horizon } = extent;
    if (grip === "start") return clamped({ t0: Math.min(Math.max(0, from.t0 + by), from.t1 - NARROWEST_NS), t1: from.t1 }, horizon);
    if (grip === "end") return clamped({ t0: from.t0, t1: Math.max(Math.min(horizon, from.t1 + by), from.t0 + NARROWEST_NS) }, horizon);
    return clamped({ t0: from.t0 + by, t1: from.t1 + by }, horizon);
  }

  element.addEventListener("keydown", (event) => {
    const grip = event.target.dataset?.grip;
    const by = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10, Home: -Infinity, End: Infinity }[event.key];
    if (!grip || by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const { t0, t1 } = window();
    const unit = grip === "brush" ? Math.max((t1 - t0) * 0.1, extent.horizon * 0.001) : extent.horizon * KEY_STEP;
    onMove(moved(grip, Number.isFinite(by) ? by * unit : Math.sign(by) * extent.horizon));
  });

  let drag = null;
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const { left } = element.getBoundingClientRect();
    const at = ((event.clientX - left) / width) * extent.horizon;
    const now = window();
    const grip = event.target.dataset?.grip ?? "brush";
    const whole = element.dataset.whole === "true";
    event.target.dataset?.grip ? event.target.focus({ preventScroll: true }) : brush.focus({ preventScroll: true });
    event.preventDefault();
    element.setPointerCapture(event.pointerId);
    // Beside the window, or on all of the run, a drag draws a new window.
    drag = { at, grip: grip === "brush" && (whole || at < now.t0 || at > now.t1) ? "new" : grip, from: now, x: event.clientX };
  });
  element.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const { left } = element.getBoundingClientRect();
    const at = Math.max(0, Math.min(extent.horizon, ((event.clientX - left) / width) * extent.horizon));
    if (drag.grip !== "new") onMove(moved(drag.grip, at - drag.at, drag.from));
    else if (Math.abs(event.clientX - drag.x) > 3) onMove(clamped({ t0: Math.min(drag.at, at), t1: Math.max(drag.at, at) }, extent.horizon));
  });
  const drop = (event) => {
    if (drag?.grip === "new" && event.type === "pointerup" && Math.abs(event.clientX - drag.x) <= 3 && element.dataset.whole !== "true") {
      const half = (drag.from.t1 - drag.from.t0) / 2;
      onMove(clamped({ t0: drag.at - half, t1: drag.at + half }, extent.horizon));
    }
    drag = null;
  };
  element.addEventListener("pointerup", drop);
  element.addEventListener("pointercancel", drop);
  new ResizeObserver(() => {
    width = Math.round(element.clientWidth);
    draw();
  }).observe(element);
  onThemeChange(() => {
    palette = readPalette();
    draw();
  });

  return { refresh, draw };
}
