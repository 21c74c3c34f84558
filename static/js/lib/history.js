// Where a reader has been: windows, as one goes back and forth between them. A gesture makes many windows and is one step; a leap is one by
// itself. Pure.

const GESTURE_MS = 600;
const MOST = 100;

/** trail(first): {visit(window, atMs, leap), back(), forward(), before, beyond}: `back` and `forward` answer {window}, or null at the end. */
export function trail(first) {
  let steps = [{ window: first, at: -Infinity }];
  let here = 0;

  const go = (by) => {
    if (!steps[here + by]) return null;
    here += by;
    steps[here].at = -Infinity;
    return { window: steps[here].window };
  };

  return {
    /** `window`: {t0, t1}, or null for the whole; what lay ahead is forgotten. */
    visit(window, at, leap = false) {
      if (same(window, steps[here].window)) return;
      const goesOn = !leap && here > 0 && at - steps[here].at < GESTURE_MS;
      steps = [...steps.slice(0, goesOn ? here : here + 1), { window, at: leap ? -Infinity : at }].slice(-MOST);
      here = steps.length - 1;
    },
    back: () => go(-1),
    forward: () => go(1),
    get before() {
      return here > 0;
    },
    get beyond() {
      return here < steps.length - 1;
    },
  };
}

function same(a, b) {
  return a === b || (a !== null && b !== null && a.t0 === b.t0 && a.t1 === b.t1);
}
