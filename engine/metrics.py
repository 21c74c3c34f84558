"""The figures of a trace, or of a window of it.

`metrics` answers the contract's object. All times are ns. What the trace does not tell is None, never 0: a GIL that no source watched
has an unknown number of hand-offs; counters are of the whole trace and therefore unknown for a window.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.scope import Scope, scope_of
from engine.trace import ON_CORE, Segments, State, Trace

SPELL_NS = 1_000_000
"""Lanes that are on cores together for less than this may be a hand-off rather than parallel work."""


def metrics(trace: Trace, t0: int | None = None, t1: int | None = None) -> dict[str, Any]:
    """The contract's `metrics`, over `[t0, t1)`; by default from the first job's start to the last one's end (live: so far)."""
    scope = scope_of(trace, t0, t1)
    counters = trace.counters if scope.whole else {}
    carried, hosted = within(trace, scope.carriers, scope), within(trace, scope.hosts, scope)
    wall = None if scope.t0 is None or scope.t1 is None else scope.t1 - scope.t0
    cpu = on_core_ns(hosted)
    parallel = None if cpu is None or not wall or wall < 0 else cpu / wall
    return {
        "t0_ns": scope.t0,
        "t1_ns": scope.t1,
        "elapsed_ns": counters.get("elapsed_ns"),
        "wall_ns": wall,
        "cpu_ns": cpu,
        "parallelism": parallel,
        "max_parallelism": None if parallel is None else most_at_once(hosted, min(SPELL_NS, wall or SPELL_NS)),
        "jobs": _jobs(trace, scope),
        "states": states_ns(carried),
        "queue_wait_ns": _queue_wait(trace, scope),
        "gil": _gil(trace, scope, carried, counters),
        "switches": {"voluntary": counters.get("switches_voluntary"), "involuntary": counters.get("switches_involuntary")},
        "recorder": {
            "marks": counters.get("marks"),
            "dropped": counters.get("dropped"),
            "overhead_ns": counters.get("overhead_ns"),
            "cpu_ns": counters.get("recorder_cpu_ns"),
        },
        "speedup": None,
        "baseline": None,
    }


def with_baseline(figures: dict[str, Any], baseline_trace_id: str | None, baseline_elapsed_ns: int | None) -> dict[str, Any]:
    """The figures with `speedup` against a sequential trace of the same work: its `elapsed_ns` over ours. None if either is unknown."""
    elapsed = figures.get("elapsed_ns")
    if baseline_trace_id is None or not baseline_elapsed_ns or not elapsed:
        return {**figures, "speedup": None, "baseline": None}
    return {**figures, "speedup": baseline_elapsed_ns / elapsed, "baseline": baseline_trace_id}


def states_ns(segments: Segments) -> dict[str, int]:
    """Time per state, in the order of `State`; states that do not occur are left out."""
    # Float sums of whole ns are exact up to 2**53 ns, which is 104 days of lane time.
    total = np.bincount(segments.state, weights=segments.end - segments.start, minlength=len(State))
    return {state.name: int(total[state]) for state in State if total[state] > 0}


def on_core_ns(segments: Segments) -> int | None:
    """Time on a core; None when nothing is known of these lanes."""
    known = segments.take(segments.state != State.unknown)
    if not len(known):
        return None
    on_core = known.take(np.isin(known.state, list(ON_CORE)))
    return int((on_core.end - on_core.start).sum())


def most_at_once(segments: Segments, spell_ns: int) -> int:
    """The most lanes that were on cores together for at least `spell_ns` without a break. 0: none stayed that long."""
    on_core = segments.take(np.isin(segments.state, list(ON_CORE)))
    if not len(on_core):
        return 0
    times, where = np.unique(np.concatenate([on_core.start, on_core.end]), return_inverse=True)
    steps = np.bincount(where[: len(on_core)], minlength=len(times)) - np.bincount(where[len(on_core) :], minlength=len(times))
    level = np.cumsum(steps)
    fewest, most = 0, int(level.max())
    while fewest < most:
        middle = (fewest + most + 1) // 2
        if _longest(times, level >= middle) >= spell_ns:
            fewest = middle
        else:
            most = middle - 1
    return fewest


