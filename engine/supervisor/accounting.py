"""Where no switches are to be had: the kernel's accounts, read about every millisecond, and what they tell of time on cores."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Iterable

from engine.probes.account_fold import LAG_NS, AccountFold
from engine.probes.schedstat import Intervals, SchedStat
from engine.supervisor.pace import stay_prompt
from engine.timeline.evidence import Accounts

_PERIOD_NS, _LISTING_NS = 1_000_000, 5_000_000
_SHARE = 10
"""Reading takes no more than such a part of its thread's time, however many threads there are."""
_SWITCH_S = 0.0005


class Accounting:
    """Reads in a thread of its own, for a frame may take longer to compute than a thread is on its core. `look` says at whom.

    `take` comes with every harvest. What is older than `settled_ns` has all been told by then.
    """

    def __init__(self) -> None:
        """What is read is younger than this. Raises ProbeUnavailable."""
        now = time.monotonic_ns()
        self._schedstat = SchedStat(now)
        self._fold = AccountFold()
        self._pids: tuple[int, ...] = ()
        self._read: deque[tuple[int, Intervals]] = deque()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read_on, name="accounts", daemon=True)
        self.settled_ns = now

    def look(self, pids: Iterable[int]) -> None:
        """These are the processes from now on."""
        self._pids = tuple(pids)
        if not self._thread.ident:
            # The thread gets its turn while a frame is computed.
            sys.setswitchinterval(_SWITCH_S)
            self._thread.start()

    def take(self, *, last: bool) -> Accounts | None:
        """`last`: all have ended."""
        if last:
            self.close()
        while self._read:
            began, got = self._read.popleft()
            self._fold.take(got)
            self.settled_ns = began - LAG_NS
        if last:
            self._fold.finish()
        got_ = self._fold.spells()
        return Accounts(got_.t0, got_.t1, got_.pid, got_.tid, got_.oncpu_ns, got_.waited_ns) if len(got_) else None

    def close(self) -> None:
        """Idempotent."""
        self._over.set()
        if self._thread.ident:
            self._thread.join()
        self._schedstat.close()

    def _read_on(self) -> None:
        stay_prompt()
        listed, pause = 0, _PERIOD_NS
        while not self._over.wait(pause / 1e9):
            now, began = time.monotonic_ns(), time.thread_time_ns()
            if now >= listed + _LISTING_NS:
                listed = now
                got = self._schedstat.read(self._pids)
            else:
                got = self._schedstat.read_again()
            self._read.append((now, got))
            pause = max(_PERIOD_NS - (time.monotonic_ns() - now), _SHARE * (time.thread_time_ns() - began))
