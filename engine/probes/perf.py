"""The rings that the kernel writes its records into: one mapped buffer for every CPU, shared by all events of a run.

    page 0            data pages (a power of two), written round and round
    ┌──────────────┐  ┌────────────────────────────────────────────┐
    │ head    tail │  │ ……… read ……… │ unread │ ……… room ……………………… │
    └──────────────┘  └──────────────┴tail────┴head──────────────────┘

A record that finds no room is dropped by the kernel, which counts it: see `Gap`. Root may map what we want; other users
kernel.perf_event_mlock_kb for each CPU (128 pages, by default) and their RLIMIT_MEMLOCK, for all their rings together.
"""

from __future__ import annotations

import errno
import mmap
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from engine.probes.errors import ProbeUnavailable
from engine.probes.perf_event import dummy, open_event, redirect, unavailable
from engine.probes.perf_records import Records, parse
from engine.probes.perf_ring import Ring, mapped

_MOST_PAGES, _MOST_BYTES = 1024, 64 * 2**20
_EVERYBODYS_PAGES = 128
_SLACK_NS = 10_000_000
_SWITCHES = "the kernel's context switches"


@dataclass(frozen=True, slots=True)
class Gap:
    """`lost` records of one CPU are missing in `[start, end]`: what ran there then is not known."""

    cpu: int
    start: int
    end: int
    lost: int


@dataclass(frozen=True, slots=True, eq=False)
class Drained:
    """All that was unread. `watermark_ns`: every record of an earlier time has been handed out, with this or before.

    A record may bear a time after the watermark; it will not come again.
    """

    records: Records
    gaps: tuple[Gap, ...]
    watermark_ns: int


class Rings:
    """Rings of all CPUs, fed by the side records (births, exits, execs, and switches if wanted) of a task and all its later offspring.

    Not thread-safe. Closing it ends all its events, the attached ones included.
    """

    def __init__(self, pid: int, *, switches: bool = True, pages: int | None = None) -> None:
        """`pid`: a thread id; what it starts from now on is watched with it, its other threads are not.

        `pages`: data pages of each ring, a power of two; fewer where the kernel does not grant them. Raises ProbeUnavailable.
        """
        self.lost = 0
        self._rings: dict[int, Ring] = {}
        self._attr = dummy(switches=switches).pack()
        try:
            fds = _open_everywhere(self._attr, pid, online_cpus())
        except OSError as error:
            raise unavailable(error, _SWITCHES) from None
        try:
            self._rings = mapped(fds, pages or _wanted_pages(len(fds)))
        except OSError as error:
            _close_all(fds.values())
            raise ProbeUnavailable(
                f"{_SWITCHES} cannot be observed: no memory may be locked for them ({error.strerror})",
                "end other profilers of this user, or raise the limit with `ulimit -l`",
            ) from None

    @property
    def capacity(self) -> dict[int, int]:
        """Bytes of each CPU's ring."""
        return {cpu: ring.size for cpu, ring in self._rings.items()}

    @property
    def fullness(self) -> float:
        """Which share of its room the fullest ring has used up, 0 to 1. Cheap: for asking many times a second."""
        return max((ring.unread / ring.size for ring in self._rings.values()), default=0.0)

    @property
    def unseen(self) -> int:
        """Bytes that wait to be drained, in all rings together, and have not been peeked at."""
        return sum(ring.unseen for ring in self._rings.values())

    def peek(self) -> Records:
        """What has come since the last drain or peek. It goes on waiting to be drained. Raises ProbeError when a ring makes no sense."""
        return parse(b"".join(ring.peek() for ring in self._rings.values()))

    def watch(self, pid: int) -> None:
        """Feeds the rings from one more thread, not one that descends from those watched, and its offspring. Raises ProbeUnavailable."""
        try:
            self.attach(self._attr, pid)
        except OSError as error:
            raise unavailable(error, _SWITCHES) from None

    def attach(self, attr: bytes, pid: int) -> list[int]:
        """Opens one more event for thread `pid` on each CPU, its records going to these rings. Raises OSError, leaving none open.

        Only events of `perf_event` may write samples, for which it has functions. The descriptors serve `perf_event.disable` and `enable`;
        give them back with `detach`, or leave them to `close`.
        """
        fds = _open_everywhere(attr, pid, self._rings)
        try:
            for cpu, fd in fds.items():
                redirect(fd, self._rings[cpu].fd)
        except OSError:
            _close_all(fds.values())
            raise
        for cpu, fd in fds.items():
            self._rings[cpu].fds[fd] = 0
        return list(fds.values())

    def detach(self, fds: Iterable[int]) -> None:
        """Ends attached events. What they have written stays to be drained."""
        for fd in fds:
            for ring in self._rings.values():
                ring.release(fd)

    def drain(self, *, last: bool = False) -> Drained:
        """Everything unread, in the order of time, without waiting. Raises ProbeError when a ring makes no sense.

        `last`: all that was watched has ended, so that nothing is on its way and the watermark is now.
        """
        # A record's time is taken before the record is written, by microseconds, or by as long as a hypervisor stops the CPU in between.
        watermark = time.monotonic_ns() - (0 if last else _SLACK_NS)
        chunks: list[bytes] = []
        gaps: list[Gap] = []
        overrun: list[tuple[Ring, int, int]] = []
        for ring in self._rings.values():
            data, was_full = ring.take()
            chunks.append(data)
            if was_full and (count := ring.newly_lost()):
                overrun.append((ring, count, time.monotonic_ns()))
        records = parse(b"".join(chunks))
        for loss in records.losses:
            where = [ring for ring in self._rings.values() if loss.cpu in (ring.cpu, -1) and not ring.counts_lost]
            gaps.extend(Gap(ring.cpu, ring.last_before(records, loss.t), loss.t, loss.count) for ring in where)
        for ring in self._rings.values():
            ring.saw(records)
        gaps.extend(Gap(ring.cpu, ring.last_ns, end, count) for ring, count, end in overrun)
        self.lost += sum(gap.lost for gap in gaps)
        return Drained(records, tuple(gaps), watermark)

    def close(self) -> None:
        """Idempotent."""
        for ring in self._rings.values():
            ring.close()
        self._rings = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _open_everywhere(attr: bytes, pid: int, cpus: Iterable[int]) -> dict[int, int]:
    """The event's descriptor on each CPU that is still online. Raises OSError, leaving none open."""
    fds: dict[int, int] = {}
    for cpu in cpus:
        try:
            fds[cpu] = open_event(attr, pid, cpu)
        except OSError as error:
            if error.errno != errno.ENODEV:
                _close_all(fds.values())
                raise
    return fds


def _close_all(fds: Iterable[int]) -> None:
    for fd in fds:
        os.close(fd)


def _wanted_pages(cpus: int) -> int:
    """4 MB a CPU (130,000 switches), 64 MB in all; for ordinary users what they have a right to, leaving their other limit alone."""
    if os.geteuid() != 0:
        return _EVERYBODYS_PAGES
    most = _MOST_BYTES // mmap.PAGESIZE // max(1, cpus)
    return min(_MOST_PAGES, 1 << max(0, most.bit_length() - 1))


def online_cpus() -> list[int]:
    """As the kernel numbers them."""
    try:
        text = Path("/sys/devices/system/cpu/online").read_text().strip()
    except OSError:
        return list(range(os.cpu_count() or 1))
    cpus: list[int] = []
    for span in text.split(","):
        first, _, last = span.partition("-")
        cpus.extend(range(int(first), int(last or first) + 1))
    return cpus
