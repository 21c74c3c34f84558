"""What a screen needs of a window: how much of each column each state takes, and the segments that are wide enough to see.

    column        0     1     2           a column is `ns_per_column` long, a power of two, and starts at a multiple of it: while one
    main       |rrrr.|rrrgg|ggggg|        pans, the same columns come back, and nothing flickers
    running      255   153     0          bytes: 255 is the whole column
    gil_wait       0   102   255          a column's bytes add up to the part of it in which the lane was there

No slice stands for a column: two threads in turns of 5 ms are both half full at any zoom, never both solid.

Per lane and state an index keeps sorted starts, ends and cumulative durations. The time in a state before any instant is then one binary
search and a correction for the segment that the instant cuts, so that any window of any trace costs the same and needs no pyramid of tiles.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.edge_index import NO_EDGES, EdgeIndex
from engine.scope import gils_of
from engine.trace import Segments, State, Trace

Ints = npt.NDArray[np.int64]

MAX_COLUMNS = 16_384
MAX_LANES = 512
LAST_NS = 2**53
"""No window reaches beyond (104 days): byte arithmetic stays within 64 bits."""
_VISIBLE_COLUMNS = 2
_STRIDE = 512
_HOLDERS = 8


class ViewError(ValueError):
    """A window that cannot be shown. The message says which one can."""


def view(trace: Trace, t0: int | None, t1: int | None, px: int, lanes: Iterable[int] | None = None, budget: int = 2000) -> dict[str, Any]:
    """The contract's view of `[t0, t1)` on `px` pixels. Who asks about one trace again and again keeps a `ViewIndex` of it."""
    return ViewIndex(trace).view(t0, t1, px, lanes, budget)


