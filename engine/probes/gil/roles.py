"""Which instruction takes the GIL: learnt from who wrote to `locked` in which order.

The GIL is taken and dropped by turns, by the same thread in each pair. So in a history that begins with a free GIL and lacks nothing,
every odd store takes and every even one drops; what takes it is known by its address from then on, in whatever order stores appear.
CPython takes it in one place (`take_gil`) and drops it in several, so that a store from anywhere else is a drop.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import replace

from engine.probes.eh_frame import function_at
from engine.probes.elf import ElfError, elf
from engine.probes.errors import ProbeError
from engine.probes.gil.structs import LOCKED, GilStruct
from engine.probes.perf import Rings
from engine.probes.perf_event import BREAK_EXECUTE, BREAK_WRITE, unavailable, watchpoint
from engine.probes.perf_records import Samples

_PAGES = 32
_LONG = ctypes.sizeof(ctypes.c_long)
WATCHPOINTS = "who takes the GIL"


def learn_roles(pid: int, known: GilStruct, bias: int, exercise: Callable[[], object]) -> GilStruct:
    """`known` with what takes the GIL, and where asking for it begins.

    `pid`: a process whose GIL is free, and whose only living thread waits for `exercise()`, which returns when it waits again.
    What cannot be learnt stays empty, and `unwatchable` says why.
    """
    try:
        with Rings(pid, switches=False, pages=_PAGES) as rings:
            locked = known.address + LOCKED + bias
            try:
                rings.attach(locked_watchpoint(locked), pid)
            except OSError as error:
                raise unavailable(error, WATCHPOINTS) from None
            exercise()
            known = replace(known, acquires=tuple(sorted(ip - bias for ip in acquires_of(complete(rings), pid))))
            return replace(known, take_gil=_entry(pid, known, bias, rings, exercise))
    except ProbeError as error:
        return replace(known, acquires=(), unwatchable=str(error))


def locked_watchpoint(address: int) -> bytes:
    """A record at every store to the field `locked` at `address`."""
    return watchpoint(address, 4, BREAK_WRITE).pack()


def entry_breakpoint(address: int) -> bytes:
    """A record at every call of the function at `address`, with its first argument: take_gil's is the caller's thread state."""
    return watchpoint(address, _LONG, BREAK_EXECUTE, argument=True).pack()


def acquires_of(stores: Samples, pid: int) -> set[int]:
    """Reads the places that take the GIL off a complete history of process `pid`, which begins with its GIL free, and of its forks.

    Raises ProbeError when the stores do not go by turns: then they are not what they are taken for.
    """
    acquires: set[int] = set()
    releases: set[int] = set()
    holder: dict[int, int] = {pid: 0}
    for of, tid, ip in zip(stores.pid.tolist(), stores.tid.tolist(), stores.ip.tolist(), strict=True):
        if holder.setdefault(of, tid):  # Who forks holds the GIL, and so does its child.
            if holder[of] != tid:
                raise ProbeError("the GIL was dropped by a thread that did not hold it")
            releases.add(ip)
            holder[of] = 0
        else:
            acquires.add(ip)
            holder[of] = tid
    if not len(stores):
        raise ProbeError("the processor takes the watchpoint and never reports a hit: some virtual machines do not pass them on")
    if not releases or acquires & releases:
        raise ProbeError("the stores to the GIL do not go by turns")
    return acquires


def _entry(pid: int, known: GilStruct, bias: int, rings: Rings, exercise: Callable[[], object]) -> int | None:
    """Link-time address of the one function that takes the GIL, if every taking was seen to begin there; else None."""
    try:
        functions = {function_at(elf(known.module), ip) for ip in known.acquires}
        function = functions.pop()
        if function is None or functions:
            return None
        rings.attach(entry_breakpoint(function.start + bias), pid)
    except (ElfError, OSError):
        return None
    exercise()
    asking: set[int] = set()
    asked = True
    for tid, ip in _rows(complete(rings)):
        if ip == function.start + bias:
            asking.add(tid)
        elif ip - bias in known.acquires:
            asked = asked and tid in asking
            asking.discard(tid)
    return function.start if asked else None


def _rows(samples: Samples) -> list[tuple[int, int]]:
    return list(zip(samples.tid.tolist(), samples.ip.tolist(), strict=True))


def complete(rings: Rings) -> Samples:
    """What was recorded. Raises ProbeError when some of it is missing."""
    drained = rings.drain()
    if drained.gaps or drained.records.throttled:
        raise ProbeError("records of the GIL were lost while learning")
    return drained.records.samples
