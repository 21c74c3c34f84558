// How long a trace is and how much of that is shown: it grows, it may be paused, in the end it is over.
//
//     growing    horizon = a round step ahead of the newest instant
//     paused     horizon and newest instant as they were; the run goes on unseen
//     over       horizon = the end

import { roundedEnd } from "../lib/window.js";

/** extentOf(span): `span()` fixes the horizon, so that several timelines share one scale; null: the trace's own. */
export function extentOf(span = () => null) {
  const known = { end: 1, live: true };
  let frozen = null;
  const current = () => ({ end: known.end, horizon: span() ?? (known.live ? roundedEnd(known.end) : known.end) });
  return {
    grow(ns) {
      known.end = Math.max(known.end, ns);
    },
    finish(ns) {
      known.end = Math.max(1, ns);
      known.live = false;
    },
    pause(on) {
      frozen = on ? current() : null;
    },
    get paused() {
      return frozen !== null;
    },
    get live() {
      return known.live;
    },
    /** The newest instant that is shown. */
    get end() {
      return (frozen ?? current()).end;
    },
    get horizon() {
      return (frozen ?? current()).horizon;
    },
  };
}
