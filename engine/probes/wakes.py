"""Who made whom ready to run: the kernel's tracepoint `sched:sched_waking`, passed by the thread that wakes another.

It needs root (or CAP_PERFMON, and tracefs to be readable), and costs the measured program about 0.6 µs a wake-up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.probes.perf import Rings
from engine.probes.perf_event import disable, enable, tracepoint, unavailable
from engine.probes.perf_records import Ints
from engine.probes.tracepoints import tracepoint_number

_IN_INTERRUPT = 8 | 16 | 64
"""Flags of trace events (linux/trace_events.h): a hardware interrupt, a softirq, an NMI. The current thread has nothing to do with it."""


@dataclass(frozen=True, slots=True, eq=False)
class Wakes:
    """At `t` thread `waker` (0: an interrupt) woke thread `tid`. Columns of equal length, sorted by `t`."""

    t: Ints
    tid: Ints
    waker: Ints

    def __len__(self) -> int:
        return len(self.t)


class WakeTrace:
    """Joins the rings of a run. Wake-ups by threads that are not watched, and by interrupts on idle cores, are not told."""

    def __init__(self, rings: Rings, tid: int) -> None:
        """Thread `tid` and what it starts from now on. Raises ProbeUnavailable."""
        number = tracepoint_number("sched/sched_waking")
        try:
            self._fds = rings.attach(tracepoint(number).pack(), tid)
        except OSError as error:
            raise unavailable(error, "who wakes whom") from None
        self._held = np.empty((5, 0), np.int64)

    def pause(self) -> None:
        """From when this returns on it costs nothing, and tells nothing."""
        for fd in self._fds:
            disable(fd)

    def resume(self) -> None:
        for fd in self._fds:
            enable(fd)

    def take(self, wakings: Ints, own_pid: int, upto_ns: int) -> Wakes:
        """Those before `upto_ns`; later ones are kept until then. What `own_pid` woke, which starts what is watched, is left out."""
        rows = np.concatenate((self._held, wakings[:, wakings[1] != own_pid]), axis=1)
        rows = rows[:, np.argsort(rows[0], kind="stable")]
        cut = int(np.searchsorted(rows[0], upto_ns, "left"))
        self._held = rows[:, cut:]
        t, _, tid, flags, woken = rows[:, :cut]
        return Wakes(t, woken, np.where(flags & _IN_INTERRUPT, 0, tid))
