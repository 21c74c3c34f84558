// Pointer and keys on the timeline, told as intentions. Knows nothing of traces.

const ZOOM_STEP = 1.35;
const PAN_STEP = 0.15;

/**
 * listen(element, area, {zoom(factor, share), pan(share), reset(), point({x, y} | null)}).
 * `element` has the focus and hears keys and the wheel; `area` is the plot: shares and x are of its width, y is px from its top.
 */
export function listen(element, area, { zoom, pan, reset, point }) {
  let pointer = 0.5;

  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = {
      w: () => zoom(1 / ZOOM_STEP, pointer),
      "+": () => zoom(1 / ZOOM_STEP, 0.5),
      s: () => zoom(ZOOM_STEP, pointer),
      "-": () => zoom(ZOOM_STEP, 0.5),
      a: () => pan(-PAN_STEP),
      ArrowLeft: () => pan(-PAN_STEP),
      d: () => pan(PAN_STEP),
      ArrowRight: () => pan(PAN_STEP),
      0: reset,
      Escape: () => point(null),
    }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  area.addEventListener(
    "wheel",
    (event) => {
      const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
      if (event.ctrlKey || event.metaKey) zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.006), shareOf(event));
      else if (sideways || event.shiftKey) pan((event.deltaX || event.deltaY) / area.clientWidth);
      else return;
      event.preventDefault();
    },
    { passive: false },
  );

  area.addEventListener("pointermove", (event) => {
    pointer = shareOf(event);
    const box = area.getBoundingClientRect();
    point({ x: event.clientX - box.left, y: event.clientY - box.top });
  });
  area.addEventListener("pointerleave", () => {
    pointer = 0.5;
    point(null);
  });
  area.addEventListener("dblclick", reset);

  function shareOf(event) {
    const box = area.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
  }
}
