"""From a system call and its arguments to what its thread waits for, in words for people.

recvfrom(7, …)        SOCKET   socket 127.0.0.1:8080          futex(0x7f…, …)   LOCK   lock 3
read(0, …)            FILE     pipe 4711                      futex(in a GIL)   GIL
poll({7}, 1, …)       SOCKET   socket 127.0.0.1:8080          wait4(4712, …)    CHILD  child 4712
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from engine.probes import memory
from engine.probes.sockets import Sockets
from engine.probes.syscalls import CALLS, CHILD, FILE, GIL, LOCK, OTHER, POLL, SLEEP, SOCKET

Wait = tuple[int, str]
"""What is waited for (a constant of `syscalls`), and on what ("" for nothing that has a name)."""

_GIL_SIGNALS = range(32, 208)
"""Where a GIL's struct has its conditions and mutexes, in bytes from its address: after its four fields, 48 and 40 of each."""
_STACK_BYTES = 64 * 1024
_PARKED = 2
_P_PID = 1
_INT_MAX = 2**31 - 1
_LONGEST = 200


class Targets:
    """Names files, locks and children of the processes of one run. `gils` tells where a process has its GILs, as far as that is known."""

    def __init__(self, gils: Callable[[int], Iterable[int]] = lambda _: ()) -> None:
        self._gils = gils
        self._sockets = Sockets()
        self._locks: dict[int, dict[int, int]] = {}
        self._files: dict[tuple[int, int], Wait] = {}

    def of(self, pid: int, number: int, arguments: tuple[int, ...], sp: int, *, now: bool) -> Wait:
        """`arguments`: the first of the call, three or more. `sp`: the thread's stack pointer.

        `now`: the thread is in that call at present, so that what its arguments point at may be read; else only what outlives the call.
        """
        call = CALLS.get(number)
        if call is None:
            return OTHER, ""
        first, second = arguments[0], arguments[1]
        match call.operand:
            case "fd":
                return self._file(pid, first, call.what)
            case "futex":
                return self._futex(pid, first, sp, now=now)
            case "child":
                return CHILD, f"child {first}" if 0 < first <= _INT_MAX else ""
            case "id":
                return CHILD, f"child {second}" if first & 0xFFFFFFFF == _P_PID else ""
            case "poll":
                return self._poll(pid, first, second & 0xFFFFFFFF, now=now)
            case "select":
                return (SLEEP, "") if not first & 0xFFFFFFFF or not any(arguments[1:4]) else (POLL, "")
            case _:
                return call.what, ""

    def forget(self, pid: int) -> None:
        """The process has ended, or become another program."""
        self._locks.pop(pid, None)
        for key in [key for key in self._files if key[0] == pid]:
            del self._files[key]

    def _file(self, pid: int, fd: int, what: int) -> Wait:
        fd &= 0xFFFFFFFF
        try:
            path = os.readlink(f"/proc/{pid}/fd/{fd}")  # noqa: PTH115 (asked many times a second)
        except OSError:
            # Closed meanwhile: what it was when it was last seen.
            return self._files.get((pid, fd), (what, f"file {fd}" if what == FILE else ""))
        found = self._opened(pid, path, what)
        self._files[pid, fd] = found
        return found

    def _opened(self, pid: int, path: str, what: int) -> Wait:
        kind, _, inode = path.partition(":[")
        if kind == "socket":
            name = self._sockets.name(pid, int(inode[:-1]))
            return SOCKET, f"socket {name}".rstrip()
        if kind == "pipe":
            return what, f"pipe {inode[:-1]}"
        if path.startswith("anon_inode:"):
            return what, path.removeprefix("anon_inode:").strip("[]")
        return what, path.removesuffix(" (deleted)")[-_LONGEST:]

    def _futex(self, pid: int, address: int, sp: int, *, now: bool) -> Wait:
        if any(address - gil in _GIL_SIGNALS for gil in self._gils(pid)):
            return GIL, ""
        if 0 <= address - sp < _STACK_BYTES:
            # A word of its own stack, to be woken by: what for stands beside it, if it is CPython's parking lot.
            parked = _parked_at(pid, address) if now else None
            if parked is None:
                return LOCK, ""
            address = parked
        numbers = self._locks.setdefault(pid, {})
        return LOCK, f"lock {numbers.setdefault(address, len(numbers) + 1)}"

    def _poll(self, pid: int, array: int, count: int, *, now: bool) -> Wait:
        if not count:
            return SLEEP, ""
        if count > 1 or not now:
            return POLL, ""
        try:
            fd = int.from_bytes(memory.read(pid, array, 4), "little", signed=True)
        except OSError:
            return POLL, ""
        return self._file(pid, fd, POLL) if fd >= 0 else (POLL, "")


def _parked_at(pid: int, semaphore: int) -> int | None:
    """The address that a thread of CPython 3.13 or later is parked at, given where its semaphore is: before it, in
    `struct wait_entry { void *park_arg; uintptr_t addr; _PySemaphore sema; … }`. What is there says by a bit that somebody is parked."""
    try:
        address = int.from_bytes(memory.read(pid, semaphore - 8, 8), "little")
        state = memory.read(pid, address, 1)[0]
    except (OSError, OverflowError):
        return None
    return address if state <= _PARKED + 1 and state & _PARKED else None
