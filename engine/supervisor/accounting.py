"""Where no switches are to be had: the kernel's accounts, read about every millisecond, and what they tell of time on cores."""

from __future__ import annotations

import time
from collections.abc import Iterable

from engine.probes.account_fold import LAG_NS, AccountFold
from engine.probes.schedstat import SchedStat
from engine.timeline.evidence import Accounts

_PERIOD_NS, _LISTING_NS = 1_000_000, 5_000_000
_SHARE = 10
"""Reading takes no more than such a part of our time, however many threads there are."""


class Accounting:
    """`tick` often, `take` with every harvest. What is older than `settled_ns` has all been told by then."""

    def __init__(self) -> None:
        """What is read is younger than this. Raises ProbeUnavailable."""
        now = time.monotonic_ns()
        self._schedstat = SchedStat(now)
        self._fold = AccountFold()
        self._next_ns = self._next_listing_ns = 0
        self.settled_ns = now

    def tick(self, pids: Iterable[int], now_ns: int) -> float:
        """Reads, if it is time. Answers in how many seconds it should be called again."""
        if now_ns >= self._next_ns:
            began = time.thread_time_ns()
            if now_ns >= self._next_listing_ns:
                self._next_listing_ns = now_ns + _LISTING_NS
                self._fold.take(self._schedstat.read(pids))
            else:
                self._fold.take(self._schedstat.read_again())
            self.settled_ns = now_ns - LAG_NS
            self._next_ns = now_ns + max(_PERIOD_NS, _SHARE * (time.thread_time_ns() - began))
        return max(0.0, (self._next_ns - time.monotonic_ns()) / 1e9)

    def take(self, *, last: bool) -> Accounts | None:
        """`last`: all have ended."""
        if last:
            self._fold.finish()
        got = self._fold.spells()
        return Accounts(got.t0, got.t1, got.pid, got.tid, got.oncpu_ns, got.waited_ns) if len(got) else None

    def close(self) -> None:
        """Idempotent."""
        self._schedstat.close()
