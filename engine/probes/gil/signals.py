"""Where every GIL of a process is told of, with two of the processor's four watchpoints: the calls of pthread_cond_signal.

    take_gil:   locked = 1; …; signal(&gil->switch_cond); …
    drop_gil:   locked = 0; signal(&gil->cond); …

Both happen while the GIL's mutex is held, so that signals of one GIL come in the order in which it was taken and dropped. CPython calls it
for hardly anything else. A watchpoint on `locked` sees one GIL; this sees them all, each by its address, from their first moment on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from engine.probes.elf import ElfError, elf
from engine.probes.errors import ProbeError
from engine.probes.gil.roles import complete, locked_watchpoint
from engine.probes.gil.structs import LOCKED, GilStruct, Signals
from engine.probes.perf import Rings
from engine.probes.perf_event import BREAK_EXECUTE, watchpoint
from engine.probes.perf_records import Samples
from engine.probes.plt import stub

_PAGES = 32
_LONG = 8
_STRUCT_BYTES = 512


def learn_signals(pid: int, known: GilStruct, bias: int, exercise: Callable[[], object]) -> GilStruct:
    """`known` with its `signals`, or without if not each taking and dropping in a long exercise was followed by its signal.

    `pid` and `exercise` as for `learn_roles`, which has been here before.
    """
    try:
        at = stub(elf(known.module), "pthread_cond_signal")
        if at is None or not known.acquires:
            return known
        with Rings(pid, switches=False, pages=_PAGES) as rings:
            rings.attach(locked_watchpoint(known.address + LOCKED + bias), pid)
            rings.attach(stub_breakpoint(at + bias), pid)
            exercise()
            offsets = _offsets(complete(rings), known, bias, at + bias)
    except (ElfError, OSError, ProbeError):
        return known
    return known if offsets is None else replace(known, signals=Signals(at, *offsets))


def stub_breakpoint(address: int) -> bytes:
    """A record at every jump of the stub at `address`, with the first argument of the function that it jumps to."""
    return watchpoint(address, _LONG, BREAK_EXECUTE, argument=True).pack()


def _offsets(seen: Samples, known: GilStruct, bias: int, at: int) -> tuple[int, int] | None:
    """What a signal's argument differs by from the GIL's address: when it was taken, when it was dropped. None: they do not go by turns."""
    address = known.address + bias
    processes = {int(seen.pid[0])} if len(seen) else set()
    acted: dict[int, bool] = {}
    offsets: dict[bool, set[int]] = {True: set(), False: set()}
    columns = (seen.pid, seen.tid, seen.ip, seen.addr, seen.argument)
    for pid, tid, ip, addr, argument in zip(*(column.tolist() for column in columns), strict=True):
        if addr == at:
            if 0 <= argument - address < _STRUCT_BYTES:
                if tid not in acted:
                    return None
                offsets[acted.pop(tid)].add(argument - address)
        elif pid not in processes:
            processes.add(pid)  # A forked child makes its GIL anew, and has nobody to signal that to.
        elif tid in acted:
            return None
        else:
            acted[tid] = ip - bias in known.acquires
    if acted or len(offsets[True]) != 1 or len(offsets[False]) != 1 or offsets[True] == offsets[False]:
        return None
    return offsets[True].pop(), offsets[False].pop()
