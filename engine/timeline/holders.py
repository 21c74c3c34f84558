"""Who holds the GIL, from what is told of it: copied where it is seen exactly, else squared with who is on a core.

seen     aaaaaaaabbbbbbbb     samples, late by up to a period
core a   ▔▔▔▔▔▔▁▁▁▁▁▁▁▁▁▁
core b   ▁▁▁▁▁▁▔▔▔▔▔▔▔▔▔▔
holder   aaaaaabbbbbbbbbb     only a holder can be on a core in Python
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from engine.agent._gilscope import codes
from engine.timeline.evidence import GIL_SAMPLED
from engine.timeline.layer import Ints, boundaries
from engine.timeline.operations import FOREIGN, SELECT, among, plain
from engine.timeline.thread_states import NOBODY, PREEMPTED, WAKE_UP_NS
from engine.timeline.tracks import InterpreterTrack, ProcessTrack

_WITHOUT = among(codes.NATIVE, codes.SLEEP, SELECT, FOREIGN)
_PERHAPS = among(*set(range(len(codes.OPERATIONS))) - {codes.PYTHON, codes.NATIVE, codes.SLEEP})
"""Operations in which a thread on a core may have the GIL or not: there a sample knows better."""


def settle_holders(process: ProcessTrack, upto: int, *, switches: bool, seen: bool) -> None:
    """Grows the GIL of each of its interpreters up to there. `switches`: cores are known exactly. `seen`: GILs are looked at; if not, all
    is inferred."""
    for track in process.interpreters.values():
        if not track.has_gil or upto <= track.settled:
            continue
        edges = [*boundaries([track.source], track.settled, upto).tolist(), upto]
        for t0, t1 in pairwise(edges):
            source = int(track.source.at(np.array([t0]))[0])
            if not seen or (source == GIL_SAMPLED and switches):
                _infer(process, track, t0, t1, sampled=seen)
            else:
                times = boundaries([track.seen], t0, t1)
                track.gil.extend(times, track.seen.at(times))
        track.settled = upto


def _infer(process: ProcessTrack, track: InterpreterTrack, begin: int, upto: int, *, sampled: bool) -> None:
    """A holder that is preempted holds on. Who has it keeps it until it blocks, leaves Python, or another is on a core in Python for longer
    than a futex wakes its thread to look.
    """
    threads = process.threads
    if not threads:
        return
    layers = [layer for thread in threads for layer in (thread.core, thread.operation, thread.interpreter)]
    start = boundaries([track.seen, *layers], begin, upto)
    hint = track.seen.at(start)
    at_python, holding_on = np.zeros((2, len(threads), len(start)), bool)
    for row, thread in enumerate(threads):
        core, operation = thread.core.at(start), plain(thread.operation.at(start))
        inside = ~_WITHOUT[operation] & (thread.interpreter.at(start) == track.number)
        inside &= start < thread.ended if thread.ended is not None else True
        if sampled:
            inside &= ~_PERHAPS[operation] | (hint == thread.tid)
        at_python[row] = inside & (core >= 0)
        holding_on[row] = inside & (core == PREEMPTED)
    now: int = int(track.gil.value[-1]) if len(track.gil.t) else NOBODY
    row_of = {thread.tid: row for row, thread in enumerate(threads)}
    changes: list[tuple[int, int]] = []
    length = _spell_lengths(at_python, start, upto)
    longest = np.argmax(length, axis=0)
    for column, t in enumerate(start.tolist()):
        mine, other = row_of.get(now), int(longest[column])
        if mine is not None and (at_python[mine, column] or (holding_on[mine, column] and length[other, column] < WAKE_UP_NS)):
            continue
        holder = threads[other].tid if length[other, column] else NOBODY
        if holder != now:
            changes.append((t, holder))
            now = holder
    if changes:
        track.gil.extend(*zip(*changes, strict=True))


def _spell_lengths(on: npt.NDArray[np.bool_], start: Ints, upto: int) -> npt.NDArray[np.int64]:
    """For each row and column, how long the spell lasts in all that the column lies in, from its first column on; 0 outside of spells."""
    times = np.append(start, upto)
    columns = np.arange(len(start))
    off_before = np.maximum.accumulate(np.where(on, -1, columns), axis=1)
    off_after = np.minimum.accumulate(np.where(on, len(start), columns)[:, ::-1], axis=1)[:, ::-1]
    return np.where(on, times[off_after] - times[off_before + 1], 0)
