"""One CPU's ring: the mapping, and taking out what is unread."""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Iterator

import numpy as np

from engine.probes.perf_event import lost
from engine.probes.perf_records import Records

_FEWEST_PAGES = 4
_HEAD, _TAIL = 1024 // 8, 1032 // 8  # where the control page has them, in words of 8 bytes
_BIGGEST_RECORD = 1024


class Ring:
    """`fds`: every event that writes here, with how many of its records are known to be lost. `last_ns`: time of the newest record read."""

    def __init__(self, cpu: int, fd: int, pages: int) -> None:
        """Maps the ring of `fd`, an event of this CPU, and takes it over. Raises OSError, `fd` staying the caller's."""
        self.cpu = cpu
        self.fd = fd
        self.fds = {fd: 0}
        self.last_ns = 0
        self._owed = 0
        self._peeked = 0
        # The kernel counts losses for each event (6.0 and later), or the event has no such number to read.
        self.counts_lost = len(os.read(fd, 16)) == 16
        self._map = mmap.mmap(fd, (1 + pages) * mmap.PAGESIZE, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
        self._bytes = memoryview(self._map)
        self._control = self._bytes.cast("Q")
        self.size = len(self._map) - mmap.PAGESIZE

    @property
    def unread(self) -> int:
        """Bytes that are there to be taken."""
        return int(self._control[_HEAD] - self._control[_TAIL])

    @property
    def unseen(self) -> int:
        """Bytes that are there to be taken, and have not been peeked at."""
        return int(self._control[_HEAD] - max(self._control[_TAIL], self._peeked))

    def peek(self) -> bytes:
        """The unseen bytes, which are whole records. They stay unread."""
        start, self._peeked = max(self._control[_TAIL], self._peeked), self._control[_HEAD]
        return self._between(start, self._peeked)

    def take(self) -> tuple[bytes, bool]:
        """The unread bytes, which are whole records, and whether the ring may have been too full for some. Makes room for new ones."""
        tail, head = self._control[_TAIL], self._control[_HEAD]
        taken = self._between(tail, head)
        before = self._control[_HEAD]
        self._control[_TAIL] = head
        return taken, before - tail > self.size - _BIGGEST_RECORD

    def newly_lost(self) -> int:
        """Records lost since this was asked before. Asks each event, which takes longer the more threads it has been inherited by."""
        fresh, self._owed = self._owed, 0
        if not self.counts_lost:
            return fresh
        for fd, known in self.fds.items():
            now = lost(fd)
            fresh += now - known
            self.fds[fd] = now
        return fresh

    def release(self, fd: int) -> None:
        """Closes an event that writes here, if it is one of ours; what it lost is not forgotten."""
        known = self.fds.pop(fd, None)
        if known is not None:
            self._owed += lost(fd) - known
            os.close(fd)

    def saw(self, records: Records) -> None:
        """Moves `last_ns` to the newest of these that is of this CPU."""
        self.last_ns = max(self.last_ns, *self._times(records))

    def last_before(self, records: Records, t: int) -> int:
        """The time of the newest record of this CPU that is older than `t`, among these and those seen."""
        return max(self.last_ns, *self._times(records, t))

    def unmap(self) -> None:
        self._control.release()
        self._bytes.release()
        self._map.close()

    def close(self) -> None:
        self.unmap()
        for fd in self.fds:
            os.close(fd)
        self.fds = {}

    def _between(self, tail: int, head: int) -> bytes:
        """The kernel publishes `head` after the bytes; hundreds of instructions of this interpreter lie between our reading of the one and
        the other, which is the barrier that weakly ordered processors want."""
        start, end = tail % self.size, head % self.size
        data = self._bytes[mmap.PAGESIZE :]
        if head == tail:
            return b""
        return bytes(data[start:end]) if start < end else bytes(data[start:]) + bytes(data[:end])

    def _times(self, records: Records, before: int = 2**63 - 1) -> Iterator[int]:
        for t, cpu in ((records.switch[0], records.switch[1]), (records.samples.t, records.samples.cpu)):
            until = int(np.searchsorted(t, before))
            here = np.flatnonzero(cpu[:until] == self.cpu)
            yield int(t[here[-1]]) if len(here) else 0


def mapped(fds: dict[int, int], pages: int) -> dict[int, Ring]:
    """A ring for each CPU's event, all of `pages` pages or, where the kernel grants that only to some, of the most that it grants to all.

    Raises OSError when not even the fewest are granted; `fds` stay the caller's then.
    """
    while True:
        rings: dict[int, Ring] = {}
        try:
            for cpu, fd in fds.items():
                rings[cpu] = Ring(cpu, fd, pages)
            return rings
        except OSError as error:
            for ring in rings.values():
                ring.unmap()
            if error.errno not in (errno.EPERM, errno.ENOMEM) or pages <= _FEWEST_PAGES:
                raise
            pages //= 2
