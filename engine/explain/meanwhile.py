"""What others did meanwhile: lookups in one snapshot of a trace, by lane and time, none of which looks at all of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from engine.explain.answer import Spell
from engine.explain.crossing import crossing
from engine.scope import gils_of, host_of, process_of
from engine.trace import Edge, Lane, LaneKind, Segments, State, Trace
from engine.views import ViewIndex
from engine.wording import duration

_WORK = (State.running, State.native)
_KINDS = {"interpreter": "the ", "task": "task ", "process": "process ", "thread": "", "cpu": ""}
_MANY = 50_000
_IN_STEP = (State.running, State.native, State.gil_wait, State.runnable, State.lock_wait, State.io_wait)


class Doing(NamedTuple):
    """How long a lane was in a state, with a detail, in some window."""

    state: State
    detail: str | None
    ns: int


class Had(NamedTuple):
    """How long somebody had a GIL or a core in some window, `ns` in all; and the longest spell of it, cut at the window's borders."""

    lane: int
    ns: int
    start: int
    end: int


class Meanwhile:
    """`lanes` that were looked at are remembered: an answer is as exact as the weakest of them."""

    def __init__(self, index: ViewIndex) -> None:
        self.index = index
        self.looked_at: set[int] = set()

    @property
    def trace(self) -> Trace:
        """Without its closed segments, which the index has."""
        return self.index.head

    @cached_property
    def _names(self) -> Counter[tuple[str, str]]:
        return Counter((lane.kind, lane.name) for lane in self.trace.lanes.values())

    def lane(self, lane: int) -> Lane:
        return self.trace.lanes[lane]

    def name(self, lane: int | None) -> str:
        """`worker-1`, `task fetch-2`, `the GIL`, `process worker-1`; with its process where the name alone does not tell which."""
        if lane is None or lane not in self.trace.lanes:
            return "somebody who has no lane"
        found = self.lane(lane)
        name, kind = found.name, _KINDS[found.kind]
        if found.kind == "process" and self._names["process", name] > 1 and found.pid is not None:
            name = f"{name} ({found.pid})"
        if found.kind in ("thread", "interpreter") and self._names[found.kind, name] > 1:
            process = process_of(self.trace, lane)
            if process is not None and self.lane(process).name != name:
                name = f"{name} of {self.name(process).removeprefix('process ')}"
        return name if kind and name.lower().startswith(kind.strip()) else f"{kind}{name}"

    def of_kind(self, kind: LaneKind) -> list[int]:
        """All lanes of a kind, ascending."""
        return sorted(lane.id for lane in self.trace.lanes.values() if lane.kind == kind)

    def spells(self, lane: int, t0: int, t1: int) -> Segments:
        """What the lane was in during `[t0, t1)`, cut at its borders."""
        self.looked_at.add(lane)
        index = self.index.lane(lane)
        first, last = index.bounds(t0, t1)
        return index.segments.take(slice(first, max(first, last))).clipped(t0, t1)

    def at(self, lane: int, t: int) -> tuple[Spell | None, Spell | None, Spell | None]:
        """The spell before `t`, the one at it, and the one after it; None for each where there is none, or a gap."""
        index = self.index.lane(lane)
        segments = index.segments
        row = int(np.searchsorted(segments.end, t, "right"))
        here = row < len(segments) and int(segments.start[row]) <= t
        rows = (row - 1, row if here else -1, row + 1 if here else row)
        before, now, after = (self._spell(segments, at, at >= index.closed) if 0 <= at < len(segments) else None for at in rows)
        return before, now, after

    def doing(self, lane: int, t0: int, t1: int) -> list[Doing]:
        """What the lane was at in `[t0, t1)`, longest first; of very many spells without their details."""
        index = self.index.lane(lane)
        if index.count(t0, t1) > _MANY:
            self.looked_at.add(lane)
            found = [Doing(State[state], None, ns) for state, ns in index.totals(t0, t1).items()]
            return sorted(found, key=lambda one: -one.ns)
        part = self.spells(lane, t0, t1)
        keys, which = np.unique(part.state + len(State) * (part.detail.astype(np.int64) + 1), return_inverse=True)
        total = np.bincount(which, part.end - part.start, len(keys)).astype(np.int64)
        found = [
            Doing(State(key % len(State)), self.detail(key // len(State) - 1), ns)
            for key, ns in zip(keys.tolist(), total.tolist(), strict=True)
        ]
        return sorted(_in_functions(found), key=lambda one: -one.ns)

    def detail(self, number: int) -> str | None:
        return self.trace.strings[number] if 0 <= number < len(self.trace.strings) else None

    def holds(self, lane: int, t0: int, t1: int) -> Segments:
        """When a GIL was held, or a core was busy, in `[t0, t1)`, by whoever has a lane."""
        part = self.spells(lane, t0, t1)
        part = part.take(np.isin(part.state, (State.held, State.busy)) & (part.ref >= 0))
        unknown = [ref for ref in np.unique(part.ref).tolist() if ref not in self.trace.lanes]
        return part.take(~np.isin(part.ref, unknown)) if unknown else part

    def had(self, lane: int, t0: int, t1: int) -> list[Had]:
        """By whom a GIL was held, or a core was busy, in `[t0, t1)`, longest first."""
        part = self.holds(lane, t0, t1)
        length = part.end - part.start
        found = []
        for ref in np.unique(part.ref).tolist():
            rows = np.flatnonzero(part.ref == ref)
            best = rows[np.argmax(length[rows])]
            found.append(Had(ref, int(length[rows].sum()), int(part.start[best]), int(part.end[best])))
        return sorted(found, key=lambda had: (-had.ns, had.start))

    def on_cores(self, lane: int, t0: int, t1: int) -> int | None:
        """How many ns of `[t0, t1)` the lane's thread was on cores; None where those were not recorded."""
        cores, thread = self.of_kind("cpu"), self.host(lane)
        return sum(had.ns for core in cores for had in self.had(core, t0, t1) if had.lane == thread) if cores else None

    def gil_of(self, lane: int, ref: int | None, t0: int, t1: int) -> int | None:
        """The GIL that a thread or task needs: where its process has several, the one that `ref` held longest in `[t0, t1)`."""
        gils = gils_of(self.trace, lane)
        if len(gils) < 2 or ref is None:
            return gils[0] if len(gils) == 1 else None
        theirs = {gil: sum(had.ns for had in self.had(gil, t0, t1) if had.lane == ref) for gil in gils}
        best = max(gils, key=lambda gil: theirs[gil])
        return best if theirs[best] else None

    def host(self, lane: int) -> int:
        """The thread that a task runs on; the lane itself, if it is none."""
        return host_of(self.trace, lane) or lane

    def tasks_beside(self, lane: int) -> list[int]:
        """The other tasks on the same thread, or all tasks of a thread."""
        host = self.host(lane)
        return [one.id for one in self.trace.lanes.values() if one.kind == "task" and one.id != lane and one.parent == host]

    def steps(self, tasks: Sequence[int], t0: int, t1: int) -> Segments:
        """The steps of tasks that lie in `[t0, t1)` at least in part, whole, in the order of time; their state is what took longest.

        A step is what its loop cannot interrupt: from getting the turn to awaiting, a block or a lack of cores included.
        """
        part = crossing(self.index.trace, tasks, t0, t1)
        part = part.take(np.isin(part.state, _IN_STEP))
        if not len(part):
            return part
        begins = np.ones(len(part), bool)
        begins[1:] = (part.lane[1:] != part.lane[:-1]) | (part.start[1:] != part.end[:-1])
        first = np.flatnonzero(begins)
        last = np.append(first[1:], len(part)) - 1
        longest = np.lexsort((part.end - part.start, np.cumsum(begins)))[last]
        steps = Segments(part.lane[first], part.start[first], part.end[last], part.state[longest], part.detail[longest], part.ref[first])
        return steps.take(np.argsort(steps.start, kind="stable"))

    def _edges(self, lane: int, t0: int, t1: int) -> list[Edge]:
        lanes = self.trace.lanes
        return [edge for edge in self.index.edge_index.touching(lane, t0, t1) if edge.from_lane in lanes and edge.to_lane in lanes]

    def arriving(self, lane: int, t0: int, t1: int) -> list[Edge]:
        """The edges that end on the lane in `[t0, t1)`."""
        return [edge for edge in self._edges(lane, t0, t1) if edge.to_lane == lane and t0 <= edge.to_ns < t1]

    def leaving(self, lane: int, t0: int, t1: int) -> list[Edge]:
        """The edges that begin on the lane in `[t0, t1)`."""
        return [edge for edge in self._edges(lane, t0, t1) if edge.from_lane == lane and t0 <= edge.from_ns < t1]

    def how_to_see(self, source: str) -> str | None:
        """What to do for more, where a source did not tell exactly."""
        how = self.trace.record.sources.get(source, "off")
        return None if how == "exact" else "`gilscope doctor` says what could be seen on the machine that records, and what is in the way."

    def lane_called(self, name: str, spell: Spell) -> int | None:
        """The thread, process or task of that name that was there during the spell: of the same process, if there is one."""
        lanes = [lane for lane in self.trace.lanes.values() if name and lane.name == name and lane.kind in ("thread", "process", "task")]
        there = [lane for lane in lanes if lane.start_ns < spell.end and (lane.end_ns is None or lane.end_ns > spell.start)]
        mine = self.lane(spell.lane).pid
        return min(there, key=lambda lane: (lane.pid != mine, lane.kind == "process", lane.id)).id if there else None

    def last_to_end(self, spell: Spell) -> int | None:
        """Of the threads beside the spell's lane and the processes below its own, the one that ended last before the spell did."""
        mine = process_of(self.trace, spell.lane)
        ends = [
            (lane.end_ns if lane.kind == "thread" else self._ended(lane), lane.id)
            for lane in self.trace.lanes.values()
            if lane.parent == mine and lane.id != spell.lane and lane.kind in ("thread", "process")
        ]
        return max(((end, lane) for end, lane in ends if end is not None and spell.start < end <= spell.end), default=(0, None))[1]

    def _ended(self, process: Lane) -> int | None:
        """When a process had ended: its lane goes on, in a state that says so."""
        last = self.index.lane(process.id).segments
        return int(last.start[-1]) if len(last) and last.state[-1] in (State.exited, State.crashed) else None

    def process_of_pid(self, pid: int) -> int | None:
        """The process lane of a pid; the latest, should several have had it."""
        return max((lane.id for lane in self.trace.lanes.values() if lane.kind == "process" and lane.pid == pid), default=None)

    @property
    def has_gil(self) -> bool:
        """Whether the run's interpreter has a GIL, as far as the record says."""
        interpreter = self.trace.record.spec.interpreter
        return not (interpreter.get("free_threaded") is True and interpreter.get("gil_enabled") is False)

    def interval(self) -> tuple[int, str]:
        """The switch interval in ns, and how it is called: a program may have set its own."""
        ns = round(self.trace.record.spec.switch_interval * 1e9)
        return ns, "the switch interval" if self.trace.record.spec.program else f"the switch interval of {duration(ns)}"

    def _spell(self, segments: Segments, row: int, growing: bool) -> Spell:
        ref = int(segments.ref[row])
        state = State(int(segments.state[row]))
        start, end = int(segments.start[row]), int(segments.end[row])
        return Spell(
            int(segments.lane[row]),
            start,
            end,
            state,
            self.detail(int(segments.detail[row])),
            ref if ref in self.trace.lanes else None,
            growing,
        )


def _in_functions(done: list[Doing]) -> list[Doing]:
    """With work told once for each state: the function is the one in which it was seen for most of the time in which any was seen."""
    told = [one for one in done if one.state not in _WORK]
    for state in _WORK:
        mine = [one for one in done if one.state is state]
        seen = sorted((one for one in mine if one.detail), key=lambda one: -one.ns)
        sure = bool(seen) and 2 * seen[0].ns >= sum(one.ns for one in seen)
        if mine:
            told.append(Doing(state, seen[0].detail if sure else None, sum(one.ns for one in mine)))
    return told
