"""Where no switches are to be had: the kernel's accounts, read about every millisecond, and what they tell of time on cores."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from engine.agent._gilscope import codes
from engine.probes.account_fold import AccountFold
from engine.probes.account_thread import Visit
from engine.probes.marks import ThreadMarks
from engine.probes.schedstat import Reading, SchedStat
from engine.supervisor.pace import stay_prompt
from engine.timeline.evidence import Accounts

_PERIOD_NS, _LISTING_NS = 1_000_000, 5_000_000
_SHARE, _OF_LATE = 10, 8
"""Reading takes no more than such a part of its thread's time, however many threads there are: on average over so many readings."""
_SWITCH_S = 0.0005
_WAKING_NS, _LEAVING_NS = 20_000, 7_000
"""From when the supervisor's main thread gets a core to when it begins to look, and from when it has looked to when it leaves the core."""


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
        self._read: deque[Callable[[], Reading]] = deque()
        self._visits: deque[Visit] = deque()
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

    @contextmanager
    def visiting(self) -> Iterator[None]:
        """To be held by the main thread from when it has got a core until it leaves it: who was there was driven away just then."""
        began, cpu = time.monotonic_ns(), self._schedstat.cpu
        yield
        if self._schedstat.cpu == cpu:
            self._visits.append(Visit(began - _WAKING_NS, time.monotonic_ns() + _LEAVING_NS, cpu))

    def take(self, marked: Iterable[ThreadMarks], *, last: bool) -> Accounts | None:
        """`marked`: all that was marked since the last time. `last`: all have ended."""
        if last:
            self.close()
        for marks in marked:
            ticks = marks.kind == codes.TICK
            if ticks.any():
                self._fold.tick(marks.pid, marks.tid, marks.t[ticks], marks.argument[ticks])
        while self._read:
            reading = self._read.popleft()()
            while self._visits and self._visits[0].came < reading.ended:
                self._fold.visit(self._visits.popleft())
            self._fold.take(reading)
            self.settled_ns = self._fold.settled_ns
        if last:
            self._fold.finish()
        told = self._fold.spells()
        return Accounts(told.t0, told.t1, told.pid, told.tid, told.oncpu_ns, told.waited_ns, told.unsure_ns) if len(told) else None

    def close(self) -> None:
        """Idempotent."""
        self._over.set()
        if self._thread.ident:
            self._thread.join()
        self._schedstat.close()

    def _read_on(self) -> None:
        stay_prompt()
        listed, pause, cost = 0, _PERIOD_NS, 0
        while not self._over.is_set():
            # Whoever is asked to end waits no longer than this for it.
            time.sleep(pause / 1e9)
            now, began = time.monotonic_ns(), time.thread_time_ns()
            self._read.append(self._schedstat.read())
            if now >= listed + _LISTING_NS:
                listed = now
                self._schedstat.look(self._pids)
            # One that was interrupted says little of the next ones.
            cost += (min(time.thread_time_ns() - began, 3 * cost + _PERIOD_NS // _SHARE) - cost) // _OF_LATE
            pause = max(_PERIOD_NS - (time.monotonic_ns() - now), _SHARE * cost)
