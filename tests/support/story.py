"""Evidence made up for tests: what happened is told line by line, in ms, and comes out as the harvests that probes would make of it.

story = Story()
story.born(1, 1)
story.on(0, 1, cpu=0)
story.holds(0, 1)
timeline, frames = story.told(10)
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from operator import itemgetter
from typing import Any

import numpy as np

from engine.timeline.evidence import (
    GIL_EXACT,
    OFF_BLOCKED,
    OFF_PREEMPTED,
    ON,
    Became,
    Born,
    Ended,
    Evidence,
    Functions,
    GilSource,
    Marked,
    Switched,
    Triples,
    Waits,
    Wakes,
)
from engine.timeline.timeline import Timeline
from engine.trace import Frame, Record, RunSpec, State, Trace

MS = 1_000_000
PID = 100


class Story:
    """Everything is of process `PID`, unless a `pid` is given. Threads are their numbers; the first of a process has the process's."""

    def __init__(self, **timeline: Any) -> None:
        self._options = {"gil_is_seen": True, "program": True, **timeline}
        self._marks: dict[tuple[int, int, int], list[tuple[float, int, int]]] = defaultdict(list)
        self._texts: dict[tuple[int, int, int], dict[tuple[int, int], str]] = defaultdict(dict)
        self._switches: list[tuple[float, int, int, int, int]] = []
        self._took: list[tuple[float, int, int, int]] = []
        self._asked: list[tuple[float, int, int, int]] = []
        self._waits: list[tuple[float, int, int, str]] = []
        self._functions: list[tuple[float, int, str]] = []
        self._wakes: list[tuple[float, int, int]] = []
        self._born: list[Born] = []
        self._ended: list[Ended] = []
        self._became: list[Became] = []
        self._sources: list[GilSource] = []
        self._lost: dict[tuple[int, int, int], float] = {}

    def born(self, tid: int, by: int = 0, t: float = 0, *, pid: int = PID, ppid: int = PID) -> None:
        self._born.append(Born(_ns(t), pid, tid, ppid if tid == pid else pid, by))

    def ends(self, t: float, tid: int, pid: int = PID) -> None:
        self._ended.append(Ended(_ns(t), pid, tid))

    def on(self, t: float, tid: int, cpu: int = 0, pid: int = PID) -> None:
        self._switches.append((t, cpu, pid, tid, ON))

    def off(self, t: float, tid: int, cpu: int = 0, *, preempted: bool = False, pid: int = PID) -> None:
        self._switches.append((t, cpu, pid, tid, OFF_PREEMPTED if preempted else OFF_BLOCKED))

    def marks(self, t: float, tid: int, kind: int, argument: int = 0, text: str | None = None, *, pid: int = PID, within: int = 0) -> None:
        """`within`: the interpreter in which it is marked."""
        if text is not None:
            self._texts[pid, tid, within][kind, argument] = text
        self._marks[pid, tid, within].append((t, kind, argument))

    def names(self, tid: int, kind: int, argument: int, text: str, pid: int = PID) -> None:
        """What an argument of a kind of mark is called."""
        self._texts[pid, tid, 0][kind, argument] = text

    def loses(self, t: float, tid: int, pid: int = PID) -> None:
        """From then on marks of the thread find no room, until the harvest that comes next."""
        self._lost[pid, tid, 0] = t

    def sees(
        self, source: int = GIL_EXACT, t: float = 0, *, interpreter: int = 0, asks: bool = True, pid: int = PID, why: str = ""
    ) -> None:
        self._sources.append(GilSource(_ns(t), pid, source, asks, why, interpreter))

    def holds(self, t: float, tid: int, *, interpreter: int = 0, pid: int = PID) -> None:
        self._took.append((t, pid, tid, interpreter))

    def asks(self, t: float, tid: int, pid: int = PID) -> None:
        self._asked.append((t, pid, tid, -1))

    def waits(self, t: float, tid: int, what: int, on: str = "") -> None:
        self._waits.append((t, tid, what, on))

    def runs(self, t: float, tid: int, function: str) -> None:
        """The thread is seen in a function."""
        self._functions.append((t, tid, function))

    def wakes(self, t: float, waker: int, tid: int) -> None:
        self._wakes.append((t, tid, waker))

    def becomes(self, t: float, pid: int, kind: int, name: str) -> None:
        self._became.append(Became(_ns(t), pid, kind, name))

    def told(self, end: float, harvests: tuple[float, ...] = ()) -> Told:
        """Fed at `harvests`, each of which has all that is earlier, and finished at `end`."""
        timeline = Timeline(0, self._options.pop("kernel", "exact"), **self._options)
        frames, since = [], -1.0
        for upto in (*harvests, end):
            frames.append(timeline.feed(self._evidence(since, upto)))
            since = upto
        frames.append(timeline.finish(_ns(end)))
        return Told(frames)

    def told_with(self, end_ns: int, marked: tuple[Marked, ...]) -> Told:
        """Marks as they are, in one harvest, beside all else that was told."""
        timeline = Timeline(0, self._options.pop("kernel", "exact"), **self._options)
        frames = [timeline.feed(replace(self._evidence(-1, 0.001), marked=())), timeline.feed(Evidence(upto_ns=end_ns, marked=marked))]
        return Told([*frames, timeline.finish(end_ns)])

    def _evidence(self, since: float, upto: float) -> Evidence:
        def new(t: float) -> bool:
            return since <= t < upto

        switched = sorted(row for row in self._switches if new(row[0]))
        waits = [row for row in sorted(self._waits) if new(row[0])]
        targets = tuple(sorted({on for *_, on in waits if on}))
        wakes = [row for row in sorted(self._wakes) if new(row[0])]
        wait_columns = _columns([(t, PID, tid, what, targets.index(on) if on else -1) for t, tid, what, on in waits], 5)
        return Evidence(
            upto_ns=_ns(upto),
            switched=Switched(*_columns(switched, 5)),
            marked=tuple(self._marked(since, upto)),
            took=Triples(*_columns([row for row in sorted(self._took) if new(row[0])], 4)),
            asked=Triples(*_columns([row for row in sorted(self._asked) if new(row[0])], 4)),
            born=tuple(born for born in self._born if new(born.t / MS)),
            ended=tuple(ended for ended in self._ended if new(ended.t / MS)),
            gil_sources=tuple(source for source in self._sources if new(source.t / MS)),
            became=tuple(became for became in self._became if new(became.t / MS)),
            waits=Waits(wait_columns[0], wait_columns[1], wait_columns[2], wait_columns[3], wait_columns[4], targets),
            functions=self._seen_functions(since, upto),
            wakes=Wakes(*_columns(wakes, 3)),
        )

    def _seen_functions(self, since: float, upto: float) -> Functions:
        seen = sorted(row for row in self._functions if since <= row[0] < upto)
        names = tuple(dict.fromkeys(name for *_, name in seen))
        t, pid, tid, name = _columns([(t, PID, tid, names.index(name)) for t, tid, name in seen], 4)
        return Functions(t, pid, tid, name, names)

    def _marked(self, since: float, upto: float) -> list[Marked]:
        found = []
        for (pid, tid, within), rows in self._marks.items():
            mine = sorted((row for row in rows if since <= row[0] < upto), key=itemgetter(0))
            lost = since <= self._lost.get((pid, tid, within), -2) < upto
            if mine or lost:
                t, kind, argument = _columns(mine, 3)
                found.append(Marked(pid, tid, 1, t, kind, argument, self._texts.pop((pid, tid, within), {}), within, int(lost)))
        return found


