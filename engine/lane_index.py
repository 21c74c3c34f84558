"""One lane of a snapshot: what it was in at any instant, and for how long in any window, whatever their number.

    segments    r r g g g r n n …      columns, in order; growing lanes share memory with their past
    kept        per state (and per holder, of GILs and cores) how many ns of it the first so many rows are: see `engine.ranks`
    longest     of every 64 rows the longest duration: where to look for what is wide enough to be seen

The time in a state before an instant is then a binary search for the row, a look at what is kept of the state, and a correction for the
segment that the instant cuts.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.grid import Grid
from engine.ranks import Busy, Ints, Kept, Place, kept_grown, kept_of
from engine.tape import Tape
from engine.trace import Segments, State

_STRIDE = 64
_HOLDERS = 8
_FEW = 4096
_NAMES = tuple(state.name for state in State)
_BY_BITS = 64
"""So many holders are kept by bits, twelve bytes for each 64 rows; more of them by the rows that are theirs."""
_HAD = np.zeros(256, bool)
_HAD[[State.held, State.busy]] = True


class Found(NamedTuple):
    """One segment of a lane, as numbers: `detail` of the trace's strings, `ref` a lane, -1 each for none. `open`: it has not ended yet."""

    start: int
    end: int
    state: State
    detail: int
    ref: int
    open: bool


class _Cut(NamedTuple):
    """Instants among the rows: how many rows had begun, and of the last of them how much was still to come, its state, its holder."""

    at: Ints
    place: Place
    over: Ints
    state: npt.NDArray[np.int16]
    holder: npt.NDArray[np.int32]


