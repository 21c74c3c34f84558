"""Which segments of many lanes lie in a window: one binary search for all lanes at once, whatever the trace's size.

            t0        t1
lane 7   ▔▔▔▔│▔▔▔▔▔▔▔│▔▔▔          rows 3 and 4
lane 8   ▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔           row 9
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from engine.trace import Segments, Trace

Ints = npt.NDArray[np.int64]


def crossing(trace: Trace, lanes: Sequence[int], t0: int, t1: int) -> Segments:
    """Segments of these lanes, open ones included, that lie in `[t0, t1)` at least in part: whole ones, sorted by lane and start."""
    closed = trace.segments
    # Of the column's own type, or the whole column would be converted.
    wanted = np.unique(np.asarray(lanes, closed.lane.dtype))
    begin, end = np.searchsorted(closed.lane, wanted, "left"), np.searchsorted(closed.lane, wanted, "right")
    first, last = _split(closed.end, begin, end, t0 + 1), _split(closed.start, begin, end, t1)
    rows = [np.arange(a, b) for a, b in zip(first.tolist(), last.tolist(), strict=True) if b > a]
    found = closed.take(np.concatenate(rows)) if rows else Segments.empty()
    growing = trace.open
    inside = np.isin(growing.lane, wanted) & (growing.start < t1) & (growing.end > t0)
    return Segments.concat([found, growing.take(inside)]).sorted() if inside.any() else found


def _split(column: Ints, begin: Ints, end: Ints, at: int) -> Ints:
    """For each range `[begin, end)` of a column, in which it ascends, the first row whose value is at least `at`."""
    low, high = begin.astype(np.int64), end.astype(np.int64)
    while np.any(low < high):
        middle = (low + high) // 2
        less = np.zeros(len(low), bool)
        open_ = low < high
        less[open_] = column[middle[open_]] < at
        low, high = np.where(open_ & less, middle + 1, low), np.where(open_ & ~less, middle, high)
    return low