class ViewIndex:
    """The index of one snapshot of a trace. Lanes are indexed when they are first asked for; threads may share one."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self._lanes: dict[int, LaneIndex] = {}
        self._edges: EdgeIndex | None = None

    def lane(self, lane: int) -> LaneIndex:
        """The index of one lane; an empty one for a lane without segments."""
        if lane not in self._lanes:
            first, last = np.searchsorted(self.trace.segments.lane, [lane, lane + 1])
            closed = self.trace.segments.take(slice(int(first), int(last)))
            growing = self.trace.open.take(self.trace.open.lane == lane)
            self._lanes[lane] = LaneIndex.of(Segments.concat([closed, growing]), len(closed))
        return self._lanes[lane]

    def view(self, t0: int | None, t1: int | None, px: int, lanes: Iterable[int] | None = None, budget: int = 2000) -> dict[str, Any]:
        """By default the whole trace, and all lanes (at most MAX_LANES; the answer's `lanes` says which). Unknown lanes are left out.

        The answer's `t0_ns` and `t1_ns` are the asked-for ones moved outwards to the borders of columns; `totals`, ns per lane and state,
        are of exactly the asked-for window. `holders` is coverage, too: per GIL and core the share of each thread that it is held by.
        Raises ViewError.
        """
        begin, end = 0 if t0 is None else t0, max(self.trace.t_ns, 1) if t1 is None else t1
        grid = Grid.covering(begin, end, px)
        wanted = sorted(self.trace.lanes) if lanes is None else [lane for lane in dict.fromkeys(lanes) if lane in self.trace.lanes]
        indexes = {lane: self.lane(lane) for lane in wanted[:MAX_LANES]}
        chosen = _widest(list(indexes.values()), grid, max(budget, 0))
        seen = [index.growing for index in indexes.values()]
        return {
            "t0_ns": grid.t0,
            "t1_ns": grid.t1,
            "columns": grid.columns,
            "ns_per_column": grid.ns_per_column,
            "lanes": list(indexes),
            "coverage": {str(lane): index.coverage(grid) for lane, index in indexes.items()},
            "holders": {str(lane): shares for lane, index in indexes.items() if (shares := index.coverage_by_ref(grid))},
            "totals": {str(lane): index.totals(begin, end) for lane, index in indexes.items()},
            "segments": self._told(chosen),
            "open": self._told(Segments.concat(part.take((part.end > grid.t0) & (part.start < grid.t1)) for part in seen)),
            "segments_in_window": sum(index.count(grid.t0, grid.t1) for index in indexes.values()),
            "segments_shown": len(chosen),
            "grown_to_ns": self.trace.t_ns,
        }

    def edges(self, told: dict[str, Any], budget: int) -> dict[str, Any]:
        """Of a view that `view` has told: the edges of its window that touch its lanes; see `EdgeIndex.told`."""
        return self.edge_index.told(told["t0_ns"], told["t1_ns"], told["lanes"], budget) if budget > 0 else NO_EDGES

    @property
    def edge_index(self) -> EdgeIndex:
        """Of all edges of the trace; made when it is first asked for."""
        if self._edges is None:
            self._edges = EdgeIndex(self.trace.edges)
        return self._edges

    def holders(self, lane: int, start: Ints, end: Ints, ref: npt.NDArray[np.int32]) -> list[list[list[int]]]:
        """Per wait `[start, end)` of a thread or task: `[[lane, ns], …]`, who held the GIL that it waits for, longest first.

        `ref` is whom the record names as the holder: where a process has several GILs, it tells which one is meant.
        """
        gils = gils_of(self.trace, lane)
        if not gils or not len(start):
            return [[] for _ in start]
        told = [self.lane(gil).held_by(start, end) for gil in gils]
        if len(gils) == 1:
            return told[0]
        return [_meant(who, of_gils) for who, *of_gils in zip(ref.tolist(), *told, strict=True)]

    def _told(self, part: Segments) -> list[dict[str, Any]]:
        """As JSON; each wait for the GIL with its `holders`."""
        told = part.to_json(self.trace.strings)
        waits = part.state == State.gil_wait
        for lane in np.unique(part.lane[waits]).tolist():
            rows = np.flatnonzero(waits & (part.lane == lane))
            for row, holders in zip(rows.tolist(), self.holders(lane, part.start[rows], part.end[rows], part.ref[rows]), strict=True):
                told[row]["holders"] = holders
        return told


@dataclass(frozen=True, slots=True)
class Grid:
    """Columns of equal length from `t0`."""

    t0: int
    columns: int
    ns_per_column: int

    @classmethod
    def covering(cls, t0: int, t1: int, px: int) -> Grid:
        """At most one column a pixel and one more at each end, snapped so that the same instant always falls on the same border."""
        if not 0 <= t0 < t1 <= LAST_NS:
            raise ViewError(f"a window must have 0 <= t0 < t1 <= {LAST_NS} ns; got t0={t0}, t1={t1}")
        if not 1 <= px <= MAX_COLUMNS:
            raise ViewError(f"a view has 1 to {MAX_COLUMNS} pixels; got {px}")
        step = 1 << (max(-(-(t1 - t0) // px), 1) - 1).bit_length()
        first = t0 // step
        return cls(first * step, -(-t1 // step) - first, step)

    @property
    def t1(self) -> int:
        return self.t0 + self.columns * self.ns_per_column

    @property
    def edges(self) -> Ints:
        return self.t0 + np.arange(self.columns + 1, dtype=np.int64) * self.ns_per_column


@dataclass(frozen=True, slots=True)
class Busy:
    """Disjoint spells, sorted: how much time they take before any instant."""

    start: Ints
    end: Ints
    total: Ints

    @classmethod
    def of(cls, start: Ints, end: Ints) -> Busy:
        return cls(start, end, np.concatenate([[0], np.cumsum(end - start)]))

    def before(self, at: Ints) -> Ints:
        """ns of spells before each instant."""
        begun = np.searchsorted(self.start, at)
        if not len(self.end):
            return np.zeros(len(at), np.int64)
        over = self.end[np.maximum(begun - 1, 0)] - at
        return np.asarray(self.total[begun] - np.where(begun > 0, np.maximum(over, 0), 0), np.int64)


@dataclass(frozen=True, slots=True)
class LaneIndex:
    """One lane: its segments in order, the closed ones first; per state its spells; and the longest duration of every stride."""

    segments: Segments
    closed: int
    states: dict[State, Busy]
    longest: Ints
    holders: dict[int, Busy]

    @classmethod
    def of(cls, segments: Segments, closed: int) -> LaneIndex:
        states = {}
        for state in np.flatnonzero(np.bincount(segments.state, minlength=1)).tolist():
            which = segments.state == state
            states[State(state)] = Busy.of(segments.start[which], segments.end[which])
        duration = (segments.end - segments.start)[:closed]
        longest = np.maximum.reduceat(duration, np.arange(0, closed, _STRIDE)) if closed else duration
        return cls(segments, closed, states, longest, {})

    @property
    def growing(self) -> Segments:
        return self.segments.take(slice(self.closed, None))

    def shares(self, edges: Ints) -> dict[State, Ints]:
        """Per state that occurs between the first and the last edge: its ns in each of the columns between them."""
        found = {state: np.diff(busy.before(edges)) for state, busy in self.states.items()}
        return {state: part for state, part in found.items() if part.any()}

    def coverage(self, grid: Grid) -> dict[str, str]:
        """Per state base64 of one byte a column."""
        return _bytes_of({state.name: part for state, part in sorted(self.shares(grid.edges).items())}, grid)

    def coverage_by_ref(self, grid: Grid) -> dict[str, str]:
        """The same per thread, of the time in which the lane was `held` or `busy`; empty for lanes that never are."""
        if State.held not in self.states and State.busy not in self.states:
            return {}
        parts = {str(ref): np.diff(self.by_ref(ref).before(grid.edges)) for ref in self.refs(grid.t0, grid.t1)}
        return _bytes_of({ref: part for ref, part in parts.items() if part.any()}, grid)

    def totals(self, t0: int, t1: int) -> dict[str, int]:
        """ns per state in `[t0, t1)`; states that do not occur are left out."""
        return {state.name: int(part[0]) for state, part in sorted(self.shares(np.array([t0, t1], np.int64)).items())}

    def bounds(self, t0: int, t1: int) -> tuple[int, int]:
        """First and last + 1 of the segments, open ones included, that lie in `[t0, t1)` at least in part."""
        return int(np.searchsorted(self.segments.end, t0, "right")), int(np.searchsorted(self.segments.start, t1))

    def count(self, t0: int, t1: int) -> int:
        first, last = self.bounds(t0, t1)
        return max(last - first, 0)

    def at_least(self, width: int, t0: int, t1: int) -> tuple[Ints, Ints]:
        """Closed segments of at least `width` ns that lie in the window: their rows, and how much of each does.

        Those that a border cuts short count as what they are: at any zoom, what is left out is too short to be seen.
        """
        first, last = self.bounds(t0, t1)
        last = min(last, self.closed)
        strides = np.flatnonzero(self.longest[first // _STRIDE : -(-last // _STRIDE)] >= width) + first // _STRIDE
        rows = (strides[:, None] * _STRIDE + np.arange(_STRIDE)).reshape(-1)
        rows = rows[(rows >= first) & (rows < last)]
        start, end = self.segments.start[rows], self.segments.end[rows]
        wide = end - start >= width
        return rows[wide], (np.minimum(end, t1) - np.maximum(start, t0))[wide]

    def refs(self, t0: int, t1: int) -> list[int]:
        """The lanes that segments of the window point at."""
        first, last = self.bounds(t0, t1)
        return [ref for ref in np.unique(self.segments.ref[first:last]).tolist() if ref >= 0]

    def held_by(self, start: Ints, end: Ints) -> list[list[list[int]]]:
        """Per spell `[start, end)`: `[[lane, ns], …]`, by whom the lane was `held` or `busy`, longest first, at most _HOLDERS."""
        refs = self.refs(int(start.min()), int(end.max()))
        if not refs:
            return [[] for _ in start]
        held = np.stack([self.by_ref(ref).before(end) - self.by_ref(ref).before(start) for ref in refs])
        order = np.argsort(-held, axis=0, kind="stable")[:_HOLDERS]
        return [[[refs[row], int(held[row, spell])] for row in order[:, spell] if held[row, spell] > 0] for spell in range(len(start))]

    def by_ref(self, ref: int) -> Busy:
        """When the lane was `held` by a thread, or `busy` with it."""
        if ref not in self.holders:
            which = (self.segments.ref == ref) & np.isin(self.segments.state, (State.held, State.busy))
            self.holders[ref] = Busy.of(self.segments.start[which], self.segments.end[which])
        return self.holders[ref]


def _bytes_of(parts: dict[str, Ints], grid: Grid) -> dict[str, str]:
    """Per name base64 of one byte a column, from ns a column. Rounded as a running sum, so that what fills a column adds up to 255."""
    told, sum_ns, sum_bytes = {}, np.zeros(grid.columns, np.int64), np.zeros(grid.columns, np.int64)
    for name, part in parts.items():
        sum_ns = sum_ns + part
        now = (sum_ns * 255 + grid.ns_per_column // 2) // grid.ns_per_column
        told[name] = base64.b64encode(np.clip(now - sum_bytes, 0, 255).astype(np.uint8).tobytes()).decode()
        sum_bytes = now
    return told


def _meant(who: int, of_gils: list[list[list[int]]]) -> list[list[int]]:
    """Of what several GILs tell of their holders during one wait: that of the GIL which `who` held longest; nothing if none was theirs."""
    theirs = [sum(ns for holder, ns in held if holder == who) for held in of_gils]
    return of_gils[theirs.index(max(theirs))] if max(theirs) else []


def _widest(indexes: list[LaneIndex], grid: Grid, budget: int) -> Segments:
    """Of all segments wide enough to see, at most `budget`, the widest ones; sorted by lane and start."""
    found = [(index, *index.at_least(_VISIBLE_COLUMNS * grid.ns_per_column, grid.t0, grid.t1)) for index in indexes]
    visible = np.concatenate([np.zeros(0, np.int64), *(width for _, _, width in found)])
    least = 0
    if len(visible) > budget:
        keep = np.zeros(len(visible), bool)
        keep[np.argsort(-visible, kind="stable")[:budget]] = True
    else:
        keep = np.ones(len(visible), bool)
    parts = []
    for index, rows, _ in found:
        parts.append(index.segments.take(rows[keep[least : least + len(rows)]]))
        least += len(rows)
    return Segments.concat(parts).sorted()
