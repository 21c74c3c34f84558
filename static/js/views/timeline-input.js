// Pointer and keys on the timeline, told as intentions. Knows nothing of traces.
//
//     one pointer      drags the picture; with Shift, or while `selects()`, draws a selection; a press without a drag chooses
//     two              pinch
//     wheel            with Ctrl zooms, sideways or with Shift moves, else it scrolls the lanes

import { meaning } from "../lib/keys.js";

const DRAG_FROM_PX = 4;
const FIELDS = "input, textarea, select, [contenteditable], dialog[open]";
const PRESSABLE = "button, a, summary, [role=slider], [role=separator]";

/**
 * listen({root, lanes, surface}, acts): `acts` has one function per name of `KEYS` (false: not mine, let the browser have the key), and
 * zoomAt(factor, share), pan(share), scroll(px), point({x, y} | null), press({x, y}), select({x0, x1, y0, y1}, over), whole(), selects(),
 * gesture(on). Shares are of the surface's width; x and y are px from its top left. Keys are heard all over the page unless `keys` is "focus".
 */
export function listen({ root, lanes, surface }, acts, keys = "page") {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = event.target instanceof Element ? event.target : document.body;
    if (target.closest(FIELDS) || document.querySelector("dialog[open]")) return;
    const focused = target === lanes;
    if (!focused && keys === "focus" && !root.contains(target)) return;
    if (["Enter", " "].includes(event.key) && target.closest(PRESSABLE)) return;
    const act = meaning(event.key, focused);
    if (act === null || !acts[act]) return;
    if (acts[act]() !== false) event.preventDefault();
  });

  surface.addEventListener(
    "wheel",
    (event) => {
      const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
      if (event.ctrlKey || event.metaKey) acts.zoomAt(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.006), at(event).x / box().width);
      else if (sideways || event.shiftKey) acts.pan((event.deltaX || event.deltaY) / box().width);
      else return;
      event.preventDefault();
    },
    { passive: false },
  );

  const fingers = new Map();
  let drag = null;

  surface.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" && event.button !== 0) return;
    surface.setPointerCapture(event.pointerId);
    lanes.focus({ preventScroll: true });
    fingers.set(event.pointerId, at(event));
    const selecting = event.shiftKey || acts.selects();
    drag = fingers.size === 1 ? { from: at(event), last: at(event), selecting, moved: false } : { ...drag, moved: true };
  });

  surface.addEventListener("pointermove", (event) => {
    const now = at(event);
    if (!fingers.has(event.pointerId)) return acts.point(event.pointerType === "touch" ? null : now);
    const before = [...fingers.values()];
    fingers.set(event.pointerId, now);
    if (fingers.size === 2) return pinch(before, [...fingers.values()]);
    if (!drag || fingers.size > 2) return undefined;
    if (!drag.moved && Math.hypot(now.x - drag.from.x, now.y - drag.from.y) < DRAG_FROM_PX) return undefined;
    if (!drag.moved) acts.gesture(true);
    drag.moved = true;
    acts.point(null);
    if (drag.selecting) acts.select(band(now), false);
    else {
      if (now.x !== drag.last.x) acts.pan((drag.last.x - now.x) / box().width);
      if (event.pointerType === "mouse" && now.y !== drag.last.y) acts.scroll(drag.last.y - now.y);
    }
    drag.last = now;
    return undefined;
  });

  const lift = (event) => {
    if (!fingers.delete(event.pointerId) || !drag) return;
    const now = at(event);
    if (event.type === "pointerup" && !drag.moved) acts.press(now);
    else if (event.type === "pointerup" && drag.selecting) acts.select(band(now), true);
    if (drag.moved) acts.gesture(false);
    // What is left of a pinch is no drag: the picture would jump.
    drag = fingers.size ? { ...drag, from: [...fingers.values()][0], last: [...fingers.values()][0], moved: true, selecting: false } : null;
  };
  surface.addEventListener("pointerup", lift);
  surface.addEventListener("pointercancel", lift);
  surface.addEventListener("pointerleave", () => fingers.size || acts.point(null));
  surface.addEventListener("dblclick", () => acts.whole());

  function pinch([a, b], [c, d]) {
    acts.gesture(true);
    const [was, is] = [Math.max(20, Math.abs(a.x - b.x)), Math.max(20, Math.abs(c.x - d.x))];
    acts.pan(((a.x + b.x) / 2 - (c.x + d.x) / 2) / box().width);
    acts.zoomAt(was / is, (c.x + d.x) / 2 / box().width);
  }

  const band = (now) => ({ x0: Math.min(drag.from.x, now.x), x1: Math.max(drag.from.x, now.x), y0: Math.min(drag.from.y, now.y), y1: Math.max(drag.from.y, now.y) });
  const box = () => surface.getBoundingClientRect();
  const at = (event) => ({ x: event.clientX - box().left, y: event.clientY - box().top });
}
