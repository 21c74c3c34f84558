"""How many threads are at work, or wait, at each instant: steps, told in pieces of time.

worker-1   ███░░░███          at work  1 ─ 2 ─ 1 ─ 2
worker-2   ░░██████░
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from engine.exports.extent import Extent
from engine.ranks import Busy
from engine.trace import ON_CORE, Segments, State

Ints = npt.NDArray[np.int64]
Heights = npt.NDArray[np.int64] | npt.NDArray[np.float64]

LEVELS = {
    "at work": tuple(int(state) for state in sorted(ON_CORE)),
    "waiting for the GIL": (int(State.gil_wait),),
    "waiting for a core": (int(State.runnable),),
}
"""Name → states of a thread that count."""
EXACT, COLUMNS = 300_000, 50_000
_AT_ONCE = 200_000


def levels(extent: Extent) -> Iterator[tuple[Ints, list[Heights]]]:
    """Pieces of (instants, per name of LEVELS the number of threads from then on), instants ascending, only those with a change.

    Over all threads of the trace. The last piece ends where the last of them does. See `column_ns` for when they are averages.
    """
    spans = _spans(extent)
    if not spans:
        return
    begin, end = min(int(span.start[0]) for span in spans), max(int(span.end[-1]) for span in spans) + 1
    if column := column_ns(extent):
        edges = np.arange(begin // column, -(-end // column) + 1) * column
        yield edges, [np.append(_averages(spans, states, edges), 0.0) for states in LEVELS.values()]
        return
    pieces = max(1, sum(map(len, spans)) // _AT_ONCE)
    borders = [begin + (end - begin) * n // pieces for n in range(pieces + 1)]
    now, told = np.zeros(len(LEVELS), np.int64), np.full(len(LEVELS), -1, np.int64)
    for a, b in pairwise(borders):
        at, change = _changes(spans, a, b)
        if not len(at):
            continue
        height = now[:, None] + np.cumsum(change, axis=1)
        now = height[:, -1]
        kept = np.any(np.diff(np.concatenate([told[:, None], height], axis=1), axis=1) != 0, axis=0)
        if kept.any():
            told = height[:, kept][:, -1]
            yield at[kept], list(height[:, kept])


def column_ns(extent: Extent) -> int | None:
    """Over how many ns the levels are averaged: a power of two; None when they are exact, which they are up to EXACT segments."""
    if extent.count <= EXACT:
        return None
    span = min(extent.t1, extent.trace.t_ns) - max(extent.t0, 0)
    return 1 << (max(span // COLUMNS, 1) - 1).bit_length()


def _spans(extent: Extent) -> list[Segments]:
    """Per thread its segments."""
    threads = [lane.id for lane in extent.trace.lanes.values() if lane.kind == "thread"]
    everything = extent.trace.everything
    first, last = np.searchsorted(everything.lane, threads), np.searchsorted(everything.lane, threads, "right")
    spans = (everything.take(slice(int(a), int(b))) for a, b in zip(first, last, strict=True) if b > a)
    if not extent.whole:
        spans = (span.take((span.end > extent.t0) & (span.start < extent.t1)) for span in spans)
    return [span for span in spans if len(span)]


def _averages(spans: list[Segments], states: tuple[int, ...], edges: Ints) -> Heights:
    """How many threads are in one of `states`, on average over each column between two edges."""
    total = np.zeros(len(edges) - 1, np.int64)
    for span in spans:
        counts = np.isin(span.state, states)
        total += np.diff(Busy.of(span.start[counts], span.end[counts]).before(edges))
    return np.round(total / np.diff(edges), 3)


def _changes(spans: list[Segments], a: int, b: int) -> tuple[Ints, Ints]:
    """Instants in `[a, b)` at which a segment begins or ends, each once; and by how much each level changes there."""
    begins = Segments.concat(span.take(slice(*np.searchsorted(span.start, [a, b]).tolist())) for span in spans)
    ends = Segments.concat(span.take(slice(*np.searchsorted(span.end, [a, b]).tolist())) for span in spans)
    at, place = np.unique(np.concatenate([begins.start, ends.end]), return_inverse=True)
    state = np.concatenate([begins.state, ends.state])
    by = np.concatenate([np.ones(len(begins), np.int64), np.full(len(ends), -1, np.int64)])
    change = np.zeros((len(LEVELS), len(at)), np.int64)
    for row, states in enumerate(LEVELS.values()):
        counts = np.isin(state, states)
        np.add.at(change[row], place[counts], by[counts])
    return at, change
