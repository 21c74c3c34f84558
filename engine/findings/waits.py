"""Findings about waiting: for others' answers, and for one's turn on an event loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from engine.findings.case import Case
from engine.findings.finding import Finding, place
from engine.metrics import states_ns
from engine.trace import Segments, State
from engine.wording import average, count, duration, percent

LONG_STEP_NS = 10_000_000
_MUCH = 0.3
_STEPS_LOOKED_AT = 32
_TURN_TO_COME = (State.starting, State.ready)
"""A task is scheduled as soon as it is made: until its job begins it waits for its first turn."""
_NO_STEP = (State.suspended, State.idle, State.unknown, State.crashed)


@dataclass(frozen=True, kw_only=True)
class WaitsOverlap(Finding):
    """Several waited at the same time, so that the waits cost hardly more than one."""

    kind: ClassVar[str] = "waits_overlap"
    who: str
    at_once: float
    waited_ns: int
    wall_ns: int

    @classmethod
    def check(cls, case: Case) -> Self | None:
        if case.at_once < 1.2 or case.share_of("io_wait", "suspended") < _MUCH:
            return None
        waited = case.time_in("io_wait", "suspended")
        return cls(who=case.who(), at_once=case.at_once, waited_ns=waited, wall_ns=case.wall_ns, **place(case))

    @property
    def text(self) -> str:
        return (
            f"Waits overlapped: on average {average(self.at_once)} of {self.who} waited at the same time. "
            f"{duration(self.waited_ns)} of waiting fitted into {duration(self.wall_ns)}."
        )


@dataclass(frozen=True, kw_only=True)
class WaitsInSequence(Finding):
    """One wait after another, with nothing else to do meanwhile."""

    kind: ClassVar[str] = "waits_in_sequence"
    waits: int
    share: float
    waited_ns: int

    @classmethod
    def check(cls, case: Case) -> Self | None:
        share = case.share_of("io_wait", "suspended")
        waiting = case.carried.take(np.isin(case.carried.state, (State.io_wait, State.suspended)))
        if case.at_once >= 1.2 or share < _MUCH or len(waiting) < 2 or case.trace.record.spec.jobs < 2:
            return None
        waited = case.time_in("io_wait", "suspended")
        return cls(severity="warning", waits=len(waiting), share=share, waited_ns=waited, **place(case))

    @property
    def text(self) -> str:
        return (
            f"{percent(self.share)} of the time went into {count(self.waits, 'wait')}, one after another "
            f"({duration(self.waited_ns)} in all). The jobs are independent: with threads or asyncio their waits would overlap."
        )


@dataclass(frozen=True, kw_only=True)
class LoopBlocked(Finding):
    """A task did not await for long while others were ready: an event loop does one thing at a time and nobody can interrupt a task."""

    kind: ClassVar[str] = "loop_blocked"
    name: str
    step_ns: int
    others: int
    share_waiting: float

    @classmethod
    def check(cls, case: Case) -> Self | None:
        found = _longest_step(case)
        if found is None:
            return None
        lane, start, end, others = found
        return cls(
            severity="warning",
            name=case.trace.lanes[lane].name,
            step_ns=end - start,
            others=others,
            share_waiting=waiting_for_the_loop(case),
            lanes=(lane,),
            t0_ns=start,
            t1_ns=end,
        )

    @property
    def text(self) -> str:
        return (
            f"Task {self.name} kept the event loop for {duration(self.step_ns)} without awaiting, while "
            f"{count(self.others, 'other task')} {'was' if self.others == 1 else 'were'} ready; "
            f"tasks waited for their turn during {percent(self.share_waiting)} of their time. "
            "Work that computes or blocks belongs in a process or a thread, or must await now and then."
        )


def waiting_for_the_loop(case: Case) -> float:
    """The share of their time in which tasks could have gone on, had the loop been theirs; 0 without tasks."""
    spent = states_ns(case.done_by_tasks)
    lived = sum(ns for state, ns in spent.items() if state not in ("unknown", "crashed"))
    return sum(spent.get(state.name, 0) for state in _TURN_TO_COME) / lived if lived else 0.0


def _longest_step(case: Case) -> tuple[int, int, int, int] | None:
    """The longest step of a task, of those longer than LONG_STEP_NS, during which others became or were ready: lane, start, end, how many.

    A step is what the loop cannot interrupt: whatever a task does from getting its turn to awaiting, a block or a lack of cores included.
    """
    done = case.done_by_tasks
    ready = done.take(np.isin(done.state, _TURN_TO_COME))
    steps = _joined(done.take(~np.isin(done.state, (*_TURN_TO_COME, *_NO_STEP))))
    for row in np.argsort(steps.start - steps.end, kind="stable")[:_STEPS_LOOKED_AT].tolist():
        lane, start, end = int(steps.lane[row]), int(steps.start[row]), int(steps.end[row])
        if end - start < LONG_STEP_NS:
            break
        others = np.unique(ready.lane[(ready.start < end) & (ready.end > start) & (ready.lane != lane)])
        if len(others):
            return lane, start, end, len(others)
    return None


def _joined(segments: Segments) -> Segments:
    """Segments of one lane that touch, as one. Sorted by lane and start."""
    if not len(segments):
        return segments
    begins = np.ones(len(segments), bool)
    begins[1:] = (segments.lane[1:] != segments.lane[:-1]) | (segments.start[1:] != segments.end[:-1])
    ends = np.append(begins[1:], True)
    return Segments.of(segments.lane[begins], segments.start[begins], segments.end[ends], segments.state[begins])
