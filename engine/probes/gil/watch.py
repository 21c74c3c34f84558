"""Watchpoints of one family of processes: a record whenever a thread takes a GIL, drops it, or asks for it.

The hardware compares addresses; the kernel notes thread, time and instruction. Forked children inherit the watchpoints, at the same
addresses: they and their parent are one family, switched on and off together. What calls exec leaves it.

    known.signals       watchpoints                                        GILs that are seen
    learnt              the stub (taken, dropped), take_gil (asked)        all of the process, each by its address
    not learnt          `locked` (taken, dropped), take_gil (asked)        the main one
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable

from engine.probes.errors import ProbeUnavailable
from engine.probes.gil.roles import WATCHPOINTS, entry_breakpoint, locked_watchpoint
from engine.probes.gil.signals import stub_breakpoint
from engine.probes.gil.structs import Gil
from engine.probes.perf import Rings
from engine.probes.perf_event import disable, enable, unavailable

Act = tuple[bool, int]
"""Whether it was taken (else dropped), and the address of the GIL that it would be."""


class GilWatch:
    """The watchpoints of one family. `members`: its processes that are alive; `asks`: whether asking is seen, too; `all_gils`: whether
    GILs of all interpreters are."""

    def __init__(self, rings: Rings, pid: int, gil: Gil) -> None:
        """Watches every thread of process `pid`, and all that descend from them. `gil` is its main one.

        Raises ProbeUnavailable, leaving nothing open.
        """
        if not gil.acquires:
            raise ProbeUnavailable(gil.struct.unwatchable or "what takes the GIL was not learnt")
        self.members = {pid}
        self._rings = rings
        self._fds: list[int] = []
        self._gil, self._locked, self._entry, self._acquires = gil.address, gil.locked, gil.take_gil, gil.acquires
        self._stub, self._signals = gil.stub, gil.struct.signals
        self.asks = self._entry is not None
        self.all_gils = self._signals is not None
        try:
            self._attach(pid)
        except OSError as error:
            self.close()
            raise unavailable(error, WATCHPOINTS) from None

    def asked(self, addr: int) -> bool:
        """Whether a record of a member at `addr` tells that its thread asks for a GIL."""
        return addr == self._entry

    def acts(self, ip: int, addr: int, argument: int) -> tuple[Act, ...]:
        """What other records of a member may mean: the GIL that is there tells which of them it is."""
        if addr == self._locked:
            return ((ip in self._acquires, self._gil),)
        if addr == self._stub and self._signals is not None:
            return (True, argument - self._signals.taken), (False, argument - self._signals.dropped)
        return ()

    def pause(self) -> None:
        """From when this returns on, no member is stopped any more."""
        self._each(disable)

    def resume(self) -> None:
        self._each(enable)

    def close(self) -> None:
        """Idempotent."""
        self._rings.detach(self._fds)
        self._fds = []

    def _attach(self, pid: int) -> None:
        """Threads that a watched one starts are watched already when they are listed, and hit a second watchpoint then: the second
        record says what the first one did, and changes nothing."""
        attached: set[int] = set()
        while fresh := {int(name) for name in os.listdir(f"/proc/{pid}/task")} - attached:  # noqa: PTH208 - names, not paths
            for tid in fresh:
                with contextlib.suppress(ProcessLookupError):
                    self._open(tid)
            attached |= fresh

    def _open(self, tid: int) -> None:
        if self._stub is None:
            self._fds += self._rings.attach(locked_watchpoint(self._locked), tid)
        else:
            self._fds += self._rings.attach(stub_breakpoint(self._stub), tid)
        if self._entry is not None:
            try:
                self._fds += self._rings.attach(entry_breakpoint(self._entry), tid)
            except ProcessLookupError:
                raise
            except OSError:
                self._entry, self.asks = None, False

    def _each(self, act: Callable[[int], None]) -> None:
        for fd in self._fds:
            with contextlib.suppress(OSError):
                act(fd)
