"""Every switch of every watched thread onto a core and off it, as the kernel records it.

    switches = KernelSwitches.open(tid)   # before the thread begins what is to be watched: see `spawn_watched`
    got = switches.drain()                # again and again, a few times a second
    switches.drain(last=True)             # when all has ended
    switches.close()

    thread  ──▏in      out▕──────▏in              out▕────▏in       exit▕
               on a core   kind 1: blocked            kind 2: preempted, wants on

Ids are those of our own PID namespace; for a process that made itself another one, `procfs.namespace_ids` tells its own.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from typing import Self

import numpy as np

from engine.probes.errors import ProbeUnavailable
from engine.probes.perf import Drained, Gap, Rings
from engine.probes.perf_records import IN, OUT_BLOCKED, OUT_PREEMPTED, Birth, Exec, Exit, Ints, Samples

__all__ = ["IN", "OUT_BLOCKED", "OUT_PREEMPTED", "Birth", "Exec", "Exit", "Gap", "KernelSwitches", "Switches", "check"]


@dataclass(frozen=True, slots=True, eq=False)
class Switches:
    """What one drain found. The columns `t, cpu, pid, tid, kind` are of equal length and sorted by `t`.

    `kind`: 0 in; 1 out, blocked or otherwise of its own will; 2 out while it could have run on (`sched_yield` among it). A thread's
    last time on a core ends with its exit, not with an out. Before its first record, and in `gaps` on its CPU, a thread's state is unknown.
    `lost` records are the sum over `gaps`. `watermark_ns`: all records of earlier times have been told by now; those here may be later.
    `samples` and `throttled` are of the watchpoints that share the rings.
    """

    t: Ints
    cpu: Ints
    pid: Ints
    tid: Ints
    kind: Ints
    births: tuple[Birth, ...]
    exits: tuple[Exit, ...]
    execs: tuple[Exec, ...]
    gaps: tuple[Gap, ...]
    lost: int
    watermark_ns: int
    samples: Samples
    throttled: int

    def __len__(self) -> int:
        return len(self.t)


class KernelSwitches:
    """Watches a thread and everything that it starts from now on: threads and processes, through fork, exec, spawn and setsid."""

    def __init__(self, rings: Rings) -> None:
        self.rings = rings
        self._own_pid = os.getpid()

    @classmethod
    def open(cls, tid: int, *, switches: bool = True, pages: int | None = None) -> Self:
        """`switches=False` leaves only births, exits and execs, and rings for watchpoints to share. Raises ProbeUnavailable."""
        return cls(Rings(tid, switches=switches, pages=pages))

    def drain(self, *, last: bool = False) -> Switches:
        """Everything since the last drain. `last`: all that was watched has ended; the watermark is now."""
        return self.take(self.rings.drain(last=last))

    def take(self, drained: Drained) -> Switches:
        """The switches in what somebody drained from our `rings`, to share with the watcher of the GIL.

        Threads of our own process, which start what is watched, are left out.
        """
        records = drained.records
        t, cpu, pid, tid, kind = records.switch[:, records.switch[2] != self._own_pid]
        return Switches(
            *(t, cpu, pid, tid, kind),
            births=tuple(birth for birth in records.births if birth.pid != self._own_pid),
            exits=tuple(end for end in records.exits if end.pid != self._own_pid),
            execs=records.execs,
            gaps=drained.gaps,
            lost=sum(gap.lost for gap in drained.gaps),
            watermark_ns=drained.watermark_ns,
            samples=records.samples,
            throttled=records.throttled,
        )

    def close(self) -> None:
        """Ends the watching, and every watchpoint on these rings. Idempotent."""
        self.rings.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def check() -> ProbeUnavailable | None:
    """Whether switches can be had here, tried for real: None if they can, else why not and how to mend it. Takes some milliseconds."""
    verdict: list[ProbeUnavailable] = []
    trial = threading.Thread(target=_try, args=(verdict,), name="switches-check")
    trial.start()
    trial.join()
    return verdict[0] if verdict else None


def _try(verdict: list[ProbeUnavailable]) -> None:
    tid = threading.get_native_id()
    try:
        with Rings(tid, pages=1) as rings:
            time.sleep(0.001)
            switch = rings.drain().records.switch
    except ProbeUnavailable as error:
        verdict.append(error)
        return
    if not np.any(switch[3] == tid):
        verdict.append(ProbeUnavailable("the kernel takes the request for context switches and records none", "run it outside the sandbox"))
