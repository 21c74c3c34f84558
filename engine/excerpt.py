"""One lane, segment by segment: what lies in a window, in the order of time, page by page.

t0            t1
|███░░░█░░▐█░░|      a page is so many segments from a place on; a place is the start of the last one told, and stays good
 1  2  3 4 5         while the lane grows
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.trace import Segments, State, Trace


@dataclass(frozen=True, slots=True)
class Excerpt:
    """`segments` in order, the last `growing` (0 or 1) of them not ended; `after` is where the next page begins, None at the end.

    `total`: how many of the lane's segments the window has, `before` how many of them come before this page.
    """

    segments: Segments
    growing: int
    total: int
    before: int
    after: int | None


def excerpt(trace: Trace, lane: int, t0: int, t1: int, limit: int, after: int = -1, state: State | None = None) -> Excerpt:
    """At most `limit` of the lane's segments that lie in `[t0, t1)` at least in part and begin after `after`; only in `state`, if given."""
    first, last = np.searchsorted(trace.segments.lane, [lane, lane + 1])
    part = Segments.concat([trace.segments.take(slice(int(first), int(last))), trace.open.take(trace.open.lane == lane)])
    kept = (part.end > t0) & (part.start < t1)
    if state is not None:
        kept &= part.state == int(state)
    rows = np.flatnonzero(kept)
    skip = int(np.searchsorted(part.start[rows], after, "right"))
    page = part.take(rows[skip : skip + limit])
    more = skip + limit < len(rows)
    growing = int(np.sum(rows[skip : skip + limit] >= last - first))
    return Excerpt(page, growing, len(rows), skip, int(page.start[-1]) if more else None)
