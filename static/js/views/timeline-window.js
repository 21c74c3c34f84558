// Where the reader looks: the window on the trace, how it moves, where it has been, and whether it follows the newest instant.

import { trail } from "../lib/history.js";
import { clamped, isOutside, panned, zoomed } from "../lib/window.js";

/** startWindow(state, extent, onMoved()): `state` is the observable one, whose `window` is null for the whole trace. */
export function startWindow(state, extent, onMoved) {
  const visited = trail(state.now.window);
  let following = false;
  let leaping = false;

  state.on((now, before) => {
    if (now.window !== before.window && !tidy()) visited.visit(now.window, performance.now(), leaping);
  });

  /** Others name windows, too, and links: of a trace that is over the state has the part that there is, and null for all of it. Whether that is news. */
  function tidy() {
    const { window } = state.now;
    if (window === null || extent.live || isOutside(window, extent.horizon)) return false;
    const there = clamped(window, extent.horizon);
    const whole = there.t0 <= 0 && there.t1 >= extent.horizon;
    if (!whole && there.t0 === window.t0 && there.t1 === window.t1) return false;
    state.change({ window: whole ? null : there });
    return true;
  }

  const shown = () => (state.now.window ? clamped(state.now.window, extent.horizon) : { t0: 0, t1: extent.horizon });

  function move(window) {
    following = false;
    const whole = window === null || (window.t0 <= 0 && window.t1 >= extent.horizon);
    state.change({ window: whole ? null : clamped(window, extent.horizon) });
    onMoved();
  }

  /** A step of its own in the history. */
  function leap(window) {
    leaping = true;
    move(window);
    leaping = false;
  }

  function revisit(step) {
    if (step) leap(step.window);
  }

  /** The window slid so that its right edge is the newest instant; the whole trace when nothing is zoomed. */
  function tail() {
    if (!state.now.window) return null;
    const wide = state.now.window.t1 - state.now.window.t0;
    return clamped({ t0: extent.end - wide, t1: Math.max(wide, extent.end) }, extent.horizon);
  }

  return {
    /** {t0, t1} as shown, never null. */
    shown,
    move,
    leap,
    zoom(factor, share) {
      const now = shown();
      move(zoomed(now, factor, now.t0 + share * (now.t1 - now.t0), extent.horizon));
    },
    pan(share) {
      const now = shown();
      move(panned(now, share * (now.t1 - now.t0), extent.horizon));
    },
    back: () => revisit(visited.back()),
    forward: () => revisit(visited.forward()),
    /** Begins to follow the newest instant, or ends it; of a run that is over there is none. */
    follow() {
      if (!extent.live) return;
      const on = !(following || state.now.window === null);
      if (on) move(tail());
      following = on;
      onMoved();
    },
    /** The trace has grown: a window that follows it slides along. */
    slide() {
      if (following && state.now.window) state.change({ window: tail() });
    },
    /** The trace is over. Answers the window if nothing of it lay in the trace, of which all is shown then; else null. */
    settle() {
      const { window } = state.now;
      following = false;
      tidy();
      if (!window || !isOutside(window, extent.horizon)) return null;
      state.change({ window: null });
      return window;
    },
    /** Names of acts, as the tools want them. */
    pressed: () => (following || state.now.window === null ? ["follow"] : []),
    disabled: () => [state.now.window === null && "whole", !visited.before && "back", !visited.beyond && "forward"].filter(Boolean),
  };
}