def handoffs_seen(gils: Segments, to: tuple[int, ...] | None = None) -> int:
    """How often the holder changed, as GIL lanes tell it (sorted by lane and start); `to`: only where one of these threads got it.

    A free moment in between does not matter; an unknown one, or a holder that no source tells, does: what happened there was not seen.
    """
    told = gils.take(gils.state != State.free)
    held = (told.state == State.held) & (told.ref >= 0)
    given = held[1:] & held[:-1] & (told.lane[1:] == told.lane[:-1]) & (told.ref[1:] != told.ref[:-1])
    return int(np.sum(given if to is None else given & np.isin(told.ref[1:], to)))


def within(trace: Trace, lanes: tuple[int, ...], scope: Scope) -> Segments:
    """The lanes' segments cut at the window's borders, sorted by lane and start."""
    if scope.t0 is None or scope.t1 is None:
        return Segments.empty()
    parts = [part.take(np.isin(part.lane, lanes)).clipped(scope.t0, scope.t1) for part in (trace.segments, trace.open) if len(part)]
    return Segments.concat(parts).sorted() if len(trace.open) else Segments.concat(parts)


def _longest(times: np.ndarray[Any, np.dtype[np.int64]], high: np.ndarray[Any, np.dtype[np.bool_]]) -> int:
    """The longest stretch of `high`, whose i-th entry is of `[times[i], times[i + 1])`. The last entry is always low."""
    edges = np.diff(np.concatenate([[0], high.astype(np.int8)]))
    rises, falls = times[edges == 1], times[edges == -1]
    return int((falls - rises).max()) if len(rises) else 0


def _jobs(trace: Trace, scope: Scope) -> dict[str, int]:
    ended = [
        job for job in trace.jobs if scope.whole or (scope.t0 or 0) <= job.end_ns <= (scope.t1 if scope.t1 is not None else job.end_ns)
    ]
    completed = sum(job.ok for job in ended)
    return {
        "total": trace.counters.get("jobs_total", trace.record.spec.jobs),
        "completed": completed,
        "failed": len(ended) - completed,
    }


def _queue_wait(trace: Trace, scope: Scope) -> dict[str, int] | None:
    """How long work that was handed to a pool waited for its start, of what started in the window; None if nothing is known to have."""
    every = (edge for edge in trace.edges if edge.kind == "submit")
    waits = sorted(edge.to_ns - edge.from_ns for edge in every if scope.whole or (scope.t0 or 0) <= edge.to_ns < (scope.t1 or 0))
    if not waits:
        return None
    half = len(waits) // 2
    median = waits[half] if len(waits) % 2 else (waits[half - 1] + waits[half]) // 2
    return {"count": len(waits), "median": median, "max": waits[-1]}


def _gil(trace: Trace, scope: Scope, carried: Segments, counters: dict[str, int]) -> dict[str, int | None]:
    """Held and free are of the interpreters that carry jobs, in the window; hand-offs of all, as CPython counts them.

    The wait is the carriers'; the main thread's wish to join is nobody's figure.
    """
    gils = within(trace, scope.gils, scope)
    times = states_ns(gils)
    known = any(name in times for name in ("held", "free"))
    every = tuple(sorted(lane.id for lane in trace.lanes.values() if lane.kind == "interpreter"))
    told = within(trace, every, scope if not scope.whole else Scope((), (), every, 0, max(trace.t_ns, 0), True))
    seen = bool(np.isin(told.state, (State.held, State.free)).any())
    waited = states_ns(carried).get("gil_wait")
    return {
        "handoffs": counters.get("gil_handoffs"),
        "seen_handoffs": counters.get("gil_seen_handoffs", handoffs_seen(told)) if seen else None,
        "held_ns": times.get("held", 0) if known else None,
        "free_ns": times.get("free", 0) if known else None,
        "wait_ns": waited if waited is not None else 0 if known else None,
        "overlap_ns": counters.get("gil_overlap_ns"),
        "oncore_overlap_ns": counters.get("gil_oncore_overlap_ns"),
    }
