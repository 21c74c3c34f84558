"""What is known of each process, thread, task and core while its lanes are drawn. Times are ns since the trace began, lanes their ids."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engine.agent._gilscope import codes
from engine.timeline.evidence import GIL_ABSENT, GIL_OFF, Marked
from engine.timeline.layer import Layer
from engine.timeline.pen import Pen
from engine.timeline.thread_states import AFTER, BEFORE, BETWEEN, SELECT, UNSEEN, UNTOLD, ThreadLayers
from engine.trace import State

T_READY, T_STEP, T_ENDED, T_SUSPENDED = -1, -2, -3, 0
"""Values of a task's layer; `T_SUSPENDED + operation` says what it awaits. A task is born ready: its loop was asked to call it soon."""

_KINDS = {
    codes.THREAD_END: AFTER,
    codes.JOB_BEGIN: codes.PYTHON,
    codes.JOB_END: codes.PYTHON,
    codes.OP_END: codes.PYTHON,
    codes.MODEL_BEGIN: codes.PYTHON,
    codes.SELECT_BEGIN: SELECT,
    codes.SELECT_END: codes.PYTHON,
}
_OPERATION_OF = np.full(256, BEFORE, np.int64)
for _kind, _value in _KINDS.items():
    _OPERATION_OF[_kind] = _value
_TELLS_OPERATION = np.zeros(256, bool)
_TELLS_OPERATION[[*_KINDS, codes.OP_BEGIN]] = True


@dataclass(slots=True, eq=False)
class ProcessTrack:
    """`seen` is who was seen to hold its GIL and `source` by what; `gil` is who is taken to hold it, up to `settled`. `told` is 1 while
    it is seen who asks for it, `interval_ns` its switch interval, `gil_lane` where it is drawn (None: no Python).
    """

    pid: int
    lane: int
    pen: Pen
    interval_ns: int
    gil: Layer = field(default_factory=lambda: Layer(UNTOLD))
    told: Layer = field(default_factory=lambda: Layer(0))
    gil_lane: int | None = None
    gil_pen: Pen | None = None
    gil_note: str | None = None
    sources: set[int] = field(default_factory=set)
    life: Layer = field(default_factory=lambda: Layer(State.starting))
    works: bool = False
    seen: Layer = field(default_factory=lambda: Layer(UNTOLD))
    source: Layer = field(default_factory=lambda: Layer(GIL_OFF))
    settled: int = 0
    threads: list[ThreadTrack] = field(default_factory=list)
    ended: int | None = None
    signal: int | None = None
    told_end: bool = False
    overlap_since: int | None = None

    @property
    def has_gil(self) -> bool:
        return GIL_ABSENT not in self.sources


@dataclass(slots=True, eq=False)
class ThreadTrack:
    """`told_until`, `tick`: how far marks alone have told where it was. `placed`: its core layer is inferred. `step`: the task it steps."""

    process: ProcessTrack
    tid: int
    lane: int
    pen: Pen
    core: Layer = field(default_factory=lambda: Layer(UNSEEN))
    operation: Layer = field(default_factory=lambda: Layer(BEFORE))
    asks: Layer = field(default_factory=lambda: Layer(0))
    tasks: dict[int, TaskTrack] = field(default_factory=dict)
    step: TaskTrack | None = None
    job: tuple[int, int] | None = None
    ended: int | None = None
    tick: tuple[int, int] | None = None
    told_until: int = 0
    jobs_begun: int = 0
    placed: bool = False
    voluntary: int = 0
    involuntary: int = 0

    @property
    def layers(self) -> ThreadLayers:
        process = self.process
        return ThreadLayers(
            self.tid,
            self.core,
            self.operation,
            process.gil if process.has_gil else None,
            self.asks,
            process.told,
            self.placed,
            process.interval_ns,
        )

    def take_operations(self, marked: Marked, origin: int) -> None:
        """Grows the operation layer by the marks that tell of it."""
        which = _TELLS_OPERATION[marked.kind]
        kind = marked.kind[which]
        begun = np.cumsum((kind == codes.JOB_BEGIN).astype(np.int64) - (kind == codes.JOB_END)) + self.jobs_begun
        self.jobs_begun = int(begun[-1]) if len(begun) else self.jobs_begun
        value = np.where(kind == codes.OP_BEGIN, marked.argument[which] & 0xFF, _OPERATION_OF[kind])
        value = np.where((value == codes.PYTHON) & (begun <= 0), BETWEEN, value)
        self.operation.extend(marked.t[which] - origin, value)

    def end(self, t: int) -> None:
        if self.ended is None:
            self.ended = t

    def forget(self, before: int) -> None:
        for layer in (self.core, self.operation, self.asks):
            layer.forget(before)


@dataclass(slots=True, eq=False)
class TaskTrack:
    """`awaits` is the operation that its next suspension is for; `pending` are changes of state that the layer has not got yet."""

    lane: int
    pen: Pen
    state: Layer = field(default_factory=lambda: Layer(T_READY))
    awaits: int = codes.CALL
    pending: list[tuple[int, int]] = field(default_factory=list)
    job: tuple[int, int] | None = None
    ended: int | None = None

    state_now: int = T_READY
    called_again: bool = False

    def becomes(self, t: int, value: int) -> None:
        self.state_now = value
        self.pending.append((t, value))

    def settle(self) -> None:
        """Moves what the marks told into the layer, in one go."""
        if self.pending:
            t, value = zip(*self.pending, strict=True)
            self.state.extend(t, value)
            self.pending.clear()


@dataclass(slots=True, eq=False)
class CpuTrack:
    """`thread` is the id of who is on it, 0 for none of ours."""

    lane: int
    pen: Pen
    thread: Layer = field(default_factory=lambda: Layer(0))
