// What is on screen: which rows, where, and which time. All in pixels from the top left of the plot. Pure.
//
//     0 ┌──────────────────────────┐
//       │ rows that stay on top    │  at their own place, whatever is scrolled
//   lid ├──────────────────────────┤
//       │ the others, scrolled     │  at top − scroll; what is above the lid is hidden by it
// height└──────────────────────────┘
//       0                      width

import { rowAt, rowsBetween } from "./rows.js";

/** Rows that stay on top may take this much of the height; more than that and they scroll like all the others. */
const MOST_LID = 0.6;

/**
 * laid: from `layRows`; {window: {t0, t1}, width, height, scroll}. Answers {window, width, height, scroll, lid, rows}: `rows` are
 * {row, top, height, from}, the ones on screen; `from` is where what is seen of one begins.
 */
export function frameOf(laid, { window, width, height, scroll }) {
  const lid = laid.pinnedHeight <= MOST_LID * height ? laid.pinnedHeight : 0;
  const onTop = lid ? rowsBetween(laid.rows, 0, lid).filter((row) => row.pinned) : [];
  const others = rowsBetween(laid.rows, scroll + lid, scroll + height).filter((row) => !lid || !row.pinned);
  const rows = [...onTop.map((row) => ({ row, top: row.top, height: row.height, from: 0 })), ...others.map((row) => ({ row, top: row.top - scroll, height: row.height, from: lid }))];
  return { window, width, height, scroll, lid, rows };
}

export function xOf({ window, width }, ns) {
  return ((ns - window.t0) / (window.t1 - window.t0)) * width;
}

export function timeAt({ window, width }, x) {
  return window.t0 + (x / width) * (window.t1 - window.t0);
}

/** The row at a height of the plot, or null. */
export function rowIn({ lid, scroll, height }, laid, y) {
  if (y < 0 || y > height) return null;
  const row = rowAt(laid.rows, y < lid ? y : y + scroll);
  return row && lid && row.pinned !== y < lid ? null : row;
}

/** Where a lane is: {top, bottom, seen}, be it off the screen; of one that has no row, where the nearest above it is; null: nowhere. */
export function placeIn(frame, laid, lane) {
  const row = laid.placeOf(lane);
  if (!row) return null;
  const pinned = row.pinned && frame.lid > 0;
  const top = pinned ? row.top : row.top - frame.scroll;
  const seen = pinned || (top + row.height > frame.lid && top < frame.height);
  return { row, top, bottom: top + row.height, from: pinned ? 0 : frame.lid, seen };
}
