"""Puts time on a core where no switches are told: the fallback for machines that do not tell them.

accounts            ▔▔▔▔▁▁▁▁▔▔▔▔    spells on a core or off it, each end known to a fraction of a millisecond
it took the GIL     ▁▁▁▁▁▁▁▁▁▔▔▔    so near to where it came to a core: there it came
ended by a tick     ▔▔▁▁▁▁▔▔        it ran at both ends, for it marked them
"""

from __future__ import annotations

import numpy as np

from engine.agent._gilscope import codes
from engine.timeline.evidence import Accounts
from engine.timeline.layer import Ints, Layer
from engine.timeline.operations import BETWEEN, among, plain
from engine.timeline.thread_states import BLOCKED, PREEMPTED

Change = tuple[int, int]

_NEARLY = 0.95
_ON = 0
_WORKS = among(codes.PYTHON, codes.NATIVE, codes.CALL, BETWEEN)


def placed(accounts: Accounts, gil: Layer, tid: int) -> tuple[Ints, Ints]:
    """Changes of the core layer of a thread, of which these are the accounts, in the order of time. `gil` says who has it.

    What says that the GIL was taken or dropped is exact: an end of a spell that may as well lie there, does.
    """
    length = accounts.t1 - accounts.t0
    on = accounts.oncpu_ns * 2 > length
    value = np.where(on, _ON, np.where(accounts.waited_ns * 2 > length, PREEMPTED, BLOCKED))
    mine = gil.value == tid
    before = np.concatenate(([gil.initial == tid], mine[:-1]))
    t = accounts.t0
    t = np.where(on, _drawn_to(gil.t[mine & ~before], t, accounts.unsure_ns), _drawn_to(gil.t[before & ~mine], t, accounts.unsure_ns))
    return np.maximum.accumulate(t), value


def _drawn_to(places: Ints, t: Ints, within: Ints) -> Ints:
    """These times, or the nearest of the places where one is as near as that."""
    if not len(places):
        return t
    after = np.minimum(np.searchsorted(places, t), len(places) - 1)
    earlier, later = places[np.maximum(after - 1, 0)], places[after]
    nearest = np.where(np.abs(t - earlier) <= np.abs(later - t), earlier, later)
    return np.where(np.abs(t - nearest) <= within, nearest, t)


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
    works = _WORKS[plain(values)]
    return list(zip(times.tolist(), np.where(works, _ON, BLOCKED).tolist(), strict=True))
