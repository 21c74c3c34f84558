"""What threads are blocked in, looked at from outside again and again: `/proc/PID/task/TID/syscall`, 2 µs a look.

    running                                      on a core, or ready for one: no row
    202 0x55… 0x189 0x0 … sp pc                  blocked in this call, with these arguments
    -1 sp pc                                     blocked outside of any call: by a page fault, or stopped

No privilege is needed for one's own offspring. What began and ended between two looks is not seen. A process that a signal has stopped
shows the calls that its threads stood in; that it is stopped is told by its state alone, which is looked at each time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.probes import procfs
from engine.probes.errors import ProbeUnavailable
from engine.probes.perf_records import Ints
from engine.probes.syscalls import OTHER, STOPPED
from engine.probes.targets import Targets, Wait

Row = tuple[int, int, int, int, str]
"""t, pid, tid, what, target."""

_LISTING_NS, _LISTING_SHARE = 20_000_000, 30
_MOST_LOOKS = 25


@dataclass(frozen=True, slots=True, eq=False)
class Waits:
    """At `t` a thread was blocked, or went off its core to be, in `what` (a constant of `syscalls`) on `targets[target]` (-1: no name).

    Columns of equal length, sorted by `t`.
    """

    t: Ints
    pid: Ints
    tid: Ints
    what: Ints
    target: Ints
    targets: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.t)

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Waits:
        """In the order of time, whatever theirs is."""
        targets: dict[str, int] = {}
        table = [
            (t, pid, tid, what, targets.setdefault(target, len(targets)) if target else -1) for t, pid, tid, what, target in sorted(rows)
        ]
        t, pid, tid, what, target = np.array(table, np.int64).reshape(-1, 5).T
        return cls(t, pid, tid, what, target, tuple(targets))


class Looks:
    """Looks at the threads of the processes that it is told, and keeps what it saw until it is taken. Not thread-safe.

    One descriptor is held for each thread, one more for each process. Of very many threads some are looked at each time, in turn.
    """

    def __init__(self, targets: Targets, learn: Callable[[int, int, int], object] = lambda *_: None) -> None:
        """`learn(pid, pc, number)` is told which call an instruction was seen to make. Raises ProbeUnavailable."""
        self._targets = targets
        self._learn = learn
        self._files: dict[tuple[int, int], int] = {}
        self._states: dict[int, int] = {}
        self._next_listing_ns = 0
        self._turn = 0
        self._rows: list[Row] = []
        if not Path("/proc/self/syscall").exists():
            raise ProbeUnavailable("what threads are blocked in cannot be seen: no /proc/PID/syscall", "run it outside the sandbox")

    def tick(self, pids: Iterable[int], now_ns: int) -> None:
        """One look at every thread, or at twenty-five of them, of these processes and their children. `now_ns`: the present time."""
        if now_ns >= self._next_listing_ns:
            self._list(pids)
            self._next_listing_ns = now_ns + max(_LISTING_NS, _LISTING_SHARE * (time.monotonic_ns() - now_ns))
        stopped = {pid for pid in list(self._states) if self._is_stopped(pid)}
        keys = list(self._files)
        if len(keys) > _MOST_LOOKS:
            self._turn = (self._turn + _MOST_LOOKS) % len(keys)
            keys = (keys + keys)[self._turn : self._turn + _MOST_LOOKS]
        for key in keys:
            seen = (STOPPED, "") if key[0] in stopped else self._look(*key)
            if seen is not None:
                self._rows.append((time.monotonic_ns(), *key, *seen))

    def take(self) -> list[Row]:
        """What was seen since the last time."""
        taken, self._rows = self._rows, []
        return taken

    def close(self) -> None:
        """Idempotent."""
        for fd in (*self._files.values(), *self._states.values()):
            os.close(fd)
        self._files, self._states = {}, {}

    def _look(self, pid: int, tid: int) -> Wait | None:
        try:
            words = os.pread(self._files[pid, tid], 256, 0).split()
        except OSError:
            self._forget((pid, tid))
            return None
        if len(words) == 9:
            number, *arguments, sp, pc = int(words[0]), *(int(word, 16) for word in words[1:])
            self._learn(pid, pc, number)
            return self._targets.of(pid, number, tuple(arguments), sp, now=True)
        return (OTHER, "") if len(words) == 3 else None

    def _is_stopped(self, pid: int) -> bool:
        try:
            state = os.pread(self._states[pid], 512, 0).rpartition(b") ")[2][:1]
        except OSError:
            state = b"X"
        if state == b"X":
            os.close(self._states.pop(pid))
            self._targets.forget(pid)
        return state in (b"T", b"t")

    def _list(self, pids: Iterable[int]) -> None:
        # A child may end before anybody tells us of it.
        every = {one for pid in pids for one in (pid, *procfs.children(pid))}
        alive = {(pid, tid) for pid in every for tid in procfs.threads(pid)}
        for key in self._files.keys() - alive:
            self._forget(key)
        for key in alive - self._files.keys():
            fd = _opened(f"/proc/{key[0]}/task/{key[1]}/syscall")
            if fd is not None:
                self._files[key] = fd
        for pid in {pid for pid, _ in alive} - self._states.keys():
            fd = _opened(f"/proc/{pid}/task/{pid}/stat")
            if fd is not None:
                self._states[pid] = fd

    def _forget(self, key: tuple[int, int]) -> None:
        os.close(self._files.pop(key))


def _opened(path: str) -> int | None:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
