"""What a selection adds up to: a window of time, on some lanes or on all.

    worker-1  ██░░▐██░░██▌░░██      per lane: ns in each state, how many segments, the longest wait
    worker-2  ░░██▐░░██░░▌██░░      together: the same, how many were on a core at once, how often the GIL changed hands
                  t0     t1

Of all lanes, the figures are those of `engine.metrics` for the same window. Of some, they are of these lanes alone: a task whose thread
is among them is on a core by way of that thread, and nothing is counted twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.metrics import SPELL_NS, handoffs_seen, most_at_once, on_core_ns, states_ns, within
from engine.scope import Scope, gils_of, host_of, scope_of
from engine.trace import Segments, State, Trace

Ints = npt.NDArray[np.int64]

WAITING = (State.gil_wait, State.runnable, State.lock_wait, State.io_wait, State.ready, State.suspended)
"""States of a thread or task that wants to go on and cannot."""
_IS_WAITING = np.isin(np.arange(256), WAITING)
_NAMES = tuple(state.name for state in State)


@dataclass(frozen=True, slots=True)
class Wait:
    """A whole wait `[start, end)`, of which `ns` lie in the window."""

    lane: int
    start: int
    end: int
    state: State
    ns: int

    def to_json(self) -> dict[str, Any]:
        return {"lane": self.lane, "start_ns": self.start, "end_ns": self.end, "state": self.state.name, "ns": self.ns}


@dataclass(frozen=True, slots=True)
class Spent:
    """One lane in the window: ns per state (those that occur), the segments that lie in it at least in part, the longest wait.

    `works`: it is one of those that the figures are of.
    """

    lane: int
    works: bool
    states: dict[str, int]
    segments: int
    longest_wait: Wait | None


@dataclass(frozen=True, slots=True)
class Selection:
    """`lanes` are those asked for, or else those that have something in the window, ascending by id.

    `states` are summed over `work` lanes: those that carry it, or all threads and tasks if none of the chosen ones does. `parallelism` is
    how many of them are on a core on average, `max_parallelism` the most for at least 1 ms, `handoffs` how often a GIL changed hands to
    the benefit of one of them, as far as this was seen. None: not known.
    """

    t0: int
    t1: int
    lanes: tuple[Spent, ...]
    work: int
    states: dict[str, int]
    segments: int
    parallelism: float | None
    max_parallelism: int | None
    handoffs: int | None
    longest_wait: Wait | None


def selection(trace: Trace, t0: int, t1: int, lanes: Iterable[int] | None = None) -> Selection:
    """Of `[t0, t1)`, which must not be empty; lanes that are not there are left out."""
    chosen = None if lanes is None else tuple(sorted(set(lanes) & set(trace.lanes)))
    scope = scope_of(trace, t0, t1) if chosen is None else _of_some(trace, t0, t1, chosen)
    spent = _spent(trace, scope, chosen)
    hosted = within(trace, scope.hosts, scope)
    cpu = on_core_ns(hosted)
    return Selection(
        t0=t0,
        t1=t1,
        lanes=spent,
        work=len(scope.carriers),
        states=states_ns(within(trace, scope.carriers, scope)),
        segments=sum(lane.segments for lane in spent),
        parallelism=None if cpu is None else cpu / (t1 - t0),
        max_parallelism=None if cpu is None else most_at_once(hosted, min(SPELL_NS, t1 - t0)),
        handoffs=_handoffs(trace, scope, chosen),
        longest_wait=max((one.longest_wait for one in spent if one.longest_wait and one.works), key=lambda wait: wait.ns, default=None),
    )


def _of_some(trace: Trace, t0: int, t1: int, chosen: tuple[int, ...]) -> Scope:
    """Carriers, hosts and GILs of the chosen lanes alone."""
    threads = {lane for lane in chosen if trace.lanes[lane].kind == "thread"}
    tasks = {lane for lane in chosen if trace.lanes[lane].kind == "task"}
    on_cores = tuple(sorted(threads | {task for task in tasks if host_of(trace, task) not in threads}))
    carriers = tuple(lane for lane in chosen if lane in set(scope_of(trace, t0, t1).carriers)) or on_cores
    gils = {gil for lane in on_cores for gil in gils_of(trace, lane)} | {lane for lane in chosen if trace.lanes[lane].kind == "interpreter"}
    return Scope(carriers, on_cores, tuple(sorted(gils)), t0, t1, False)


def _handoffs(trace: Trace, scope: Scope, chosen: tuple[int, ...] | None) -> int | None:
    every = tuple(sorted(lane.id for lane in trace.lanes.values() if lane.kind == "interpreter"))
    told = within(trace, every if chosen is None else scope.gils, scope)
    if not np.isin(told.state, (State.held, State.free)).any():
        return None
    hosts = {host for lane in scope.hosts if (host := host_of(trace, lane)) is not None}
    return handoffs_seen(told, tuple(sorted(hosts)) if chosen is not None and hosts else None)


def _spent(trace: Trace, scope: Scope, chosen: tuple[int, ...] | None) -> tuple[Spent, ...]:
    t0, t1 = scope.t0 or 0, scope.t1 or 0
    part = _overlapping(trace, t0, t1, chosen)
    ids = part.lane[np.flatnonzero(np.diff(part.lane, prepend=-1))] if chosen is None else np.array(chosen, np.int32)
    segments = np.searchsorted(part.lane, ids, "right") - np.searchsorted(part.lane, ids)
    inside = np.minimum(part.end, t1) - np.maximum(part.start, t0)
    cell = np.repeat(np.arange(len(ids)) * len(State), segments) + part.state
    total = np.bincount(cell, weights=inside, minlength=len(ids) * len(State)).reshape(len(ids), len(State))
    occurs: list[list[tuple[str, int]]] = [[] for _ in ids]
    for row, state in np.argwhere(total > 0).tolist():
        occurs[row].append((_NAMES[state], int(total[row, state])))
    waits, working = _longest_waits(part, inside), set(scope.carriers)
    return tuple(
        Spent(lane, lane in working, dict(states), count, waits.get(lane))
        for lane, states, count in zip(ids.tolist(), occurs, segments.tolist(), strict=True)
    )


def _overlapping(trace: Trace, t0: int, t1: int, chosen: tuple[int, ...] | None) -> Segments:
    """Whole segments, also growing ones, of these lanes that lie in the window at least in part; by lane and start."""
    closed, growing = trace.segments, trace.open
    if chosen is not None:
        first, last = (np.searchsorted(closed.lane, chosen, side).tolist() for side in ("left", "right"))
        closed = Segments.concat(closed.take(slice(*rows)) for rows in zip(first, last, strict=True))
        growing = growing.take(np.isin(growing.lane, chosen))
    parts = []
    for part in (closed, growing):
        within_window = (part.end > t0) & (part.start < t1)
        # Copies of millions of rows cost more than all the rest.
        parts.append(part if within_window.all() else part.take(within_window))
    return Segments.concat(parts).sorted() if len(growing) else Segments.concat(parts)


def _longest_waits(part: Segments, inside: Ints) -> dict[int, Wait]:
    """Per lane that waits; of equally long ones the first."""
    rows = np.flatnonzero(_IS_WAITING[part.state])
    if not len(rows):
        return {}
    lane, ns = part.lane[rows], inside[rows]
    firsts = np.flatnonzero(np.diff(lane, prepend=-1))
    most = np.repeat(np.maximum.reduceat(ns, firsts), np.diff(np.append(firsts, len(rows))))
    longest = rows[ns == most]
    found = longest[np.flatnonzero(np.diff(part.lane[longest], prepend=-1))]
    told = part.take(found)
    return {
        lane: Wait(lane, start, end, State(state), ns)
        for (lane, start, end, state, *_), ns in zip(told.rows(), inside[found].tolist(), strict=True)
    }
