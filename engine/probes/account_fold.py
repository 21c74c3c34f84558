"""From readings of the kernel's accounts to spells on a core and off it.

A thread's account says how long it has been on a core and how long it has waited for one. For as long as it does not sleep, the sum of both
grows as time does: so once it is known when the sum was what, it is known to the nanosecond when it left its core and when it came back.

    the clock        ──────────────────────────────────────────────
    on a core        ▔▔▔▔▔▔▔▔▁▁▁▁▁▁▁▁▔▔▔▔▔▔▔▁▁▁▁▁▁▁▁▁▁▁▁▔▔▔▔▔▔▔▔▔▔▔
    used + waited    ╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱────────╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱
    slept            ────────────────────────╱╱╱╱╱╱╱╱───────────────     what the clock says, less used and waited: it never falls

What of it was slept is what has to be found out. An account is brought up to date at some moment (an update) between the reading that
has it and the one before: hence `slept` is at most what it is for the one, and at least what it is for the other. Better is known of whom
the reader drove from its core when it woke: that was the moment of its last update.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from engine.probes.perf_records import Ints
from engine.probes.schedstat import Account, Reading

LAG_NS = 40_000_000
"""How late spells are told: after a tick of the slowest timer (100 Hz), and some updates that narrow down the ones before."""
WAKING_NS = 8_000
"""From when a reader gets its core to when it first knows the time."""
_SURE_NS, _UNSURE_NS = 60_000, 1_000_000
"""An update was the reader's doing if then the thread has slept no longer than that since the one before. And by how much the place of a spell
may be wrong of which nothing better is known than that it was seen."""
_LATE_NS = 30_000
"""How old an update mostly is when it is read."""
_Row = tuple[int, int, int, int, int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Spells:
    """In `[t0, t1]` a thread was on a core throughout (`oncpu_ns` is all of it) or not at all, and lacked one for `waited_ns`. `t0` may be
    wrong by `unsure_ns`.

    Columns of equal length, sorted by `t0`; those of one thread follow one another without gaps.
    """

    t0: Ints
    t1: Ints
    pid: Ints
    tid: Ints
    oncpu_ns: Ints
    waited_ns: Ints
    unsure_ns: Ints

    def __len__(self) -> int:
        return len(self.t0)


@dataclass(slots=True)
class _Update:
    """In `[since, seen]` the account came to `total` (used and waited), by `used` and `waited` since the update before.

    `driven`: how much the thread had slept by then if the reader drove it from its core; `alone`: if not, nobody is known to have been.
    """

    since: int
    seen: int
    total: int
    used: int
    waited: int
    driven: int | None
    alone: bool = False


class _Thread:
    """`told`: up to when. `slept`: by the last update that is told; `bounds`: what it had slept at most at readings, the lowest first that
    are not above a later one; `updates` are those not yet told."""

    __slots__ = ("bounds", "oncpu", "read", "ready", "slept", "told", "updates", "waited")

    def __init__(self, told: int) -> None:
        self.told = self.read = told
        self.oncpu = self.waited = 0
        self.ready = False
        self.slept: int | None = None
        self.bounds: deque[tuple[int, int]] = deque()
        self.updates: deque[_Update] = deque()

    def take(self, account: Account, driven_at: int | None) -> _Update | None:
        """`driven_at`: when the reader came to the core that it was on last. Answers with what may have been its doing."""
        total = account.oncpu_ns + account.waited_ns
        self.read, self.ready = account.t, account.ready
        bound = account.t - total
        while self.bounds and self.bounds[-1][1] >= bound:
            self.bounds.pop()
        self.bounds.append((account.t, bound))
        if account.oncpu_ns == self.oncpu:
            return None
        driven = None if driven_at is None or not account.ready else driven_at - total
        new = _Update(account.since, account.t, total, account.oncpu_ns - self.oncpu, account.waited_ns - self.waited, driven)
        self.oncpu, self.waited = account.oncpu_ns, account.waited_ns
        self.updates.append(new)
        return new if driven is not None else None

    def place(self, update: _Update) -> tuple[int, int]:
        """When it was, and by how much that may be wrong. To be asked of each in order."""
        while len(self.bounds) > 1 and self.bounds[0][0] < update.seen:
            self.bounds.popleft()
        least, most = update.since - update.total, min(update.seen - update.total, self.bounds[0][1])
        before = self.slept if self.slept is not None else least
        unsure = _SURE_NS
        if update.driven is not None and (update.alone or abs(update.driven - before) < _SURE_NS):
            slept = update.driven
        elif self.slept is not None and least <= before <= most:
            slept = before
        else:
            slept = max(least, most - _LATE_NS, before)
            unsure = _UNSURE_NS
        self.slept = min(slept, most)
        return update.total + self.slept, unsure


class AccountFold:
    """Feed it with all readings, in order."""

    def __init__(self) -> None:
        self._threads: dict[tuple[int, int], _Thread] = {}
        self._rows: dict[tuple[int, int], _Row] = {}
        self._done: list[_Row] = []
        self._read = 0

    @property
    def settled_ns(self) -> int:
        """All that is older has been told by the next `spells`."""
        return self._read - LAG_NS

    def take(self, reading: Reading) -> None:
        self._read = reading.began
        for pid, tid, t in reading.gone:
            self._end((pid, tid), t)
        driven: list[_Update] = []
        for account in reading.accounts:
            key = (account.pid, account.tid)
            thread = self._threads.get(key)
            if thread is None:
                thread = self._threads[key] = _Thread(account.since)
            at = reading.began - WAKING_NS if account.cpu == reading.cpu else None
            update = thread.take(account, at)
            if update is not None:
                driven.append(update)
        if len(driven) == 1:
            driven[0].alone = True

    def finish(self) -> None:
        """All have ended."""
        for key, thread in list(self._threads.items()):
            self._end(key, thread.read)

    def spells(self) -> Spells:
        """What has settled since the last time: of every living thread all that is older than LAG_NS."""
        for key, thread in self._threads.items():
            self._settle(key, thread, self.settled_ns)
        rows = sorted([*self._done, *self._rows.values()])
        self._done, self._rows = [], {}
        t0, t1, pid, tid, oncpu, waited, unsure = np.array(rows, np.int64).reshape(-1, 7).T
        return Spells(t0, t1, pid, tid, oncpu, waited, unsure)

    def _settle(self, key: tuple[int, int], thread: _Thread, upto: int) -> None:
        while thread.updates and thread.updates[0].since - thread.updates[0].used <= upto:
            update = thread.updates.popleft()
            at, unsure = thread.place(update)
            self._tell(key, thread, at - update.used, 0, update.waited, unsure)
            self._tell(key, thread, at, 1, 0, unsure)
        waited = thread.updates[0].waited if thread.updates else (upto - thread.told) * thread.ready
        self._tell(key, thread, upto, 0, waited, _SURE_NS)

    def _tell(self, key: tuple[int, int], thread: _Thread, upto: int, on: int, waited: int, unsure: int) -> None:
        """One row for what belongs together."""
        since, row = thread.told, self._rows.get(key)
        if upto <= since:
            return
        thread.told = upto
        used, waited = (upto - since) * on, min(waited, upto - since)
        if row is not None and row[1] == since and (row[4] > 0) == (used > 0) and (row[5] > 0) == (waited > 0):
            since, used, waited, unsure = row[0], used + row[4], waited + row[5], row[6]
        elif row is not None:
            self._done.append(row)
        self._rows[key] = (since, upto, *key, used, waited, unsure)

    def _end(self, key: tuple[int, int], t: int) -> None:
        thread = self._threads.pop(key, None)
        if thread is not None:
            thread.ready = False
            self._settle(key, thread, t)
