"""An independent witness of who was on a core: the kernel's tracepoint `sched:sched_switch` on every CPU, read by code of its own.

It shares nothing with the recorder: another event, machine-wide instead of inherited, other records, another reader. Needs root.

    u32 type, u16 misc, u16 size | u64 time | u32 cpu, 0 | u32 size | u16 type, u8, u8, i32 pid
        | char prev_comm[16], i32 prev_pid, i32 prev_prio, i64 prev_state | char next_comm[16], i32 next_pid, i32 next_prio
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import mmap
import os
import platform
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_PAGES = 4096
_SAMPLE, _LOST = 9, 2
_TIME, _CPU, _RAW = 1 << 2, 1 << 7, 1 << 10
_USE_CLOCKID, _MONOTONIC = 1 << 25, 1
_ENABLE, _DISABLED = 0x2400, 1
_TRACING = Path("/sys/kernel/tracing")
_NUMBER = {"x86_64": 298, "aarch64": 241}

Spell = tuple[int, int]


class Witness:
    """What it saw is to be asked for once it has been closed. Times are CLOCK_MONOTONIC ns, spells sorted and disjoint."""

    def __init__(self, tracepoint: int) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._rings: dict[int, tuple[int, mmap.mmap]] = {}
        self._bytes: dict[int, list[bytes]] = {}
        self._stop = threading.Event()
        for cpu in os.sched_getaffinity(0):
            fd = self._opened(tracepoint, cpu)
            self._rings[cpu] = (fd, mmap.mmap(fd, (1 + _PAGES) * mmap.PAGESIZE))
            self._bytes[cpu] = []
        for fd, _ in self._rings.values():
            fcntl.ioctl(fd, _ENABLE, 0)
        self._reader = threading.Thread(target=self._read_on, name="witness")
        self._reader.start()

    def blind(self) -> list[Spell]:
        """When it knows nothing: where who leaves a CPU is not who had come to it, switches were left out. The kernel does that at times,
        for some milliseconds, and says nothing of it."""
        gaps: list[Spell] = []
        for cpu in self._bytes:
            before: tuple[int, int] | None = None
            for t, left, came in self._switches(cpu):
                if before is not None and before[1] != left:
                    gaps.append((before[0], t))
                before = t, came
        found: list[Spell] = []
        for start, end in sorted(gaps):
            if found and start <= found[-1][1]:
                found[-1] = (found[-1][0], max(end, found[-1][1]))
            else:
                found.append((start, end))
        return found

    def spells(self, tid: int) -> list[Spell]:
        """When a thread was on any core."""
        found: list[Spell] = []
        for cpu in self._bytes:
            since: int | None = None
            for t, left, came in self._switches(cpu):
                if left == tid and since is not None:
                    found.append((since, t))
                since = t if came == tid else None
        return sorted(found)

    def others_share(self, window: Spell, tids: set[int]) -> float:
        """Which part of all cores' time threads other than these had."""
        taken = 0
        for cpu in self._bytes:
            since, who = 0, 0
            for t, _, came in self._switches(cpu):
                if who and who not in tids:
                    taken += max(0, min(t, window[1]) - max(since, window[0]))
                since, who = t, came
        return taken / (len(self._bytes) * (window[1] - window[0]))

    def close(self) -> None:
        self._stop.set()
        self._reader.join()
        for fd, ring in self._rings.values():
            ring.close()
            os.close(fd)

    def _opened(self, tracepoint: int, cpu: int) -> int:
        flags = _DISABLED | _USE_CLOCKID
        attr = struct.pack("<IIQQQQQIIQQQQIiQIHH", 2, 112, tracepoint, 1, _TIME | _CPU | _RAW, 0, flags, *(0,) * 7, _MONOTONIC, *(0,) * 4)
        fd = self._libc.syscall(_NUMBER[platform.machine()], attr, -1, cpu, -1, 8)
        if fd < 0:
            raise OSError(ctypes.get_errno(), f"sched_switch cannot be witnessed on CPU {cpu}: {errno.errorcode[ctypes.get_errno()]}")
        return int(fd)

    def _read_on(self) -> None:
        while not self._stop.wait(0.02):
            self._take()
        self._take()

    def _take(self) -> None:
        for cpu, (_, ring) in self._rings.items():
            head, tail = struct.unpack_from("<QQ", ring, 1024)
            size = _PAGES * mmap.PAGESIZE
            start, end = tail % size + mmap.PAGESIZE, head % size + mmap.PAGESIZE
            if head != tail:
                self._bytes[cpu].append(ring[start:end] if start < end else ring[start:] + ring[mmap.PAGESIZE : end])
                struct.pack_into("<Q", ring, 1032, head)

    def _switches(self, cpu: int) -> Iterator[tuple[int, int, int]]:
        """(time, who left, who came), 0 for nobody."""
        data = b"".join(self._bytes[cpu])
        at = 0
        while at < len(data):
            kind, _, size = struct.unpack_from("<IHH", data, at)
            assert kind != _LOST, "the witness has missed switches"
            if kind == _SAMPLE:
                (t,) = struct.unpack_from("<Q", data, at + 8)
                left, came = struct.unpack_from("<i", data, at + 52)[0], struct.unpack_from("<i", data, at + 84)[0]
                yield t, left, came
            at += size


@contextmanager
def witnessed() -> Iterator[Witness]:
    """What happens inside is witnessed. Skips the test, loudly, where that cannot be."""
    if os.geteuid() != 0 or platform.system() != "Linux":
        pytest.skip("only root may witness the kernel's sched_switch, and only on Linux: the accuracy of what is recorded is not tested")
    with _tracing() as root:
        number = int((root / "events/sched/sched_switch/id").read_text())
    witness = Witness(number)
    try:
        yield witness
    finally:
        witness.close()
    mine = witness.spells(threading.get_native_id())
    if not mine:
        pytest.skip("the kernel calls threads by other ids than we do (a PID namespace): the accuracy of what is recorded is not tested")


@contextmanager
def _tracing() -> Iterator[Path]:
    """Where tracefs is; mounted for the while if it is not."""
    if (_TRACING / "events").is_dir():
        yield _TRACING
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"tracefs", bytes(_TRACING), b"tracefs", 0, None):
        pytest.skip(f"tracefs cannot be mounted ({os.strerror(ctypes.get_errno())}): the accuracy of what is recorded is not tested")
    try:
        yield _TRACING
    finally:
        libc.umount(bytes(_TRACING))
