// The arithmetic of the window on a trace: integer ns, never before 0, never narrower than can be seen.
//
//      0 ............ t0 [ what is on screen ] t1 ............ end

export const NARROWEST_NS = 100;

/** The window moved and stretched so that it fits into [0, endNs], its width kept where that is possible. */
export function clamped({ t0, t1 }, endNs) {
  const end = Math.max(endNs, NARROWEST_NS);
  const width = Math.min(Math.max(Math.round(t1 - t0), NARROWEST_NS), end);
  const start = Math.min(Math.max(0, Math.round(t0)), end - width);
  return { t0: start, t1: start + width };
}

/** Zoomed by `factor` (below 1: in) about the instant `at`, which stays where it is on screen. */
export function zoomed({ t0, t1 }, factor, at, endNs) {
  const width = Math.max(NARROWEST_NS, (t1 - t0) * factor);
  const share = (at - t0) / (t1 - t0);
  const start = at - share * width;
  return clamped({ t0: start, t1: start + width }, endNs);
}

export function panned({ t0, t1 }, byNs, endNs) {
  return clamped({ t0: t0 + byNs, t1: t1 + byNs }, endNs);
}

/** The window {t0, t1} seen in full, with a little room at both sides: where to look at a segment. */
export function fitted({ t0, t1 }, endNs) {
  const room = Math.max(NARROWEST_NS, (t1 - t0) * 0.25);
  return clamped({ t0: t0 - room, t1: t1 + room }, endNs);
}

/** Whether nothing of the window lies in the trace. */
export function isOutside({ t0 }, endNs) {
  return t0 >= endNs;
}

/**
 * What to ask the server for: three viewports, so that most pans need nothing new, on a grid of powers of two, so that small
 * movements ask for the same thing. `px` is for the whole of it: about as many columns as pixels.
 */
export function request(window, widthPx, endNs) {
  const perPx = 2 ** Math.round(Math.log2(Math.max(1, (window.t1 - window.t0) / widthPx)));
  const step = perPx * 64;
  const width = window.t1 - window.t0;
  const t0 = Math.max(0, Math.floor((window.t0 - width) / step) * step);
  const t1 = Math.min(Math.ceil(endNs), Math.ceil((window.t1 + width) / step) * step);
  return { t0, t1: Math.max(t1, t0 + NARROWEST_NS), px: Math.max(1, Math.min(8192, Math.ceil((t1 - t0) / perPx))) };
}

/** The end of the axis while a trace grows: a few round steps ahead, so that the picture fills instead of shrinking all the time. */
export function roundedEnd(grownNs) {
  const floor = Math.max(grownNs, 50e6);
  const power = 10 ** Math.floor(Math.log10(floor));
  const steps = [1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];
  return Math.round(power * steps.find((step) => power * step >= floor * 1.001 || step === 10));
}

export function covers(outer, inner) {
  return outer !== null && outer.t0_ns <= inner.t0 && outer.t1_ns >= inner.t1;
}
