"""The kernel's account of each thread's time, read again and again: what is left where single switches may not be seen.

`/proc/PID/task/TID/schedstat` gives three totals since the thread's birth: ns on a core, ns ready without a core, times on a core.
Between two readings the totals are exact but for what a running thread has used since the last timer tick (1 to 10 ms, which the
next reading has); when within the interval it ran is not told. No privilege is needed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np

from engine.probes import procfs
from engine.probes.errors import ProbeUnavailable
from engine.probes.perf_records import Ints


@dataclass(frozen=True, slots=True)
class Totals:
    """Of one thread up to `t` (ns, CLOCK_MONOTONIC), the last time that it was seen."""

    t: int
    oncpu_ns: int
    waited_ns: int
    slices: int


@dataclass(frozen=True, slots=True, eq=False)
class Intervals:
    """One row for each thread: what it did in `[t0, t1]`. Columns of equal length, sorted by pid and tid.

    `oncpu_ns`, `waited_ns` (ready, no core), `slices` (times it got a core) are differences of the kernel's totals; by the timer's tick,
    `oncpu_ns` may exceed `t1 - t0`. `cpu` is the core it was last on, `state` the letter of `procfs.Status.state` as a number; both
    are of the instant `t1` only.
    """

    t0: Ints
    t1: Ints
    pid: Ints
    tid: Ints
    oncpu_ns: Ints
    waited_ns: Ints
    slices: Ints
    cpu: Ints
    state: Ints

    def __len__(self) -> int:
        return len(self.t0)


class SchedStat:
    """Readings of all threads of the processes that it is told. `totals` keeps the last of every thread, also when it has ended.

    Not thread-safe. Two file descriptors are held for each living thread.
    """

    def __init__(self, since_ns: int) -> None:
        """`since_ns`: all that is read is younger, so that a thread's first interval begins there or at the reading before it was found.

        Raises ProbeUnavailable on a kernel that keeps no such account.
        """
        self.totals: dict[tuple[int, int], Totals] = {}
        self._files: dict[tuple[int, int], tuple[int, int]] = {}
        self._instants: dict[tuple[int, int], tuple[int, int]] = {}
        self._last_ns = since_ns
        try:
            fd = os.open("/proc/self/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            raise ProbeUnavailable(
                "this kernel keeps no account of threads (/proc/self/schedstat)", "use Linux with CONFIG_SCHED_INFO"
            ) from None
        os.close(fd)

    def read(self, pids: Iterable[int]) -> Intervals:
        """One interval of every thread that lives now. A thread that ended since has none: up to its last reading it is in `totals`."""
        began = time.monotonic_ns()
        alive = {(pid, tid) for pid in pids for tid in procfs.threads(pid)}
        for gone in self._files.keys() - alive:
            self._forget(gone)
        rows = [row for key in sorted(alive) if (row := self._row(key)) is not None]
        self._last_ns = began
        columns = np.array(rows, np.int64).reshape(-1, 9).T
        return Intervals(*columns)

    def read_again(self) -> Intervals:
        """The same for the threads of the last `read` that live still, at a third of its cost: `cpu` and `state` are as they were then."""
        rows = [row for key in sorted(self._files) if (row := self._row(key, look=False)) is not None]
        columns = np.array(rows, np.int64).reshape(-1, 9).T
        return Intervals(*columns)

    def close(self) -> None:
        """Idempotent."""
        for key in list(self._files):
            self._forget(key)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _row(self, key: tuple[int, int], *, look: bool = True) -> tuple[int, ...] | None:
        known = self._files.get(key)
        try:
            account, stat = known or self._open(key)
            numbers = os.pread(account, 128, 0).split()
            now = time.monotonic_ns()
            if look:
                fields = os.pread(stat, 1024, 0).rpartition(b")")[2].split()
                self._instants[key] = int(fields[36]), fields[0][0]
        except (OSError, IndexError):
            self._forget(key)
            return None
        if len(numbers) < 3:
            self._forget(key)
            return None
        total = Totals(now, int(numbers[0]), int(numbers[1]), int(numbers[2]))
        # An id without files is a new thread, even where one that ended had the same id.
        before = self.totals[key] if known else Totals(self._last_ns, 0, 0, 0)
        self.totals[key] = total
        return (
            *(before.t, now),
            *key,
            total.oncpu_ns - before.oncpu_ns,
            total.waited_ns - before.waited_ns,
            total.slices - before.slices,
            *self._instants[key],
        )

    def _open(self, key: tuple[int, int]) -> tuple[int, int]:
        folder = f"/proc/{key[0]}/task/{key[1]}"
        account = os.open(f"{folder}/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        try:
            stat = os.open(f"{folder}/stat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            os.close(account)
            raise
        self._files[key] = account, stat
        return account, stat

    def _forget(self, key: tuple[int, int]) -> None:
        self._instants.pop(key, None)
        for fd in self._files.pop(key, ()):
            os.close(fd)
