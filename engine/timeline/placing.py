"""Puts time on a core where only its amount is known: the fallback for machines that do not tell switches.

An account says: in `[t0, t1]` this thread was on a core for so long. Where in it, is inferred; the amount stays what was told.

    all or nothing      ▔▔▔▔▔▔▔▔   or   ▁▁▁▁▁▁▁▁
    it held the GIL     ▁▁▔▔▔▁▁▁        for as long as it was on a core: there
    ended by a tick     ▔▔▁▁▁▁▔▔        it ran at both ends, for it marked them
    otherwise           ▔▔▔▁▁▁▁▁        beside what it did before
"""

from __future__ import annotations

import numpy as np

from engine.agent._gilscope import codes
from engine.timeline.layer import Layer
from engine.timeline.operations import BETWEEN, plain
from engine.timeline.thread_states import BLOCKED, PREEMPTED

Change = tuple[int, int]

_NEARLY = 0.95
_HARDLY = 0.02
_ON = 0


def placed(t0: int, t1: int, oncpu: int, waited: int, was_on: bool, held: list[tuple[int, int]]) -> list[Change]:
    """Changes of the core layer for an account of the kernel. `held`: the spells in which it had the GIL, cut to `[t0, t1]`."""
    length = t1 - t0
    off = PREEMPTED if waited * 2 > length - oncpu else BLOCKED
    if oncpu >= _NEARLY * length:
        return [(t0, _ON)]
    if oncpu <= _HARDLY * length:
        return [(t0, off)]
    holding = sum(end - start for start, end in held)
    if 0.7 * oncpu <= holding <= 1.3 * oncpu:
        return [(t0, off), *((t, value) for start, end in held for t, value in ((start, _ON), (end, off)))]
    if was_on:
        return [(t0, _ON), (t0 + oncpu, off)]
    return [(t0, off), (t1 - oncpu, _ON)]


def placed_between_ticks(t0: int, t1: int, oncpu: int) -> list[Change]:
    """Changes of the core layer between two ticks of the thread's own clock, ending on a core as it began."""
    if oncpu >= _NEARLY * (t1 - t0):
        return [(t0, _ON)]
    half = oncpu // 2
    return [(t0, _ON), (t0 + half, BLOCKED), (t1 - half, _ON)]


def inferred_from_operations(operation: Layer, since: int, upto: int) -> list[Change]:
    """Inside an operation that waits a thread is taken to be off its core, and on one elsewhere: all that marks alone can tell."""
    inside = (operation.t >= since) & (operation.t < upto)
    times, values = operation.t[inside], operation.value[inside]
    works = np.isin(plain(values), (codes.PYTHON, codes.NATIVE, codes.CALL, BETWEEN))
    return list(zip(times.tolist(), np.where(works, _ON, BLOCKED).tolist(), strict=True))


def spells(gil: Layer, tid: int, t0: int, t1: int) -> list[tuple[int, int]]:
    """When `tid` held the GIL, cut to `[t0, t1]`."""
    times = np.concatenate(([t0], gil.changes(t0, t1), [t1]))
    mine = gil.at(times[:-1]) == tid
    return [(int(start), int(end)) for start, end, held in zip(times[:-1], times[1:], mine, strict=True) if held]
