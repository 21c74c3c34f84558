// What to ask the source for, and when: not what is here already, never twice at once, and what the reader has left behind is given up.

import { latest } from "../data/latest.js";
import { rowsBetween } from "../figures/rows.js";
import { covers, isOutside, request } from "../lib/window.js";

/** All lanes while they are few; else the ones on screen and near it. */
const ASK_ALL_LANES = 40;
const NEAR_PX = 500;
/** The server answers no more lanes at once. */
const MOST_LANES = 512;
/** More arrows than this are a thicket: then none are drawn. */
const MOST_ARROWS = 300;
const OPENING_MS = 250;

/**
 * startLoading({source, extent, frame(), laid(), view(), arrows(), done(view), failed(error)}): {ask({urgent}), refresh(), awaits()}. `ask` asks in
 * any case, `refresh` only when what is on screen is not here, or not sharp; `awaits` tells whether that is so and is being asked for.
 */
export function startLoading({ source, extent, frame, laid, view, arrows, done, failed }) {
  let opening = null;
  const asking = latest({
    run: (query, options) => source.view(query, options),
    done(view) {
      done(view);
      // A large trace is still being read: this was its overview. To ask again is to say that somebody still waits for it.
      clearTimeout(opening);
      if (view.opened < 1) opening = setTimeout(ask, OPENING_MS);
    },
    failed,
    // A frame of a run comes every 100 ms: each is asked for when it comes, and no more than that.
    everyMs: 90,
  });

  function ask({ urgent = false } = {}) {
    const { window, width } = frame();
    // As long as no lanes are known nobody can say which are on screen.
    if (!laid().tree.lanes.length) return;
    if (isOutside(window, extent.live ? extent.horizon : extent.end)) return;
    const { t0, t1, px } = request(window, width, extent.horizon);
    asking.ask({ t0, t1, px, lanes: lanesToAsk()?.join(",") ?? null, edges: arrows() ? MOST_ARROWS : null, at_work: true, overview: true }, { urgent });
  }

  function refresh(options) {
    if (!isSharp() || !hasLanes()) ask(options);
  }

  function lanesToAsk() {
    const { tree, rows, pinnedHeight } = laid();
    if (tree.lanes.length <= ASK_ALL_LANES) return null;
    const { scroll, height } = frame();
    const near = [...rowsBetween(rows, 0, pinnedHeight), ...rowsBetween(rows, scroll - NEAR_PX, scroll + height + NEAR_PX)];
    const ids = new Set(near.filter((row) => row.lane).map((row) => row.lane.id));
    // Where none is on screen one must be named all the same, or all would be told.
    return ids.size ? [...ids].slice(0, MOST_LANES) : [tree.lanes[0].id];
  }

  function isSharp() {
    const { window, width } = frame();
    const now = view();
    if (now === null) return false;
    const ideal = (window.t1 - window.t0) / width;
    const here = covers(now, { t0: window.t0, t1: Math.min(window.t1, extent.horizon) });
    return here && now.ns_per_column <= 1.5 * Math.max(1, ideal) && now.ns_per_column * 4 > ideal;
  }

  function hasLanes() {
    const told = new Set(view().lanes);
    return frame().rows.every(({ row }) => !row.lane || told.has(row.lane.id));
  }

  return { ask, refresh, awaits: () => asking.busy && view() !== null && !isSharp() };
}
