"""From readings of the kernel's accounts to spells on a core and off it: of all threads, as they settle."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from engine.probes.account_thread import SURE_NS, Piece, ThreadAccount, Update, Visit
from engine.probes.perf_records import Ints
from engine.probes.schedstat import Reading

LAG_NS = 40_000_000
"""How late spells are told: after a tick of the slowest timer (100 Hz), and some updates that narrow down the ones before."""
WAKING_NS, LEAVING_NS = 8_000, 7_000
"""From when a reader gets its core to when it first knows the time, and from when it last does to when it leaves it."""
_VISITS_NS = 50_000_000
"""For how long a visit may matter: no timer ticks more seldom."""
_Key = tuple[int, int]
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


class AccountFold:
    """Feed it with all readings, in order."""

    def __init__(self) -> None:
        self._threads: dict[_Key, ThreadAccount] = {}
        self._visits: deque[Visit] = deque()
        self._ticks: dict[_Key, deque[tuple[int, int]]] = {}
        self._rows: dict[_Key, _Row] = {}
        self._done: list[_Row] = []
        self._read = 0

    @property
    def settled_ns(self) -> int:
        """All that is older has been told by the next `spells`."""
        return self._read - LAG_NS

    def visit(self, visit: Visit) -> None:
        """Another thread of ours than the reader, before the reading that ended after it began. In order with each other and readings."""
        self._visits.append(visit)

    def tick(self, pid: int, tid: int, t: Ints, oncpu_ns: Ints) -> None:
        """By its own clock the thread had been on a core for so long then. Before the reading that tells that it has ended."""
        self._ticks.setdefault((pid, tid), deque()).extend(zip(t.tolist(), oncpu_ns.tolist(), strict=True))

    def take(self, reading: Reading) -> None:
        self._read = reading.began
        while self._visits and self._visits[0].came < reading.began - _VISITS_NS:
            self._visits.popleft()
        self._visits.append(Visit(reading.began - WAKING_NS, reading.ended + LEAVING_NS, reading.cpu))
        for pid, tid, t in reading.gone:
            self._end((pid, tid), t)
        here: list[Update] = []
        for account in reading.accounts:
            key = (account.pid, account.tid)
            thread = self._threads.get(key)
            if thread is None:
                thread = self._threads[key] = ThreadAccount(account)
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
        for key in [key for key, ticks in self._ticks.items() if key not in self._threads and ticks[-1][0] < self.settled_ns]:
            # It has come and gone between two readings.
            del self._ticks[key]
        rows = sorted([*self._done, *self._rows.values()])
        self._done, self._rows = [], {}
        t0, t1, pid, tid, oncpu, waited, unsure = np.array(rows, np.int64).reshape(-1, 7).T
        return Spells(t0, t1, pid, tid, oncpu, waited, unsure)

    def _settle(self, key: _Key, thread: ThreadAccount, upto: int, *, over: bool = False) -> None:
        ticks = self._ticks.get(key, deque())
        while thread.updates and thread.updates[0].since - thread.updates[0].used <= upto:
            update = thread.updates.popleft()
            mine = []
            while ticks and ticks[0][1] <= update.oncpu:
                mine.append(ticks.popleft())
            for piece in thread.place(update, mine):
                self._tell(key, thread, piece)
        waited = thread.updates[0].waited if thread.updates else (upto - thread.told) * (thread.read.ready and not over)
        self._tell(key, thread, Piece(upto, False, waited, SURE_NS))

    def _tell(self, key: _Key, thread: ThreadAccount, piece: Piece) -> None:
        """One row for what belongs together."""
        since, upto, unsure, row = thread.told, piece.upto, piece.unsure, self._rows.get(key)
        if upto <= since:
            return
        thread.told = upto
        used, waited = (upto - since) * piece.on, min(piece.waited, upto - since)
        if row is not None and row[1] == since and (row[4] > 0) == (used > 0) and (row[5] > 0) == (waited > 0):
            since, used, waited, unsure = row[0], used + row[4], waited + row[5], row[6]
        elif row is not None:
            self._done.append(row)
        self._rows[key] = (since, upto, *key, used, waited, unsure)

    def _end(self, key: _Key, t: int) -> None:
        thread = self._threads.pop(key, None)
        if thread is not None:
            self._settle(key, thread, t, over=True)
            self._ticks.pop(key, None)