class LaneIndex:
    """Immutable, but that it remembers what it has worked out; threads may share one. Segments are closed ones, then `growing` ones."""

    def __init__(self, columns: tuple[Tape[Any], ...], growing: Segments) -> None:
        self._columns = columns
        self.growing = growing
        self._states: dict[int, Kept] | None = None
        self._holders: dict[int, Kept] | None = None
        self._longest: Tape[np.int64] | None = None
        self._spells: dict[int, Busy] = {}

    @classmethod
    def of(cls, closed: Segments, growing: Segments) -> LaneIndex:
        """Both in order. Keeps the arrays, does not copy them."""
        return cls(tuple(Tape(column) for column in closed.columns), growing)

    def grown(self, more: Segments, growing: Segments) -> LaneIndex:
        """With `more` segments closed since. What was worked out is kept up, at the cost of what is new."""
        if not len(more):
            return self if growing is self.growing else self._with(growing)
        rows = self.closed
        if rows and more.start[0] < self._columns[1].array[-1]:  # Told late: it goes where it belongs.
            return LaneIndex.of(Segments.concat([self.closed_segments, more]).sorted(), growing)
        grown = LaneIndex(tuple(tape.add(column) for tape, column in zip(self._columns, more.columns, strict=True)), growing)
        durations = more.end - more.start
        if self._states is not None:
            grown._states = kept_grown(self._states, rows, more.state, durations, len(State))
        if self._holders is not None:
            grown._holders = kept_grown(self._holders, rows, _holders_of(more), durations, _BY_BITS)
        if self._longest is not None:
            first = rows // _STRIDE
            _, start, end = (column.array for column in grown._columns[:3])
            tail = (end - start)[first * _STRIDE :]
            grown._longest = self._longest.put(first, np.maximum.reduceat(tail, np.arange(0, len(tail), _STRIDE)))
        return grown

    @property
    def closed(self) -> int:
        """How many segments are closed."""
        return self._columns[0].length

    @cached_property
    def closed_segments(self) -> Segments:
        """In order."""
        return Segments(*(tape.array for tape in self._columns))

    @cached_property
    def segments(self) -> Segments:
        """All of them, the closed ones first, each in order."""
        return Segments.concat([self.closed_segments, self.growing]) if len(self.growing) else self.closed_segments

    def at(self, t: int) -> Found | None:
        """The segment in which the lane is at `t`: it has begun, and ends later. None where there is none, or a gap."""
        for part, is_open in ((self.closed_segments, False), (self.growing, True)):
            row = int(np.searchsorted(part.end, t, "right"))
            if row < len(part) and part.start[row] <= t:
                state = State(int(part.state[row]))
                return Found(int(part.start[row]), int(part.end[row]), state, int(part.detail[row]), int(part.ref[row]), is_open)
        return None

    def shares(self, edges: Ints) -> dict[State, Ints]:
        """Per state that occurs between the first and the last edge: its ns in each of the columns between them."""
        return self._shares(self._cut(edges))

    def coverage(self, grid: Grid) -> tuple[dict[str, str], dict[str, str]]:
        """Per state base64 of one byte a column; and the same per thread, of the time in which the lane was `held` or `busy` (empty for
        lanes that never are).
        """
        cut = self._cut(grid.edges)
        states = grid.bytes_of({state.name: part for state, part in sorted(self._shares(cut).items())})
        holders = self._by_holder()
        growing = self.growing.take(_holders_of(self.growing) >= 0)
        if not holders and not len(growing):
            return states, {}
        found = dict(_parts(holders, cut, cut.holder))
        nothing = np.zeros(grid.columns, np.int64)
        for row in growing.rows():
            found[row[5]] = found.get(row[5], nothing) + _between(cut.at, row)
        return states, grid.bytes_of({str(ref): part for ref, part in sorted(found.items()) if part.any()})

    def totals(self, t0: int, t1: int) -> dict[str, int]:
        """ns per state in `[t0, t1)`; states that do not occur are left out."""
        return {_NAMES[state]: int(ns) for state, ns in enumerate(self.spent(t0, t1).tolist()) if ns}

    def spent(self, t0: int, t1: int) -> Ints:
        """ns in `[t0, t1)` by number of state."""
        total = np.zeros(len(_NAMES), np.int64)
        first, last = self._bounds(t0, t1)
        if last - first <= _FEW:
            # Of most of ten thousand lanes nobody asks more than this: what is kept would have to be worked out first.
            start, end, state = (column.array[first:last] for column in self._columns[1:4])
            total += np.bincount(state, np.minimum(end, t1) - np.maximum(start, t0), len(_NAMES)).astype(np.int64)
        else:
            cut = self._cut(np.array([t0, t1], np.int64))
            for kind, part in _parts(self._by_state(), cut, cut.state):
                total[kind] += part[0]
        for row in self.growing.rows():
            total[row[3]] += max(min(row[2], t1) - max(row[1], t0), 0)
        return total

    def bounds(self, t0: int, t1: int) -> tuple[int, int]:
        """First and last + 1 of `segments`, open ones included, that lie in `[t0, t1)` at least in part."""
        first, last = self._bounds(t0, t1)
        if len(self.growing):
            seen = np.flatnonzero((self.growing.end > t0) & (self.growing.start < t1)) + self.closed
            if len(seen):
                return (first if last > first else int(seen[0])), int(seen[-1]) + 1
        return first, last

    def count(self, t0: int, t1: int) -> int:
        first, last = self.bounds(t0, t1)
        return max(last - first, 0)

    def at_least(self, width: int, t0: int, t1: int) -> tuple[Ints, Ints]:
        """Closed segments of at least `width` ns that lie in the window: their rows, and how much of each does.

        Those that a border cuts short count as what they are: at any zoom, what is left out is too short to be seen.
        """
        first, last = self._bounds(t0, t1)
        longest = self._longest_of_strides()
        strides = np.flatnonzero(longest[first // _STRIDE : max(-(-last // _STRIDE), 0)] >= width) + first // _STRIDE
        rows = (strides[:, None] * _STRIDE + np.arange(_STRIDE)).reshape(-1)
        rows = rows[(rows >= first) & (rows < last)]
        start, end = self._columns[1].array[rows], self._columns[2].array[rows]
        wide = end - start >= width
        return rows[wide], (np.minimum(end, t1) - np.maximum(start, t0))[wide]

    def refs(self, t0: int, t1: int) -> list[int]:
        """The lanes by which it was `held` or `busy` in `[t0, t1)`, ascending."""
        cut = self._cut(np.array([t0, t1], np.int64))
        held = {ref for ref, part in _parts(self._by_holder(), cut, cut.holder) if part[0]}
        growing = self.growing.take((_holders_of(self.growing) >= 0) & (self.growing.end > t0) & (self.growing.start < t1))
        return sorted(held | set(growing.ref.tolist()))

    def by_ref(self, ref: int) -> Busy:
        """When it was `held` by a thread, or `busy` with it: for who asks about one; remembered."""
        if ref not in self._spells:
            its = _holders_of(self.segments) == ref
            self._spells[ref] = Busy.of(self.segments.start[its], self.segments.end[its])
        return self._spells[ref]

    def held_by(self, start: Ints, end: Ints) -> list[list[list[int]]]:
        """Per spell `[start, end)`: `[[lane, ns], …]`, by whom the lane was `held` or `busy`, longest first, at most _HOLDERS."""
        both = self._cut(np.concatenate([start, end]))
        found = {ref: _before(kept, both, both.holder == ref) for ref, kept in self._by_holder().items()}
        for row in self.growing.take(_holders_of(self.growing) >= 0).rows():
            found[row[5]] = found.get(row[5], 0) + np.clip(both.at, row[1], row[2])
        if not found:
            return [[] for _ in start]
        refs = sorted(found)
        held = np.stack([found[ref][len(start) :] - found[ref][: len(start)] for ref in refs])
        order = np.argsort(-held, axis=0, kind="stable")[:_HOLDERS]
        most, whose = np.take_along_axis(held, order, 0).T.tolist(), np.array(refs)[order].T.tolist()
        return [[[ref, ns] for ref, ns in zip(*each, strict=True) if ns > 0] for each in zip(whose, most, strict=True)]

    def _with(self, growing: Segments) -> LaneIndex:
        same = LaneIndex(self._columns, growing)
        same._states, same._holders, same._longest = self._states, self._holders, self._longest
        return same

    def _bounds(self, t0: int, t1: int) -> tuple[int, int]:
        """`bounds` among the closed ones."""
        return int(np.searchsorted(self._columns[2].array, t0, "right")), int(np.searchsorted(self._columns[1].array, t1))

    def _shares(self, cut: _Cut) -> dict[State, Ints]:
        found = {State(state): part for state, part in _parts(self._by_state(), cut, cut.state)}
        nothing = np.zeros(len(cut.at) - 1, np.int64)
        for row in self.growing.rows():
            state = State(row[3])
            found[state] = found.get(state, nothing) + _between(cut.at, row)
        return {state: part for state, part in found.items() if part.any()}

    def _cut(self, at: Ints) -> _Cut:
        begun = np.asarray(np.searchsorted(self._columns[1].array, at), np.int64)
        if not self.closed:
            nothing = np.zeros(len(at), np.int64)
            return _Cut(at, Place.of(begun), nothing, np.full(len(at), -1, np.int16), np.full(len(at), -1, np.int32))
        row = np.maximum(begun - 1, 0)
        over = np.where(begun > 0, np.maximum(self._columns[2].array[row] - at, 0), 0)
        state, ref = self._columns[3].array[row], self._columns[5].array[row]
        return _Cut(at, Place.of(begun), over, state.astype(np.int16), np.where(_HAD[state], ref, -1))

    def _by_state(self) -> dict[int, Kept]:
        if self._states is None:
            self._states = kept_of(self.closed_segments.state, self.closed_segments.end - self.closed_segments.start, len(State))
        return self._states

    def _by_holder(self) -> dict[int, Kept]:
        if self._holders is None:
            here = _HAD[list(self._by_state())].any() if self.closed else False
            self._holders = (
                kept_of(_holders_of(self.closed_segments), self.closed_segments.end - self.closed_segments.start, _BY_BITS) if here else {}
            )
        return self._holders

    def _longest_of_strides(self) -> Ints:
        if self._longest is None:
            durations = self.closed_segments.end - self.closed_segments.start
            self._longest = Tape(np.maximum.reduceat(durations, np.arange(0, len(durations), _STRIDE)) if len(durations) else durations)
        return self._longest.array


def _holders_of(segments: Segments) -> npt.NDArray[np.int32]:
    """Per segment whose it is while it is `held` or `busy`, else -1."""
    return np.where(_HAD[segments.state], segments.ref, np.int32(-1))


def _between(edges: Ints, row: list[int]) -> Ints:
    """ns of one segment from each edge to the next."""
    inside = np.minimum(np.maximum(edges, row[1]), row[2])
    return inside[1:] - inside[:-1]


def _before(kept: Kept, cut: _Cut, its: npt.NDArray[np.bool_]) -> Ints:
    """ns before each instant; `its`: where the segment that the instant cuts is one of this kind."""
    return kept.before(cut.place) - np.where(its, cut.over, 0)


def _parts(every: dict[int, Kept], cut: _Cut, kinds: npt.NDArray[Any]) -> Iterator[tuple[int, Ints]]:
    """Per kind that can be between the first instant and the last its ns from each instant to the next."""
    ends = Place.of(cut.place.rows[[0, -1]])
    for kind, kept in every.items():
        its = kinds == kind
        first, last = kept.count(ends).tolist()
        if last > first or (its[0] and cut.over[0]):
            before = _before(kept, cut, its)
            yield kind, before[1:] - before[:-1]
