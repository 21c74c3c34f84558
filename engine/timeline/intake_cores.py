"""Takes in who was on which core: by switches, by accounts where there are none, by the marks' own ticks where there is nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.agent._gilscope import codes
from engine.timeline.cast import Cast
from engine.timeline.evidence import OFF_PREEMPTED, ON, Accounts, Ended, Ints, Marked, Switched
from engine.timeline.layer import Layer
from engine.timeline.placing import inferred_from_operations, placed, placed_between_ticks
from engine.timeline.thread_states import BLOCKED, NOBODY, PREEMPTED, UNSEEN
from engine.timeline.tracks import ThreadTrack


def take_switches(cast: Cast, switched: Switched, t: Ints, ended: tuple[tuple[int, Ended], ...]) -> None:
    """`t` are the switches' times since the trace began, `ended` who has ended when."""
    for tid, rows in by(switched.tid):
        thread = cast.thread(int(switched.pid[rows[0]]), tid, int(t[rows[0]]))
        kind = switched.kind[rows]
        value = np.where(kind == ON, switched.cpu[rows], np.where(kind == OFF_PREEMPTED, PREEMPTED, BLOCKED))
        thread.core.extend(t[rows], value)
        thread.cpu.extend(t[rows], switched.cpu[rows])
        preempted = int(np.count_nonzero(kind == OFF_PREEMPTED))
        thread.involuntary += preempted
        thread.voluntary += int(np.count_nonzero(kind != ON)) - preempted
    left: dict[int, list[int]] = {}
    for end, who in ended:
        # The kernel tells no switch off the core for a thread that ends on it.
        thread_ = cast.threads.get(who.tid or -1)
        if thread_ is not None and len(thread_.core.t) and thread_.core.value[-1] >= 0:
            left.setdefault(int(thread_.core.value[-1]), []).append(end)
    on_cpu = dict(by(switched.cpu))
    for cpu in on_cpu.keys() | left.keys():
        rows, ends = on_cpu.get(cpu, np.empty(0, np.intp)), left.get(cpu, [])
        times = np.concatenate((t[rows], np.array(ends, np.int64)))
        on = np.concatenate((np.where(switched.kind[rows] == ON, switched.tid[rows], 0), np.zeros(len(ends), np.int64)))
        order = np.argsort(times, kind="stable")
        cast.cpu(cpu).thread.extend(times[order], on[order])


def lose_sight(cast: Cast, t: int) -> None:
    """Any thread may have come or gone meanwhile: each is unknown until its next record."""
    for thread in cast.threads.values():
        if thread.ended is None and not (len(thread.core.t) and thread.core.t[-1] > t):
            thread.core.extend(t, UNSEEN)


def take_accounts(cast: Cast, accounts: Accounts, origin: int) -> None:
    """Where no switches are told: spells on a core and off it."""
    for tid, rows in by(accounts.tid):
        t0, t1 = accounts.t0[rows] - origin, accounts.t1[rows] - origin
        thread = cast.thread(int(accounts.pid[rows[0]]), tid, max(int(t0[0]), 0))
        told = Accounts(
            t0, t1, accounts.pid[rows], accounts.tid[rows], accounts.oncpu_ns[rows], accounts.waited_ns[rows], accounts.unsure_ns[rows]
        )
        thread.core.extend(*placed(told, _gil_of(thread), tid))


def _gil_of(thread: ThreadTrack) -> Layer:
    """The one that it took last, as far as is known."""
    took = [track.seen for track in thread.process.interpreters.values() if np.any(track.seen.value == thread.tid)]
    return took[-1] if took else Layer(NOBODY)


def take_ticks(cast: Cast, marked: Marked, origin: int) -> None:
    """What the marks of a thread, already taken in, tell of where it was."""
    thread = cast.thread(marked.pid, marked.tid, 0)
    ticks = marked.kind == codes.TICK
    upto = int(marked.t[-1]) - origin + 1 if len(marked.t) else thread.told_until
    changes = inferred_from_operations(thread.operation, thread.told_until, upto)
    thread.told_until = upto
    for t, oncpu in zip((marked.t[ticks] - origin).tolist(), marked.argument[ticks].tolist(), strict=True):
        before = thread.tick
        thread.tick = (t, oncpu)
        if before is not None and not any(before[0] < change[0] < t for change in changes):
            changes.extend(placed_between_ticks(before[0], t, oncpu - before[1]))
    if changes:
        changes.sort(key=lambda change: change[0])
        thread.core.extend(*zip(*changes, strict=True))


def by(column: Ints) -> Iterator[tuple[int, np.ndarray[tuple[int], np.dtype[np.intp]]]]:
    """Each value of a column with the rows that bear it, in their order."""
    if not len(column):
        return
    order = np.argsort(column, kind="stable")
    values, first = np.unique(column[order], return_index=True)
    yield from zip(values.tolist(), np.split(order, first[1:]), strict=True)
