"""What figures are about: which lanes, and which window of time.

    process ─ interpreter       its GIL                 → `gils`, if a host runs in it
            ├ thread            carries jobs            → `carriers` and `hosts`
            └ thread            runs an event loop      → `hosts`
               └ task           carries jobs            → `carriers`

Time in states is summed over carriers, time on cores over hosts: a task is on a core by way of its thread, and nothing is counted twice.
A recorded program has no jobs: there every thread that runs Python carries, and tasks are what such threads do.
"""

from __future__ import annotations

from collections.abc import Iterable
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
    measured = {lane.id for lane in trace.lanes.values() if lane.measured}
    by_host = {lane: host for lane in measured if (host := host_of(trace, lane)) is not None}
    carriers = sorted(lane for lane in measured if lane == by_host.get(lane, lane) or by_host[lane] not in measured)
    hosts = sorted(set(by_host.values()))
    begin, end = (None, None) if t0 is not None and t1 is not None else _window(trace, carriers)
    return Scope(
        carriers=tuple(carriers),
        hosts=tuple(hosts),
        gils=_gils(trace, hosts),
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


def tasks_of(trace: Trace, threads: Iterable[int]) -> tuple[int, ...]:
    """The tasks that run on loops of these threads, ascending."""
    above = set(threads)
    return tuple(sorted(lane.id for lane in trace.lanes.values() if lane.kind == "task" and host_of(trace, lane.id) in above))


def gils_of(trace: Trace, lane: int) -> tuple[int, ...]:
    """The interpreter lanes whose GIL a thread or task may wait for: the one above it, or else those of its process."""
    above = next((found.id for found in _upwards(trace, lane) if found.kind == "interpreter"), None)
    if above is not None:
        return (above,)
    process = process_of(trace, lane)
    return tuple(sorted(found.id for found in trace.lanes.values() if found.kind == "interpreter" and found.parent == process))


def _gils(trace: Trace, hosts: list[int]) -> tuple[int, ...]:
    """The GILs under which the hosts run: where a process has several, the one that each host held longest."""
    found: set[int] = set()
    for host in hosts:
        candidates = gils_of(trace, host)
        if len(candidates) < 2:
            found.update(candidates)
            continue
        held = {gil: _held_ns(trace, gil, host) for gil in candidates}
        longest = max(candidates, key=lambda gil: held[gil])
        found.update([longest] if held[longest] else candidates)
    return tuple(sorted(found))


def _held_ns(trace: Trace, gil: int, holder: int) -> int:
    """How long a thread held a GIL, in the whole trace."""
    total = 0
    for part in (trace.segments, trace.open):
        first, last = np.searchsorted(part.lane, [gil, gil + 1]) if part is trace.segments else (0, len(part))
        rows = slice(int(first), int(last))
        held = (part.lane[rows] == gil) & (part.ref[rows] == holder) & (part.state[rows] == State.held)
        total += int((part.end[rows] - part.start[rows])[held].sum())
    return total


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
