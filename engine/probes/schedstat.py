"""The kernel's account of each thread's time, read again and again: what is left where single switches may not be seen.

`/proc/PID/task/TID/schedstat` gives three totals since the thread's birth: ns on a core, ns ready without a core, times on a core.
The first is brought up to date when the thread leaves its core, at each tick of the timer (1 to 10 ms), and when another wakes on that
core; the others when the thread gets a core. So who reads on the core that a thread was just on, reads all of it. No privilege is needed.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self

from engine.probes import procfs
from engine.probes.errors import ProbeUnavailable

_ROOM = 4096
_LENGTH, _NAME = 16, 19
"""Where in an entry of a directory (struct linux_dirent64, getdents64(2)) its length and its name are."""
_READY = b"R"


@dataclass(frozen=True, slots=True)
class Account:
    """Of one thread at `t` (ns, CLOCK_MONOTONIC). `since`: it was read then, too, and was another; or it had not been found yet.

    Totals since its birth: `oncpu_ns`, `waited_ns` (ready, no core), `slices` (times it got a core). `cpu` is the core that it was on last,
    `ready` whether it is on it or waits for one.
    """

    pid: int
    tid: int
    since: int
    t: int
    oncpu_ns: int
    waited_ns: int
    slices: int
    cpu: int
    ready: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """Made between `began` and `ended` by a thread on core `cpu` (-1: on several). `accounts`: those that are other than they were before.

    `gone`: (pid, tid, when it was read last) of threads that have ended since.
    """

    began: int
    ended: int
    cpu: int
    accounts: tuple[Account, ...]
    gone: tuple[tuple[int, int, int], ...]


@dataclass(slots=True)
class _Files:
    """Of one living thread. `read`: when it was last, and `account` what that said."""

    schedstat_fd: int
    stat_fd: int
    read: int
    account: bytes = b""


class SchedStat:
    """Readings of all threads of the processes that it is told. Not thread-safe. Two file descriptors are held for each living thread.

    Who reads keeps the measured threads from a core. So `read` only copies what the kernel says, and gives a function that makes sense of
    it, later and from any thread.
    """

    def __init__(self, since_ns: int) -> None:
        """`since_ns`: all that is read is younger, so that a thread's first account begins there or when it was not there yet.

        Raises ProbeUnavailable on a kernel that keeps no such account.
        """
        self._files: dict[tuple[int, int], _Files] = {}
        self._folders: dict[int, int] = {}
        self._gone: list[tuple[int, int, int]] = []
        self._looked_ns = since_ns
        try:
            fd = os.open("/proc/self/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            raise ProbeUnavailable(
                "this kernel keeps no account of threads (/proc/self/schedstat)", "use Linux with CONFIG_SCHED_INFO"
            ) from None
        os.close(fd)
        # These calls keep the GIL: who gives it away for each of many short ones waits for it as many times.
        libc = ctypes.PyDLL(None)
        self._getcpu, self._pread, self._lseek = libc.sched_getcpu, libc.pread, libc.lseek
        self._pread.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_long)
        self._pread.restype = ctypes.c_ssize_t
        self._lseek.argtypes = (ctypes.c_int, ctypes.c_long, ctypes.c_int)
        # glibc has it since 2.30.
        self._getdents = getattr(libc, "getdents64", None)
        if self._getdents is not None:
            self._getdents.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t)
            self._getdents.restype = ctypes.c_ssize_t
        self._room = ctypes.create_string_buffer(_ROOM)

    @property
    def cpu(self) -> int:
        """The core that the calling thread is on."""
        return int(self._getcpu())

    def look(self, pids: Iterable[int]) -> None:
        """From now on the threads that these processes have now are read."""
        began, processes = time.monotonic_ns(), set(pids)
        for left in self._folders.keys() - processes:
            os.close(self._folders.pop(left))
        alive = {(pid, tid) for pid in processes for tid in self._threads(pid)}
        for gone in self._files.keys() - alive:
            self._forget(gone)
        for new in sorted(alive - self._files.keys()):
            self._open(new)
        self._looked_ns = began

    def read(self) -> Callable[[], Reading]:
        """What the kernel says now."""
        began, cpu = time.monotonic_ns(), self.cpu
        rows: list[tuple[int, int, int, int, bytes, bytes]] = []
        ended: list[tuple[int, int]] = []
        for key, files in self._files.items():
            account = self._read(files.schedstat_fd)
            t = time.monotonic_ns()
            if account != files.account:
                stat = self._read(files.stat_fd)
                if not account or not stat:
                    ended.append(key)
                    continue
                rows.append((*key, files.read, t, account, stat))
                files.account = account
            files.read = t
        for key in ended:
            self._forget(key)
        gone, self._gone = tuple(self._gone), []
        end, stayed = time.monotonic_ns(), self.cpu == cpu
        return lambda: Reading(began, end, cpu if stayed else -1, tuple(_account(*row) for row in rows), gone)

    def close(self) -> None:
        """Idempotent."""
        self.look(())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self, fd: int) -> bytes:
        size = self._pread(fd, self._room, _ROOM, 0)
        return ctypes.string_at(self._room, size) if size > 0 else b""

    def _threads(self, pid: int) -> list[int]:
        """As `procfs.threads`."""
        if self._getdents is None:
            return procfs.threads(pid)
        fd = self._folders.get(pid)
        try:
            if fd is None:
                fd = self._folders[pid] = os.open(f"/proc/{pid}/task", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return []
        self._lseek(fd, 0, os.SEEK_SET)
        found: list[int] = []
        while (size := self._getdents(fd, self._room, _ROOM)) > 0:
            entries, at = ctypes.string_at(self._room, size), 0
            while at < size:
                length = int.from_bytes(entries[at + _LENGTH : at + _NAME - 1], sys.byteorder)
                name = entries[at + _NAME : at + length].partition(b"\0")[0]
                if name.isdigit():
                    found.append(int(name))
                at += length
        if not found:
            # It has ended. Another process may have its id.
            os.close(self._folders.pop(pid))
        return found

    def _open(self, key: tuple[int, int]) -> None:
        folder = f"/proc/{key[0]}/task/{key[1]}"
        try:
            schedstat_fd = os.open(f"{folder}/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return
        try:
            stat_fd = os.open(f"{folder}/stat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            os.close(schedstat_fd)
            return
        self._files[key] = _Files(schedstat_fd, stat_fd, self._looked_ns)

    def _forget(self, key: tuple[int, int]) -> None:
        files = self._files.pop(key)
        os.close(files.schedstat_fd)
        os.close(files.stat_fd)
        if files.account:
            self._gone.append((*key, files.read))


def _account(pid: int, tid: int, since: int, t: int, account: bytes, stat: bytes) -> Account:
    oncpu, waited, slices = (int(word) for word in account.split()[:3])
    # The name, in parentheses, may hold anything.
    fields = stat.rpartition(b")")[2].split()
    return Account(pid, tid, since, t, oncpu, waited, slices, int(fields[36]), fields[0] == _READY)
