"""From readings of the kernel's accounts to spells on a core and off it.

A thread's account says how long it has been on a core and how long it has waited for one. For as long as it does not sleep, the sum of both
grows as time does: so once it is known when the sum was what, it is known to the nanosecond when it left its core and when it came back.

    the clock        ──────────────────────────────────────────────
    on a core        ▔▔▔▔▔▔▔▔▁▁▁▁▁▁▁▁▔▔▔▔▔▔▔▁▁▁▁▁▁▁▁▁▁▁▁▔▔▔▔▔▔▔▔▔▔▔
    used + waited    ╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱────────╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱
    slept            ────────────────────────╱╱╱╱╱╱╱╱───────────────     what the clock says, less used and waited: it never falls

What of it was slept is what has to be found out. An account is brought up to date at some moment (an update) between the reading that
has it and the one before: hence `slept` is at most what it is for the one, and at least what it is for the other. Better is known of whom
we drove from its core when a thread of ours woke there: that was the moment of its last update.

    a visit of ours        ▔▔▔                    ▔▔
    on a core        ▔▔▔▔▔▔▁▁▁▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▁▁▔▔▔▔▔      who comes back at once has not waited for longer
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.probes.perf_records import Ints
from engine.probes.schedstat import Account, Reading

LAG_NS = 40_000_000
"""How late spells are told: after a tick of the slowest timer (100 Hz), and some updates that narrow down the ones before."""
WAKING_NS, LEAVING_NS = 8_000, 7_000
"""From when a reader gets its core to when it first knows the time, and from when it last does to when it leaves it."""
_SURE_NS, _UNSURE_NS = 60_000, 1_000_000
"""An update was the doing of a visit if then the thread has slept no longer than that since the one before. And how wrong the place of a
spell may be of which nothing better is known than that it was seen."""
_LATE_NS = 30_000
"""How old an update mostly is when it is read."""
_ENDS_NS, _VISITS_NS = 10_000, 50_000_000
"""A visit so near to the end of a spell is what ended it. And for how long one may matter: no timer ticks more seldom."""
_Row = tuple[int, int, int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Visit:
    """A thread of ours was on core `cpu` from `came` to `left`."""

    came: int
    left: int
    cpu: int


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
    """In `[since, seen]` the account came to `total` (used and waited): by `used` since the update before, and by `waited` in `slices` times.

    `visits` are those to its core in that time, unless it sleeps now. `alone`: nobody else can be whom the last of them drove away. `back`:
    how long the thread waited then if it was back on its core when the account was read, by the length of a visit; 0 if it was not.
    """

    since: int
    seen: int
    total: int
    used: int
    waited: int
    slices: int
    visits: tuple[Visit, ...]
    back: int
    alone: bool = False

    def doings(self) -> Iterator[tuple[int, int]]:
        """For each visit that may have caused it: how much the thread had slept by then, and how much it waited afterwards."""
        for visit in self.visits:
            if visit.came >= self.since - _SURE_NS:
                yield visit.came - self.total, 0
                if self.back and visit.left < self.seen:
                    yield visit.came - self.total + self.back, self.back

    def inner(self, first: int, at: int) -> list[Visit]:
        """Those that made it wait again while it was on its core, after it had come to it not before `first`, and until `at`."""
        times = self.slices - 1
        found = [visit for visit in self.visits if first < visit.came and visit.left < at - _ENDS_NS][-times:] if times > 0 else []
        return found if sum(visit.left - visit.came for visit in found) < self.waited else []


class _Thread:
    """`told`: up to when. `read` is the account that was read last, `account` the last that had an update; `updates` are those not yet told.

    `slept`: by the last update that is told, after which it waited for `owing`; `bounds`: what it had slept at most when it was read, those
    that are not above a later one.
    """

    __slots__ = ("account", "bounds", "owing", "read", "slept", "told", "updates")

    def __init__(self, account: Account) -> None:
        self.told = account.since
        self.account = self.read = Account(account.pid, account.tid, account.since, account.since, 0, 0, 0, account.cpu, account.ready)
        self.owing = 0
        self.slept: int | None = None
        self.bounds: deque[tuple[int, int]] = deque()
        self.updates: deque[_Update] = deque()

    def take(self, account: Account, visits: deque[Visit]) -> _Update | None:
        """Answers with the update, if there was one. `visits` are the latest ones, to all cores."""
        total = account.oncpu_ns + account.waited_ns
        bound = account.t - total
        while self.bounds and self.bounds[-1][1] >= bound:
            self.bounds.pop()
        self.bounds.append((account.t, bound))
        last, self.read = self.read, account
        before = self.account
        if account.oncpu_ns == before.oncpu_ns:
            return None
        mine: deque[Visit] = deque()
        for visit in reversed(visits):
            if visit.came <= before.t or not account.ready:
                break
            if visit.cpu == account.cpu and visit.came <= account.t:
                mine.appendleft(visit)
        back = 0
        if mine and account.slices > last.slices:
            back, length = account.waited_ns - last.waited_ns, mine[-1].left - mine[-1].came
            if account.slices > last.slices + 1:
                back = min(back, length)
            elif abs(back - length) > _SURE_NS:
                back = 0
        self.account = account
        used, waited = account.oncpu_ns - before.oncpu_ns, account.waited_ns - before.waited_ns
        update = _Update(account.since, account.t, total, used, waited, account.slices - before.slices, tuple(mine), back)
        self.updates.append(update)
        return update

    def place(self, update: _Update) -> tuple[int, int]:
        """When it was, and by how much that may be wrong. To be asked of each in order."""
        while len(self.bounds) > 1 and self.bounds[0][0] < update.seen:
            self.bounds.popleft()
        update.waited += self.owing
        self.owing = 0
        least, most = update.since - update.total, min(update.seen - update.total, self.bounds[0][1])
        before = self.slept if self.slept is not None else least
        slept, after = min(update.doings(), key=lambda doing: abs(doing[0] - before), default=(0, 0))
        unsure = _SURE_NS
        if update.visits and abs(slept - before) < _SURE_NS:
            update.total, update.waited, self.owing = update.total - after, update.waited - after, after
            most += after
        elif update.visits and update.alone:
            slept = update.visits[-1].came - update.total
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
        self._visits: deque[Visit] = deque()
        self._rows: dict[tuple[int, int], _Row] = {}
        self._done: list[_Row] = []
        self._read = 0

    @property
    def settled_ns(self) -> int:
        """All that is older has been told by the next `spells`."""
        return self._read - LAG_NS

    def visit(self, visit: Visit) -> None:
        """Another thread of ours than the reader, before the reading that ended after it began. In order with each other and readings."""
        self._visits.append(visit)

    def take(self, reading: Reading) -> None:
        self._read = reading.began
        while self._visits and self._visits[0].came < reading.began - _VISITS_NS:
            self._visits.popleft()
        self._visits.append(Visit(reading.began - WAKING_NS, reading.ended + LEAVING_NS, reading.cpu))
        for pid, tid, t in reading.gone:
            self._end((pid, tid), t)
        here: list[_Update] = []
        for account in reading.accounts:
            key = (account.pid, account.tid)
            thread = self._threads.get(key)
            if thread is None:
                thread = self._threads[key] = _Thread(account)
            update = thread.take(account, self._visits)
            if update is not None and account.ready and account.cpu == reading.cpu:
                here.append(update)
        if len(here) == 1:
            here[0].alone = True

    def finish(self) -> None:
        """All have ended."""
        for key, thread in list(self._threads.items()):
            self._end(key, thread.read.t)

    def spells(self) -> Spells:
        """What has settled since the last time: of every living thread all that is older than LAG_NS."""
        for key, thread in self._threads.items():
            self._settle(key, thread, self.settled_ns)
        rows = sorted([*self._done, *self._rows.values()])
        self._done, self._rows = [], {}
        t0, t1, pid, tid, oncpu, waited, unsure = np.array(rows, np.int64).reshape(-1, 7).T
        return Spells(t0, t1, pid, tid, oncpu, waited, unsure)

    def _settle(self, key: tuple[int, int], thread: _Thread, upto: int, *, over: bool = False) -> None:
        while thread.updates and thread.updates[0].since - thread.updates[0].used <= upto:
            update = thread.updates.popleft()
            at, unsure = thread.place(update)
            inner = update.inner(at - update.used - update.waited, at)
            again = sum(visit.left - visit.came for visit in inner)
            self._tell(key, thread, at - update.used - again, 0, update.waited - again, unsure)
            for visit in inner:
                self._tell(key, thread, visit.came, 1, 0, unsure)
                self._tell(key, thread, visit.left, 0, visit.left - visit.came, unsure)
            self._tell(key, thread, at, 1, 0, unsure)
        waited = thread.updates[0].waited if thread.updates else (upto - thread.told) * (thread.read.ready and not over)
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
            self._settle(key, thread, t, over=True)
