"""Where each lane goes among Chrome's processes and threads.

    Cores (a process of ours)              sorted first
      cpu 0, cpu 1                         a "thread" each: its slices are named after who is on the core
    python 4242
      life of the process                  a "thread" of ours: starting, running, exited
      GIL                                  likewise: its slices are named after who holds it
      MainThread 4242, worker-1 4243 …     threads
      job-1, job-2 …                       tasks: async events, for their work overlaps that of their thread

Real pids and tids are kept where Linux could have given them and nobody else has them; what else needs one gets a number above them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from engine.exports.names import names
from engine.scope import host_of, process_of
from engine.trace import Lane, Trace

LAST_PID = 2**22
"""Linux gives no number above (`/proc/sys/kernel/pid_max` at its highest)."""
_RANK = {"process": 0, "interpreter": 1, "thread": 2, "task": 3, "cpu": 4}


@dataclass(frozen=True, slots=True)
class Track:
    """One lane's place: a thread `tid` of `pid`, or for a task the async events of one id, told by its thread. `order`: of all."""

    lane: Lane
    name: str
    pid: int
    tid: int
    order: int

    @property
    def is_async(self) -> bool:
        return self.lane.kind == "task"


@dataclass(frozen=True, slots=True)
class Tracks:
    """`of`: lane id → its track. `processes`: pid → (name, order). `ours`: the pid of the process that cores and counters belong to."""

    of: dict[int, Track]
    processes: dict[int, tuple[str, int]]
    ours: int

    @classmethod
    def laid(cls, trace: Trace) -> Tracks:
        lanes, called = trace.lanes, names(trace)
        spare = count(LAST_PID + 1)
        ours = next(spare)
        pids: dict[int, int] = {}
        processes = {ours: ("Cores", 0)}
        taken = {ours}
        for lane in lanes.values():
            if lane.kind == "process":
                pid = pids[lane.id] = _number(lane.pid, taken, spare)
                processes[pid] = (lane.name or "process", len(processes))
        used: set[int] = set()
        found: dict[int | None, Track] = {}
        ordered = sorted(lanes.values(), key=lambda lane: (_RANK[lane.kind], lane.id))
        for order, lane in enumerate(ordered):
            above = process_of(trace, lane.id)
            pid = ours if above is None else pids[above]
            host = found.get(host_of(trace, lane.id)) if lane.kind == "task" else None
            tid = _number(lane.tid, used, spare) if host is None else host.tid
            name = {"process": "life of the process"}.get(lane.kind) or lane.name or called[lane.id]
            found[lane.id] = Track(lane, name, pid, tid, order)
        return cls({lane: track for lane, track in found.items() if lane is not None}, processes, ours)


def _number(wanted: int | None, taken: set[int], spare: count[int]) -> int:
    number = wanted if wanted is not None and 0 < wanted <= LAST_PID and wanted not in taken else next(spare)
    taken.add(number)
    return number
