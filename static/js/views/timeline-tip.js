// The tooltip of a timeline: at the pointer, or, for those who use the keys, at an instant of a lane.

import { placeIn, rowIn, timeAt, xOf } from "../figures/frame.js";
import { put } from "../lib/dom.js";
import { describe } from "./tooltip.js";

/**
 * startTip({tooltip, surface}, stage): {point({x, y} | null), show({lane, t} | null), refresh()}; `stage` answers frame(), laid(), view(),
 * lanes(). `refresh`: the picture has moved below the pointer, or the lane on it.
 */
export function startTip({ tooltip, surface }, stage) {
  let again = () => {};

  function point(at) {
    again = at ? () => point(at) : () => {};
    const frame = stage.frame();
    const row = at && at.x >= 0 && at.x <= frame.width ? rowIn(frame, stage.laid(), at.y) : null;
    tell(at, row, row ? timeAt(frame, at.x) : 0);
  }

  function show(at) {
    again = at ? () => show(at) : () => {};
    const frame = stage.frame();
    const place = at ? placeIn(frame, stage.laid(), at.lane) : null;
    if (!place?.seen) return tell(null, null, 0);
    const x = Math.max(0, Math.min(frame.width, xOf(frame, at.t)));
    return tell({ x, y: Math.min(place.bottom, frame.height) - 6 }, place.row, at.t);
  }

  function tell(at, row, t) {
    const view = stage.view();
    const content = row && view ? describe(view, stage.laid(), row, t, stage.lanes()) : null;
    tooltip.hidden = !content;
    if (!content) return;
    put(tooltip, content);
    const box = surface.getBoundingClientRect();
    const left = Math.min(box.left + at.x + 16, globalThis.innerWidth - tooltip.offsetWidth - 8);
    const below = box.top + at.y + 20;
    const top = below + tooltip.offsetHeight > globalThis.innerHeight ? box.top + at.y - tooltip.offsetHeight - 12 : below;
    tooltip.style.transform = `translate(${Math.round(Math.max(8, left))}px, ${Math.round(Math.max(8, top))}px)`;
  }

  return { point, show, refresh: () => again() };
}
