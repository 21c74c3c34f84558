"""Fills in `ref`: whose doing a wait is. Who held the GIL, who had the core, which task had the loop, who let the lock go.

Where it was several, one after another, it is the one of the longest time.
"""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from engine.timeline.cast import Cast
from engine.timeline.layer import Ints, Layer
from engine.timeline.pen import Rows
from engine.timeline.tracks import ThreadTrack
from engine.trace import State


def with_refs(rows: Rows, thread: ThreadTrack, gil: Layer | None, cast: Cast) -> Rows:
    """Rows of the thread, or of a task on it. `gil`: who held the one that the thread needs."""
    start, end, state, ref = rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 4]
    if gil is not None and len(which := np.flatnonzero(state == State.gil_wait)):
        ref[which] = _lanes(longest(gil, start[which], end[which]), cast)
    if len(which := np.flatnonzero(state == State.ready)):
        lanes = longest(thread.stepping, start[which], end[which])
        ref[which] = np.where(lanes > 0, lanes, -1)
    if len(which := np.flatnonzero(state == State.runnable)):
        ref[which] = _on_its_core(thread, start[which], end[which], cast)
    for row in np.flatnonzero(state == State.lock_wait).tolist() if thread.woken else ():
        ref[row] = _woken_by(thread, int(start[row]), int(end[row]))
    return rows


def longest(layer: Layer, start: Ints, end: Ints) -> Ints:
    """For each `[start, end)` the value above 0 that the layer has for most of it, 0 if it has none."""
    found = np.maximum(layer.at(start), 0) if np.all(start[1:] >= start[:-1]) else np.array([_at(layer, t) for t in start.tolist()])
    first, last = np.searchsorted(layer.t, start, "right"), np.searchsorted(layer.t, end, "left")
    for which in np.flatnonzero(last > first).tolist():
        span = slice(first[which], last[which])
        times = [int(start[which]), *layer.t[span].tolist(), int(end[which])]
        held: dict[int, int] = {}
        for value, begins, ends in zip((int(found[which]), *layer.value[span].tolist()), times, times[1:], strict=False):
            if value > 0:
                held[value] = held.get(value, 0) + ends - begins
        found[which] = max(held, key=held.__getitem__) if held else 0
    return found


def _at(layer: Layer, t: int) -> int:
    return max(int(layer.at(np.array([t]))[0]), 0)


def _on_its_core(thread: ThreadTrack, start: Ints, end: Ints, cast: Cast) -> Ints:
    """Who was on the core that the thread was on last, which is where it waits."""
    found = np.full(len(start), -1, np.int64)
    numbers = thread.cpu.at(start)
    for number in set(numbers.tolist()) & cast.cpus.keys():
        here = np.flatnonzero(numbers == number)
        who = longest(cast.cpus[number].thread, start[here], end[here])
        found[here] = _lanes(np.where(who == thread.tid, 0, who), cast)
    return found


def _woken_by(thread: ThreadTrack, start: int, end: int) -> int:
    at = bisect_left(thread.woken, (end, 1 << 62)) - 1
    return thread.woken[at][1] if at >= 0 and thread.woken[at][0] >= start else -1


def _lanes(tids: Ints, cast: Cast) -> Ints:
    return np.array([cast.lane_of(tid) if tid > 0 else -1 for tid in tids.tolist()], np.int64)
