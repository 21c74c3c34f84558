"""What a screen needs of a window: how much of each column each state takes, and the segments that are wide enough to see.

    column        0     1     2           a column is `ns_per_column` long, a power of two, and starts at a multiple of it: while one
    main       |rrrr.|rrrgg|ggggg|        pans, the same columns come back, and nothing flickers
    running      255   153     0          bytes: 255 is the whole column
    gil_wait       0   102   255          a column's bytes add up to the part of it in which the lane was there

No slice stands for a column: two threads in turns of 5 ms are both half full at any zoom, never both solid.

Of each lane that is asked for an index is kept (`engine.lane_index`), so that any window of any trace costs the same and needs no pyramid
of tiles: beside the segments' own 30 bytes about nine a segment, nine more for those of GILs and cores, 40 for each time on a core if
`at_work` is asked for. Indexes grow with their trace.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.at_work import AtWork
from engine.edge_index import NO_EDGES, EdgeIndex
from engine.grid import LAST_NS, MAX_COLUMNS, Grid, GridError
from engine.lane_index import LaneIndex
from engine.scope import gils_of, host_of, scope_of
from engine.trace import Frame, Record, Segments, State, Trace

__all__ = ["LAST_NS", "MAX_COLUMNS", "MAX_LANES", "Grid", "LaneIndex", "ViewError", "ViewIndex", "view"]

Ints = npt.NDArray[np.int64]
ViewError = GridError

MAX_LANES = 512
_VISIBLE_COLUMNS = 2
_COLUMNS, _GROWN, _KEPT, _EDGE = 30, 45, 32, 400
"""Bytes: a segment's columns, the same with room to grow, what is kept beside it, an edge."""


def view(trace: Trace, t0: int | None, t1: int | None, px: int, lanes: Iterable[int] | None = None, budget: int = 2000) -> dict[str, Any]:
    """The contract's view of `[t0, t1)` on `px` pixels. Who asks about one trace again and again keeps a `ViewIndex` of it."""
    return ViewIndex(trace).view(t0, t1, px, lanes, budget)


