"""What figures are about: which lanes, and which window of time.

    process ─ interpreter       its GIL                 → `gils`, if a carrier lives in the process
            ├ thread            carries jobs            → `carriers` and `hosts`
            └ thread            runs an event loop      → `hosts`
               └ task           carries jobs            → `carriers`

Time in states is summed over carriers, time on cores over hosts: a task is on a core by way of its thread, and nothing is counted twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.trace import Lane, State, Trace

_NOT_WORK = (State.starting, State.idle, State.unknown, State.crashed)


@dataclass(frozen=True, slots=True)
class Scope:
    """Ids of lanes, ascending; and `[t0, t1)` in ns since the trace began, both None when no job has begun.

    `whole`: the window is that of the trace, not one that somebody asked for. Only then do counters, which are of the whole trace, apply.
    """

    carriers: tuple[int, ...]
    hosts: tuple[int, ...]
    gils: tuple[int, ...]
    t0: int | None
    t1: int | None
    whole: bool


def scope_of(trace: Trace, t0: int | None = None, t1: int | None = None) -> Scope:
    """The measured lanes and their window: by default from the first job's start to the last one's end, while live to the latest."""
    carriers = sorted(lane.id for lane in trace.lanes.values() if lane.measured)
    hosts = sorted({host for lane in carriers if (host := host_of(trace, lane)) is not None})
    processes = {process for lane in hosts if (process := process_of(trace, lane)) is not None}
    gils = sorted(lane.id for lane in trace.lanes.values() if lane.kind == "interpreter" and lane.parent in processes)
    begin, end = (None, None) if t0 is not None and t1 is not None else _window(trace, carriers)
    return Scope(
        carriers=tuple(carriers),
        hosts=tuple(hosts),
        gils=tuple(gils),
        t0=begin if t0 is None else t0,
        t1=end if t1 is None else t1,
        whole=t0 is None and t1 is None,
    )


def host_of(trace: Trace, lane: int) -> int | None:
    """The thread lane that a lane runs on: itself, or the nearest thread above it."""
    return next((found.id for found in _upwards(trace, lane) if found.kind == "thread"), None)


def process_of(trace: Trace, lane: int) -> int | None:
    """The process lane that a lane lives in."""
    return next((found.id for found in _upwards(trace, lane) if found.kind == "process"), None)


def gils_of(trace: Trace, lane: int) -> tuple[int, ...]:
    """The interpreter lanes whose GIL a thread or task may wait for: the one above it, or else those of its process."""
    above = next((found.id for found in _upwards(trace, lane) if found.kind == "interpreter"), None)
    if above is not None:
        return (above,)
    process = process_of(trace, lane)
    return tuple(sorted(found.id for found in trace.lanes.values() if found.kind == "interpreter" and found.parent == process))


def _upwards(trace: Trace, lane: int) -> list[Lane]:
    """The lane and all above it. Ends at a loop, which only a forged trace has."""
    found: list[Lane] = []
    at: int | None = lane
    while at is not None and at in trace.lanes and trace.lanes[at] not in found:
        found.append(trace.lanes[at])
        at = trace.lanes[at].parent
    return found


def _window(trace: Trace, carriers: list[int]) -> tuple[int | None, int | None]:
    """Jobs are told when they end. Until all have, what their lanes do is the better witness of when the first began."""
    starts = [job.start_ns for job in trace.jobs]
    ends = [job.end_ns for job in trace.jobs]
    if trace.record.status == "complete" and starts:
        return min(starts), max(ends)
    for part in (trace.segments, trace.open):
        worked = np.isin(part.lane, carriers) & ~np.isin(part.state, _NOT_WORK)
        if worked.any():
            starts.append(int(part.start[worked].min()))
            ends.append(int(part.end[worked].max()))
    if not starts:
        return None, None
    return min(starts), max(ends) if trace.record.finished else max(trace.t_ns, *ends)
