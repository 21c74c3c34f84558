"""Draws lanes from tracks: the window between what is decided and the watermark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from engine.agent._gilscope import codes
from engine.timeline.cast import Cast
from engine.timeline.details import NONE, Details
from engine.timeline.functions import with_functions
from engine.timeline.layer import Ints, boundaries, distinct
from engine.timeline.operations import among, plain
from engine.timeline.pen import NO_ROWS, Rows
from engine.timeline.refs import with_refs
from engine.timeline.runs import Runs
from engine.timeline.thread_states import NOBODY, UNTOLD, thread_states
from engine.timeline.tracks import (
    T_ENDED,
    T_READY,
    T_STEP,
    T_SUSPENDED,
    CpuTrack,
    InterpreterTrack,
    ProcessTrack,
    TaskTrack,
    ThreadTrack,
)
from engine.trace import State

LaneOf = Callable[[int], int]
"""The lane of a thread id, -1 when it has none."""

_OUTSIDE_STEPS = {T_READY: State.ready, T_ENDED: State.unknown}
_WORKS = among(codes.PYTHON, codes.CALL)


class ThreadDrawing:
    """Draws threads and their tasks."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self._details = Details(cast.book)

    def draw(self, thread: ThreadTrack, upto: int, watermark: int) -> list[tuple[int, Rows]]:
        """Rows of the thread and of each of its tasks, by lane."""
        live = [task for task in thread.tasks.values() if task.ended is None or task.pen.drawn < task.ended or task.pen.open is not None]
        begin = min([thread.pen.look_from, *(task.pen.look_from for task in live)])
        limit = watermark if thread.ended is None else min(watermark, thread.ended)
        if limit <= begin:
            return []
        layers = thread.layers(begin, limit)
        runs = thread_states(layers, begin, limit)
        runs = replace(runs, detail=self._details.named(runs.detail, thread.process.targets))
        found = [(thread.lane, thread.pen.draw(runs, min(upto, limit)))]
        found += [(task.lane, self._task(task, thread, runs, upto, limit)) for task in live]
        return [(lane, with_functions(with_refs(rows, thread, layers.gil, self._cast), thread.functions)) for lane, rows in found]

    def _task(self, task: TaskTrack, thread: ThreadTrack, host: Runs, upto: int, watermark: int) -> Rows:
        """In a step a task is in what its thread is in; outside, its own layer tells."""
        limit = watermark if task.ended is None else min(watermark, task.ended)
        if task.awaited is not None:
            task.pen.amend(State.suspended, self._details.number(task.awaited, thread.process.targets))
            task.awaited = None
        begin = task.pen.look_from
        if limit <= begin:
            return task.pen.close(task.ended) if task.ended is not None and upto >= task.ended else NO_ROWS
        inside = host.start[(host.start > begin) & (host.start < limit)]
        start = distinct(np.concatenate((boundaries([task.state], begin, limit), inside)))
        own = task.state.at(start)
        within = np.maximum(np.searchsorted(host.start, start, "right") - 1, 0)
        in_step = own == T_STEP
        state = np.where(in_step, host.state[within], int(State.suspended))
        for value, outside in _OUTSIDE_STEPS.items():
            state[own == value] = outside
        awaited = self._details.named(np.where(own >= T_SUSPENDED, own - T_SUSPENDED, NONE), thread.process.targets)
        detail = np.where(in_step, host.detail[within], awaited)
        rows = task.pen.draw(Runs(start, limit, state, detail, np.full(len(start), -1, np.int64)).merged(), min(upto, limit))
        if task.ended is not None and upto >= task.ended:
            return np.concatenate((rows, task.pen.close(task.ended)))
        return rows


def draw_gil(process: ProcessTrack, track: InterpreterTrack, upto: int, watermark: int, lane_of: LaneOf) -> Rows:
    """Held by whom, or free."""
    pen = track.pen
    limit = watermark if process.ended is None else min(watermark, process.ended)
    if pen is None or limit <= pen.look_from or not track.has_gil:
        return NO_ROWS
    start = boundaries([track.gil], pen.look_from, limit)
    holder = track.gil.at(start)
    state = np.select([holder == NOBODY, holder == UNTOLD], [int(State.free), int(State.unknown)], int(State.held))
    ref = _lanes(np.where(holder > 0, holder, 0), lane_of)
    return pen.draw(Runs(start, limit, state, np.full(len(start), -1, np.int64), ref).merged(), min(upto, limit))


def draw_cpu(cpu: CpuTrack, upto: int, watermark: int, lane_of: LaneOf) -> Rows:
    """Busy with one of ours, or not."""
    if watermark <= cpu.pen.look_from:
        return NO_ROWS
    start = boundaries([cpu.thread], cpu.pen.look_from, watermark)
    who = cpu.thread.at(start)
    state = np.where(who > 0, int(State.busy), int(State.idle))
    return cpu.pen.draw(Runs(start, watermark, state, np.full(len(start), -1, np.int64), _lanes(who, lane_of)).merged(), upto)


def draw_process(process: ProcessTrack, upto: int) -> Rows:
    """Starting, then running."""
    limit = upto if process.ended is None else min(upto, process.ended)
    if limit <= process.pen.look_from:
        return NO_ROWS
    start = boundaries([process.life], process.pen.look_from, limit)
    none = np.full(len(start), -1, np.int64)
    return process.pen.draw(Runs(start, limit, process.life.at(start), none, none).merged(), limit)


class Overlap:
    """The GIL as a test of us, on raw evidence: time in which two threads of one GIL were on cores at once, both at Python work.

    `oncore_ns` is all of it; `long_ns` only spells of `LONG_NS` and more, which no hand-off or wake-up explains.
    """

    LONG_NS = 100_000

    def __init__(self) -> None:
        self.oncore_ns = 0
        self.long_ns = 0

    def measure(self, process: ProcessTrack, t0: int, t1: int) -> None:
        threads = [thread for thread in process.threads if thread.ended is None or thread.ended > t0]
        if len(threads) < 2 or not process.main.has_gil or t1 <= t0:
            return
        for number in process.interpreters:
            self._measure(process, number, threads, t0, t1)

    def _measure(self, process: ProcessTrack, number: int, threads: list[ThreadTrack], t0: int, t1: int) -> None:
        layers = [layer for thread in threads for layer in (thread.core, thread.operation, thread.interpreter)]
        start = boundaries(layers, t0, t1)
        count = np.zeros(len(start), np.int64)
        for thread in threads:
            at_work = (thread.core.at(start) >= 0) & _WORKS[plain(thread.operation.at(start))]
            at_work &= thread.interpreter.at(start) == number
            count += at_work if thread.ended is None else at_work & (start < thread.ended)
        length = np.diff(np.append(start, t1))
        over = count >= 2
        self.oncore_ns += int(length[over].sum())
        spell = process.overlap_since.get(number)
        for t, is_over in zip(start.tolist(), over.tolist(), strict=True):
            if is_over:
                spell = t if spell is None else spell
                process.overlap_since[number] = spell
            elif spell is not None:
                self.long_ns += t - spell if t - spell >= self.LONG_NS else 0
                spell = None
                del process.overlap_since[number]


def _lanes(tids: Ints, lane_of: LaneOf) -> Ints:
    values, index = np.unique(tids, return_inverse=True)
    return np.array([lane_of(tid) if tid > 0 else -1 for tid in values.tolist()], np.int64)[index]
