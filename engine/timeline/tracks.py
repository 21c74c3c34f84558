"""What is known of each process, interpreter, thread, task and core while its lanes are drawn. Times are ns since the trace began, lanes
their ids."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

import numpy as np

from engine.agent._gilscope import codes
from engine.timeline.evidence import GIL_OFF, GilSource
from engine.timeline.layer import Layer, Sightings, boundaries
from engine.timeline.operations import BEFORE, OperationFold
from engine.timeline.pen import Pen
from engine.timeline.standing import Standing
from engine.timeline.thread_states import UNSEEN, UNTOLD, ThreadLayers
from engine.trace import State

T_READY, T_STEP, T_ENDED, T_SUSPENDED = -1, -2, -3, 0
"""Values of a task's layer; `T_SUSPENDED + operation` says what it awaits. A task is born ready: its loop was asked to call it soon."""


@dataclass(slots=True, eq=False)
class InterpreterTrack:
    """One interpreter and its GIL. `number` is CPython's, 0 the main one's.

    `seen` is who was seen to hold the GIL and `source` by what; `gil` is who is taken to hold it, up to `settled`. `told` is 1 while
    it is seen who asks for it; `lane` is where it is drawn (None: nobody has run Python in it yet).
    """

    number: int
    settled: int = 0
    gil: Layer = field(default_factory=lambda: Layer(UNTOLD))
    told: Layer = field(default_factory=lambda: Layer(0))
    seen: Layer = field(default_factory=lambda: Layer(UNTOLD))
    source: Layer = field(default_factory=lambda: Layer(GIL_OFF))
    latest: GilSource | None = None
    standing: Standing = field(default_factory=Standing)
    lane: int | None = None
    pen: Pen | None = None

    @property
    def has_gil(self) -> bool:
        return not self.standing.disabled


@dataclass(slots=True, eq=False)
class ProcessTrack:
    """`interval_ns`: its switch interval. `targets`: what the numbers of its operations name. `collecting` is 1 while one of its threads
    collects garbage. `works`: its jobs have begun, or its program has. `threads` are those that are not yet told to their end; the others'
    latest end is `last_end`.
    """

    pid: int
    lane: int
    pen: Pen
    interval_ns: int
    interpreters: dict[int, InterpreterTrack]
    life: Layer = field(default_factory=lambda: Layer(State.starting))
    works: bool = False
    threads: list[ThreadTrack] = field(default_factory=list)
    targets: dict[int, str] = field(default_factory=dict)
    collecting: Layer = field(default_factory=lambda: Layer(0))
    last_end: int = 0
    ended: int | None = None
    signal: int | None = None
    told_end: bool = False
    overlap_since: dict[int, int] = field(default_factory=dict)

    @property
    def main(self) -> InterpreterTrack:
        return self.interpreters[0]


@dataclass(slots=True, eq=False)
class ThreadTrack:
    """`interpreter`: in which it is. `stepping`: the lane of the task whose step it is at, 0 for none; `step` that task, now.

    `told_until`, `tick`: how far marks alone have told where it was. `placed`: its core layer is inferred. `cpu`: the core that it is on or
    was. `measured`: since when it, or a task of it, carries jobs. `waits`: what it was seen to be blocked in. `functions`: in which it was
    seen to be, as numbers of strings. `woken`: when, and by which lane it was let go on.
    """

    process: ProcessTrack
    tid: int
    lane: int
    pen: Pen
    operations: OperationFold
    standing: Standing
    core: Layer = field(default_factory=lambda: Layer(UNSEEN))
    cpu: Layer = field(default_factory=lambda: Layer(-1))
    operation: Layer = field(default_factory=lambda: Layer(BEFORE))
    asks: Layer = field(default_factory=lambda: Layer(0))
    interpreter: Layer = field(default_factory=lambda: Layer(0))
    stepping: Layer = field(default_factory=lambda: Layer(0))
    waits: Sightings | None = None
    functions: Sightings = field(default_factory=lambda: Sightings(carried=False))
    woken: list[tuple[int, int]] = field(default_factory=list)
    tasks: dict[int, TaskTrack] = field(default_factory=dict)
    step: int = 0
    job: tuple[int, int] | None = None
    ended: int | None = None
    tick: tuple[int, int] | None = None
    told_until: int = 0
    placed: bool = False
    measured: int | None = None
    voluntary: int = 0
    involuntary: int = 0

    def layers(self, t0: int, t1: int) -> ThreadLayers:
        """The evidence on it in `[t0, t1)`."""
        process = self.process
        if len(process.interpreters) == 1:
            gil, told = process.main.gil, process.main.told
        else:
            gil, told = _of_interpreters(self, t0, t1)
        return ThreadLayers(
            self.tid,
            self.core,
            self.operation,
            gil if process.main.has_gil else None,
            self.asks,
            told,
            self.placed,
            process.interval_ns,
            self.waits,
            process.collecting,
        )

    def end(self, t: int) -> None:
        if self.ended is None:
            self.ended = t

    def forget(self, before: int) -> None:
        for layer in (self.core, self.cpu, self.operation, self.asks, self.interpreter, self.stepping):
            layer.forget(before)
        self.functions.forget(before)
        if self.waits is not None:
            self.waits.forget(before)
        del self.woken[: bisect_left(self.woken, (before, 0))]


def _of_interpreters(thread: ThreadTrack, t0: int, t1: int) -> tuple[Layer, Layer]:
    """Who holds the GIL that the thread needs, and whether it is told who asks for it: of the interpreter that it is in at each moment."""
    tracks = thread.process.interpreters
    start = boundaries([thread.interpreter, *(layer for track in tracks.values() for layer in (track.gil, track.told))], t0, t1)
    where = thread.interpreter.at(start)
    gil, told = Layer(UNTOLD), Layer(0)
    holder, is_told = np.full(len(start), UNTOLD, np.int64), np.zeros(len(start), np.int64)
    for number, track in tracks.items():
        held = track.gil.at(start)
        # It holds one GIL at a time, and has it before its first mark in there says where it is.
        here = (held == thread.tid) | ((where == number) & (holder != thread.tid))
        holder, is_told = np.where(here, held, holder), np.where(here, track.told.at(start), is_told)
    gil.extend(start, holder)
    told.extend(start, is_told)
    return gil, told


@dataclass(slots=True, eq=False)
class TaskTrack:
    """`awaits` is the operation that its next suspension is for, PYTHON where that is not told; `kind` is the last mark of it. `awaited` is
    what its last suspension, which is drawn already but not closed, turned out to have been for.
    """

    lane: int
    pen: Pen
    standing: Standing
    state: Layer = field(default_factory=lambda: Layer(T_READY))
    awaits: int = codes.PYTHON
    awaited: int | None = None
    kind: int = codes.TASK_NEW
    job: tuple[int, int] | None = None
    ended: int | None = None


@dataclass(slots=True, eq=False)
class CpuTrack:
    """`thread` is the id of who is on it, 0 for none of ours."""

    lane: int
    pen: Pen
    thread: Layer = field(default_factory=lambda: Layer(0))
