"""What threads block in, told by the kernel at each switch off a core: for who may look at the kernel (root, CAP_PERFMON, or
kernel.perf_event_paranoid of 1 or less).

    sample (registers)  t ──▏
    switch off          t'  ──▏ blocked      →  a wait at t', on what the registers say
                              ▏ preempted    →  nothing

The registers are those with which the thread entered the kernel: its first arguments, and where it stood, which tells the call. It costs
the measured program about 1.2 µs a switch.
"""

from __future__ import annotations

import platform

import numpy as np

from engine.probes.call_sites import CallSites
from engine.probes.errors import ProbeUnavailable
from engine.probes.perf import Rings
from engine.probes.perf_event import disable, enable, leaving, unavailable
from engine.probes.perf_records import OUT_BLOCKED, Ints
from engine.probes.targets import Targets, Wait
from engine.probes.waits import Row

_REGISTERS = {
    "x86_64": 1 << 3 | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8,
    "aarch64": 1 << 0 | 1 << 1 | 1 << 8 | 1 << 31 | 1 << 32,
}
"""rdx, rsi, rdi, rsp, rip; x0, x1, x8 (the number of the call), sp, pc: as asm/perf_regs.h numbers them, and as they are written."""
_PATIENCE_NS = 1_000_000_000


class SwitchCalls:
    """Joins the rings of a run. The switches themselves must be told there, too."""

    def __init__(self, rings: Rings, tid: int, sites: CallSites, targets: Targets) -> None:
        """Thread `tid` and what it starts from now on. Raises ProbeUnavailable."""
        mask = _REGISTERS.get(platform.machine())
        if mask is None:
            raise ProbeUnavailable(f"what threads block in is not known at each switch on {platform.machine()}")
        try:
            self._fds = rings.attach(leaving(mask).pack(), tid)
        except OSError as error:
            raise unavailable(error, "what threads block in") from None
        self._sites, self._targets = sites, targets
        self._held = np.empty((8, 0), np.int64)

    def pause(self) -> None:
        """From when this returns on it costs nothing, and tells nothing."""
        for fd in self._fds:
            disable(fd)

    def resume(self) -> None:
        for fd in self._fds:
            enable(fd)

    def take(self, calls: Ints, switch: Ints, upto_ns: int) -> list[Row]:
        """A row for each switch off a core that was for a call. `calls` are all that were drained; what has no switch yet waits for it.

        `switch` has rows t, cpu, pid, tid, kind of all switches that are told now, none earlier than those told before.
        """
        calls = np.concatenate((self._held, calls), axis=1)
        outs = switch[:, switch[4] != 0]
        after = _next_of_same(calls[0], calls[2], outs[0], outs[3])
        self._held = calls[:, (after < 0) & (calls[0] > upto_ns - _PATIENCE_NS)]
        fits = after >= 0
        fits[fits] = outs[4][after[fits]] == OUT_BLOCKED
        return self._rows(calls[:, fits], outs[0][after[fits]])

    def _rows(self, calls: Ints, t: Ints) -> list[Row]:
        number, arguments, sp = self._read(calls)
        keys = np.stack((calls[1], number, *arguments, _near(arguments[0], sp)))
        different, first, which = np.unique(keys, axis=1, return_index=True, return_inverse=True)
        # Locks are numbered in the order in which they are first waited for.
        asked = np.argsort(first).tolist()
        waits = dict(zip(asked, (self._wait(key) for key in different.T[asked].tolist()), strict=True))
        return [
            (at, pid, tid, wait[0], wait[1])
            for at, pid, tid, index in zip(t.tolist(), calls[1].tolist(), calls[2].tolist(), which.reshape(-1).tolist(), strict=True)
            if (wait := waits[index]) is not None
        ]

    def _read(self, calls: Ints) -> tuple[Ints, tuple[Ints, Ints, Ints], Ints]:
        """The number of each call (-1: not known), its first arguments, and the stack pointer."""
        if platform.machine() == "aarch64":
            return calls[5], (calls[3], calls[4], np.zeros_like(calls[3])), calls[6]
        sites, which = np.unique(np.stack((calls[1], calls[7])), axis=1, return_inverse=True)
        numbers = [self._sites.number(pid, pc) for pid, pc in sites.T.tolist()]
        known = np.array([-1 if number is None else number for number in numbers], np.int64)
        return known[which.reshape(-1)] if len(known) else calls[1], (calls[5], calls[4], calls[3]), calls[6]

    def _wait(self, key: list[int]) -> Wait | None:
        pid, number, first, second, third, own_stack = key
        if number < 0:
            return None
        # Sets of files are not among what was sampled: where some are asked for, that is a wait for them.
        arguments = (first, second, third, 1)
        return self._targets.of(pid, number, arguments, first if own_stack else 0, now=False)


def _near(address: Ints, sp: Ints) -> Ints:
    return ((address >= sp) & (address - sp < 65536)).astype(np.int64)


def _next_of_same(t: Ints, tid: Ints, other_t: Ints, other_tid: Ints) -> Ints:
    """For each row the index of the next other row of the same thread, if it comes before that thread's next row; else -1."""
    found = np.full(len(t), -1, np.int64)
    if not len(t) or not len(other_t):
        return found
    order = np.lexsort((np.repeat([0, 1], (len(t), len(other_t))), np.concatenate((t, other_t)), np.concatenate((tid, other_tid))))
    ids = np.concatenate((tid, other_tid))[order]
    joined = (order[:-1] < len(t)) & (order[1:] >= len(t)) & (ids[:-1] == ids[1:])
    found[order[:-1][joined]] = order[1:][joined] - len(t)
    return found