class Told:
    """What a timeline made of a story."""

    def __init__(self, frames: list[Frame]) -> None:
        self.trace = Trace(Record("story", "", RunSpec("story", "program", 1, 0))).grown(frames)

    def lane(self, name: str) -> int:
        """Of what is no process: those are called like their first threads."""
        (lane,) = [lane.id for lane in self.trace.lanes.values() if lane.name == name and lane.kind != "process"]
        return lane

    def drawn(self, name: str) -> str:
        """A letter for each ms: the first of the state's name, but for G gil_wait, L lock_wait, I io_wait, R runnable, D ready, - idle."""
        rows = self.rows(name)
        letters = {
            State.gil_wait: "G",
            State.lock_wait: "L",
            State.io_wait: "I",
            State.runnable: "R",
            State.ready: "D",
            State.idle: "-",
            State.unknown: "?",
            State.starting: ".",
        }
        return "".join(letters.get(state, state.name[0]) * round((end - start) / MS) for start, end, state, _, _ in rows)

    def details(self, name: str, *states: State) -> list[str | None]:
        return [detail for _, _, state, detail, _ in self.rows(name) if not states or state in states]

    def refs(self, name: str, state: State) -> list[str | None]:
        """The names of the lanes that the lane's segments of that state refer to."""
        return [None if ref < 0 else self.trace.lanes[ref].name for _, _, its, _, ref in self.rows(name) if its == state]

    def edges(self) -> list[tuple[str, str, float, str, float]]:
        """(kind, from lane, ms, to lane, ms), in the order of time."""
        names = {lane.id: lane.name for lane in self.trace.lanes.values()}
        found = [(e.kind, names[e.from_lane], e.from_ns / MS, names[e.to_lane], e.to_ns / MS) for e in self.trace.edges]
        return sorted(found, key=lambda edge: edge[2])

    def rows(self, name: str) -> list[tuple[int, int, State, str | None, int]]:
        """(start, end, state, detail, ref)"""
        lane = self.lane(name)
        return [
            (start, end, State(state), self.trace.strings[detail] if detail >= 0 else None, ref)
            for of, start, end, state, detail, ref in self.trace.segments.rows()
            if of == lane
        ]


def _ns(t: float) -> int:
    return round(t * MS)


def _columns(rows: list[Any], width: int) -> Any:
    """The first of each row is a time in ms, and comes out in ns."""
    table = [[_ns(row[0]), *row[1:]] for row in rows]
    return np.array(table, np.int64).reshape(-1, width).T
