"""From readings of the kernel's accounts to spells on a core and off it.

The account of a running thread is brought up to date when it leaves its core and at each tick of the timer (1 to 10 ms), not when it is
read. So what a reading tells was used before the last update, without a break if the thread has not got a core anew in between:

    readings     │    │    │    │    │    │    │       one a millisecond
    used           0    0    4ms  0    0    0  4ms
    updates                ▲                 ▲
    spells       ▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔            each ends with its update, as long as what was used

When an update was, is known to lie between two readings. From update to update goes by what was used and, as long as the thread does not
sleep, what it waited for a core, of which there are accounts to the nanosecond: each narrows down where those before and after it can be.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from engine.probes.perf_records import Ints
from engine.probes.schedstat import Intervals

LAG_NS = 40_000_000
"""How late spells are told: after a tick of the slowest timer (100 Hz), and some updates that narrow down the ones before."""
_SWITCH_NS, _DRIFT = 10_000, 200
"""What a switch may take that no account has, and which part of any time a hypervisor may."""
_BRIEF_NS, _BEFORE_NS = 300_000, 150_000
_READY = ord("R")
_Row = tuple[int, int, int, int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Spells:
    """In `[t0, t1]` a thread was on a core throughout (`oncpu_ns` is all of it) or not at all, and lacked one for `waited_ns`.

    Columns of equal length, sorted by `t0`; those of one thread follow one another without gaps.
    """

    t0: Ints
    t1: Ints
    pid: Ints
    tid: Ints
    oncpu_ns: Ints
    waited_ns: Ints

    def __len__(self) -> int:
        return len(self.t0)


@dataclass(slots=True)
class _Update:
    """It was in `[low, high]`, after `used` on a core; from the one before went by `[least, most]` (None: who knows)."""

    low: int
    high: int
    used: int
    waited: int
    least: int
    most: int | None
    seen: int


class _Thread:
    """`told`: up to when. `waited` and `slices` are what was read since the update `last`; `pending` are those not yet told."""

    __slots__ = ("last", "pending", "read", "slices", "told", "waited")

    def __init__(self, told: int) -> None:
        self.told = self.read = told
        self.waited = self.slices = 0
        self.last = _Update(told, told, 0, 0, 0, None, told)
        self.pending: deque[_Update] = deque()

    def update(self, t0: int, t1: int, used: int) -> None:
        """Its account has grown between these readings."""
        least = used if not self.slices else used + self.waited
        most = least + _SWITCH_NS * self.slices + (t1 - t0 + used + self.waited) // _DRIFT
        last = self.last
        if self.slices and self.waited < _BRIEF_NS and last.seen == t0 and last.high > t0 - _BEFORE_NS:
            # It was off its core for no longer than reading takes: for whoever read.
            last.low = max(last.low, t0 - _BEFORE_NS)
        low, high = max(last.low + least, t0), min(last.high + most, t1)
        if low <= high:
            new = _Update(low, high, used, self.waited, least, most, t1)
        else:
            # It has slept since, or the accounts do not fit.
            new = _Update(max(t0, min(last.low + used, t1)), t1, used, self.waited, used, None, t1)
        self.pending.append(new)
        self.last, self.waited, self.slices = new, 0, 0
        for index in range(len(self.pending) - 1, 0, -1):
            before, after = self.pending[index - 1], self.pending[index]
            low = before.low if after.most is None else max(before.low, after.low - after.most)
            high = min(before.high, after.high - after.least)
            if low > high or (low == before.low and high == before.high):
                break
            before.low, before.high = low, high


class AccountFold:
    """Feed it with all readings, in order."""

    def __init__(self) -> None:
        self._threads: dict[tuple[int, int], _Thread] = {}
        self._rows: dict[tuple[int, int], _Row] = {}
        self._done: list[_Row] = []

    def take(self, got: Intervals) -> None:
        columns = (got.t0, got.t1, got.pid, got.tid, got.oncpu_ns, got.waited_ns, got.slices, got.state)
        alive = set()
        for t0, t1, pid, tid, used, waited, slices, state in zip(*(column.tolist() for column in columns), strict=True):
            key = (pid, tid)
            alive.add(key)
            thread = self._threads.get(key)
            if thread is not None and thread.read != t0:
                # One that has ended had the same id.
                self._end([key])
                thread = None
            if thread is None:
                thread = self._threads[key] = _Thread(t0)
            thread.read = t1
            thread.waited += waited
            thread.slices += slices
            if used:
                thread.update(t0, t1, used)
            self._settle(key, thread, t1 - LAG_NS, ready=state == _READY)
        self._end(self._threads.keys() - alive)

    def finish(self) -> None:
        """All have ended."""
        self._end(self._threads)

    def spells(self) -> Spells:
        """What has settled since the last time: of every living thread all that is older than LAG_NS."""
        rows = sorted([*self._done, *self._rows.values()])
        self._done, self._rows = [], {}
        t0, t1, pid, tid, oncpu, waited = np.array(rows, np.int64).reshape(-1, 6).T
        return Spells(t0, t1, pid, tid, oncpu, waited)

    def _settle(self, key: tuple[int, int], thread: _Thread, upto: int, *, ready: bool) -> None:
        while thread.pending:
            update = thread.pending[0]
            at = (update.low + update.high) // 2
            if at - update.used > upto:
                break
            thread.pending.popleft()
            self._off(key, thread, at - update.used, update.waited)
            self._on(key, thread, at)
        waited = thread.pending[0].waited if thread.pending else (upto - thread.told) * ready
        self._off(key, thread, upto, waited)

    def _off(self, key: tuple[int, int], thread: _Thread, upto: int, waited: int) -> None:
        if upto > thread.told:
            self._tell(key, thread, upto, 0, min(waited, upto - thread.told))

    def _on(self, key: tuple[int, int], thread: _Thread, upto: int) -> None:
        if upto > thread.told:
            self._tell(key, thread, upto, upto - thread.told, 0)

    def _tell(self, key: tuple[int, int], thread: _Thread, upto: int, used: int, waited: int) -> None:
        """One row for what belongs together."""
        since, row = thread.told, self._rows.get(key)
        thread.told = upto
        if row is not None and row[1] == since and (row[4] > 0) == (used > 0) and (row[5] > 0) == (waited > 0):
            since, used, waited = row[0], used + row[4], waited + row[5]
        elif row is not None:
            self._done.append(row)
        self._rows[key] = (since, upto, *key, used, waited)

    def _end(self, keys: Iterable[tuple[int, int]]) -> None:
        for key in list(keys):
            thread = self._threads.pop(key)
            self._settle(key, thread, thread.read, ready=False)