class ViewIndex:
    """The index of one snapshot of a trace; `grown` answers that of the next. Lanes are indexed when they are first asked for.

    Threads may share one. Of several that grow, each must grow the one that the last growth answered.
    """

    def __init__(self, trace: Trace) -> None:
        self.head = replace(trace, segments=Segments.empty())
        """The trace without its closed segments: of a snapshot that has grown, quicker to have than `trace`."""
        self._whole: Trace | None = trace
        self._lanes: dict[int, LaneIndex] = {}
        self._rows = len(trace.segments)
        self._grew = False
        """Whether `_lanes` has every lane that has segments, with memory of its own, rather than those that somebody has asked for."""
        self._at_work: AtWork | None = None
        self._gils: dict[int | None, tuple[int, ...]] = {}
        self._edges_before: EdgeIndex | None = None

    @property
    def trace(self) -> Trace:
        """The snapshot itself. Of one that has grown its segments are put together when this is first asked for."""
        if self._whole is None:
            closed = Segments.concat(index.closed_segments for _, index in sorted(self._lanes.items()))
            self._whole = replace(self.head, segments=closed)
        return self._whole

    def grown(self, frames: Iterable[Frame], record: Record | None = None) -> ViewIndex:
        """With these frames appended, at the cost of what they tell. `record`: what it says of itself from now on."""
        many = list(frames)
        head = self.head.grown(replace(frame, segments=Segments.empty()) for frame in many)
        if record is not None and record != head.record:
            head = replace(head, record=record)
        more = Segments.concat(frame.segments for frame in many).sorted()
        after = ViewIndex(head)
        after._rows = self._rows + len(more)
        after._edges_before = self.__dict__.get("edge_index", self._edges_before)
        if not len(more) and self._whole is not None:
            after._whole, after._grew = replace(head, segments=self._whole.segments), self._grew
            after._lanes = {lane: index.grown(more, _of(head.open, lane)) for lane, index in self._lanes.items()}
        else:
            after._whole, after._grew = None, True
            after._lanes = self._grown_lanes(more, head.open)
        if self._at_work is not None and self._at_work.hosts == (self._at_work.hosts if head.lanes == self.head.lanes else _hosts(head)):
            after._at_work = self._at_work.grown(more)
        return after

    def lane(self, lane: int) -> LaneIndex:
        """The index of one lane; an empty one for a lane without segments."""
        found = self._lanes.get(lane)
        if found is None:
            closed = Segments.empty()
            if self._whole is not None:
                first, last = np.searchsorted(self._whole.segments.lane, [lane, lane + 1])
                closed = self._whole.segments.take(slice(int(first), int(last)))
            found = self._lanes[lane] = LaneIndex.of(closed, _of(self.head.open, lane))
        return found

    @property
    def nbytes(self) -> int:
        """About how much memory it takes when everything of it has been asked for, segments and edges included."""
        beside = _KEPT * self._rows + _EDGE * len(self.head.edges)
        return beside + _COLUMNS * self._rows * (0 if self._whole is None else 1) + _GROWN * self._rows * self._grew

    def view(
        self, t0: int | None, t1: int | None, px: int, lanes: Iterable[int] | None = None, budget: int = 2000, at_work: bool = False
    ) -> dict[str, Any]:
        """By default the whole trace, and all lanes (at most MAX_LANES; the answer's `lanes` says which). Unknown lanes are left out.

        The answer's `t0_ns` and `t1_ns` are the asked-for ones moved outwards to the borders of columns; `totals`, ns per lane and state,
        are of exactly the asked-for window. `holders` is coverage, too: per GIL and core the share of each thread that it is held by.
        `at_work` is None unless asked for; see `AtWork.told`. Raises ViewError.
        """
        begin, end = 0 if t0 is None else t0, max(self.head.t_ns, 1) if t1 is None else t1
        grid = Grid.covering(begin, end, px)
        known = self.head.lanes
        wanted = sorted(known) if lanes is None else [lane for lane in dict.fromkeys(lanes) if lane in known]
        indexes = {lane: self.lane(lane) for lane in wanted[:MAX_LANES]}
        shares = {lane: index.coverage(grid) for lane, index in indexes.items()}
        chosen = _widest(list(indexes.values()), grid, max(budget, 0))
        seen = [index.growing for index in indexes.values()]
        return {
            "t0_ns": grid.t0,
            "t1_ns": grid.t1,
            "columns": grid.columns,
            "ns_per_column": grid.ns_per_column,
            "lanes": list(indexes),
            "coverage": {str(lane): states for lane, (states, _) in shares.items()},
            "holders": {str(lane): holders for lane, (_, holders) in shares.items() if holders},
            "totals": {str(lane): index.totals(begin, end) for lane, index in indexes.items()},
            "at_work": self._who_works().told(grid, self.head.open) if at_work else None,
            "segments": self._told(chosen),
            "open": self._told(Segments.concat(part.take((part.end > grid.t0) & (part.start < grid.t1)) for part in seen)),
            "segments_in_window": sum(index.count(grid.t0, grid.t1) for index in indexes.values()),
            "segments_shown": len(chosen),
            "grown_to_ns": self.head.t_ns,
        }

    def sums(self, t0: int | None, t1: int | None) -> dict[str, int]:
        """ns per state in `[t0, t1)`, over all lanes that carry work: the `states` of `engine.metrics` for that window, sooner."""
        begin, end = 0 if t0 is None else t0, max(self.head.t_ns, 1) if t1 is None else t1
        carriers = self._carriers
        total = np.zeros(len(State), np.int64)
        if len(carriers) <= MAX_LANES:
            for lane in carriers:
                total += self.lane(lane).spent(begin, end)
        else:
            for part in (self.trace.segments, self.head.open):
                here = np.flatnonzero((part.end > begin) & (part.start < end))
                here = here[np.isin(part.lane[here], carriers)]
                inside = np.minimum(part.end[here], end) - np.maximum(part.start[here], begin)
                total += np.bincount(part.state[here], inside, len(State)).astype(np.int64)
        return {state.name: int(total[state]) for state in State if total[state] > 0}

    @cached_property
    def _carriers(self) -> tuple[int, ...]:
        return scope_of(self.head, 0, 1).carriers

    def edges(self, told: dict[str, Any], budget: int) -> dict[str, Any]:
        """Of a view that `view` has told: the edges of its window that touch its lanes; see `EdgeIndex.told`."""
        return self.edge_index.told(told["t0_ns"], told["t1_ns"], told["lanes"], budget) if budget > 0 else NO_EDGES

    @cached_property
    def edge_index(self) -> EdgeIndex:
        """The index of the trace's edges, made when it is first asked for."""
        return EdgeIndex(self.head.edges, self._edges_before)

    def holders(self, lane: int, start: Ints, end: Ints, ref: npt.NDArray[np.int32]) -> list[list[list[int]]]:
        """Per wait `[start, end)` of a thread or task: `[[lane, ns], …]`, who held the GIL that it waits for, longest first.

        `ref` is whom the record names as the holder: where a process has several GILs, it tells which one is meant.
        """
        return self._holders(self._gils_of(lane), start, end, ref)

    def _holders(self, gils: tuple[int, ...], start: Ints, end: Ints, ref: npt.NDArray[np.int32]) -> list[list[list[int]]]:
        if not gils or not len(start):
            return [[] for _ in start]
        told = [self.lane(gil).held_by(start, end) for gil in gils]
        if len(gils) == 1:
            return told[0]
        return [_meant(who, of_gils) for who, *of_gils in zip(ref.tolist(), *told, strict=True)]

    def _gils_of(self, lane: int) -> tuple[int, ...]:
        """Siblings wait for the same ones, so that it is worked out once for each parent."""
        found = self.head.lanes.get(lane)
        parent = None if found is None else found.parent
        if parent is None or found is None or found.kind == "interpreter":
            return gils_of(self.head, lane)
        if parent not in self._gils:
            self._gils[parent] = gils_of(self.head, lane)
        return self._gils[parent]

    def _who_works(self) -> AtWork:
        if self._at_work is None:
            found = AtWork(_hosts(self.head))
            closed = [self._whole.segments] if self._whole is not None else [self.lane(host).closed_segments for host in found.hosts]
            found = found.grown(Segments.concat(closed))
            self._at_work = found
        return self._at_work

    def _grown_lanes(self, more: Segments, growing: Segments) -> dict[int, LaneIndex]:
        """Every lane's index, with what is new of it."""
        if self._whole is not None and not self._grew:
            for lane in np.unique(self._whole.segments.lane).tolist():
                self.lane(lane)
        before = dict(self._lanes)
        borders = np.append(np.flatnonzero(np.diff(more.lane, prepend=-1)), len(more)).tolist()
        new = {int(more.lane[a]): more.take(slice(a, b)) for a, b in pairwise(borders)}
        open_now = set(growing.lane.tolist())
        nothing = Segments.empty()
        for lane in new.keys() | open_now | {lane for lane, index in before.items() if len(index.growing)}:
            index = before.get(lane) or LaneIndex.of(nothing, nothing)
            before[lane] = index.grown(new.get(lane, nothing), _of(growing, lane) if lane in open_now else nothing)
        return before

    def _told(self, part: Segments) -> list[dict[str, Any]]:
        """As JSON; each wait for the GIL with its `holders`."""
        told = part.to_json(self.head.strings)
        waits = np.flatnonzero(part.state == State.gil_wait)
        by_gils: dict[tuple[int, ...], list[int]] = {}
        for row, lane in zip(waits.tolist(), part.lane[waits].tolist(), strict=True):
            by_gils.setdefault(self._gils_of(lane), []).append(row)
        for gils, rows in by_gils.items():
            for row, holders in zip(rows, self._holders(gils, part.start[rows], part.end[rows], part.ref[rows]), strict=True):
                told[row]["holders"] = holders
        return told


def _of(segments: Segments, lane: int) -> Segments:
    return segments.take(segments.lane == lane) if len(segments) else segments


def _hosts(trace: Trace) -> frozenset[int]:
    """The threads that carry work, themselves or by their tasks."""
    found = (host_of(trace, lane.id) for lane in trace.lanes.values() if lane.measured)
    return frozenset(host for host in found if host is not None)


def _meant(who: int, of_gils: list[list[list[int]]]) -> list[list[int]]:
    """Of what several GILs tell of their holders during one wait: that of the GIL which `who` held longest; nothing if none was theirs."""
    theirs = [sum(ns for holder, ns in held if holder == who) for held in of_gils]
    return of_gils[theirs.index(max(theirs))] if max(theirs) else []


def _widest(indexes: list[LaneIndex], grid: Grid, budget: int) -> Segments:
    """Of all segments wide enough to see, at most `budget`, the widest ones; sorted by lane and start."""
    if not budget:
        return Segments.empty()
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
