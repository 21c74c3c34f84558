"""Runs of `programs/spin.py`, whose workers wait for each other, and what must hold of how they are told."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from engine.trace import Interpreter, Lane, State
from tests.support.legality import breaches, gaps
from tests.support.real_runs import Told, ran, shared, spec

SPIN = Path(__file__).with_name("programs") / "spin.py"
Window = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Spun:
    """A run of `spin.py`; `said`: for each job its lane, its window on the trace's clock, and what its thread's own clock told."""

    told: Told
    said: list[tuple[Lane, Window, int]]

    @property
    def lanes(self) -> list[Lane]:
        return [lane for lane, _, _ in self.said]

    @property
    def window(self) -> Window:
        """When all of them were at work."""
        return max(begin for _, (begin, _), _ in self.said), min(end for _, (_, end), _ in self.said)


def spinner(folders: pytest.TempPathFactory) -> Callable[..., Spun]:
    """`spin(function, model, workers, interpreter, **fields of the spec)`, which runs the same only once."""

    @cache
    def spin(function: str, model: str, workers: int, on: Interpreter, **more: Any) -> Spun:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GILSCOPE_TEST_MEET", str(folders.mktemp("meet")))
            patch.setenv("GILSCOPE_TEST_COUNT", str(workers))
            told = ran(spec(f"{SPIN}:{function}", model, workers, on=on, **more))
        assert told.trace.record.status == "complete", told.trace.record.error
        zero = told.trace.record.clock["monotonic_ns"]
        lanes = {lane.tid: lane for lane in told.lanes("thread")}
        answers = [ast.literal_eval(value) for value in told.trace.record.result["values"]]
        return Spun(told, [(lanes[tid], (began - zero, ended - zero), clock) for tid, began, ended, clock in answers])

    return spin


def holding(told: Told) -> None:
    """What holds of every finished trace."""
    trace = told.trace
    assert (trace.record.status, trace.record.error) == ("complete", None)
    assert breaches(trace) == []
    assert gaps(trace) == []
    assert not len(trace.open)
    assert all(job.ok for job in trace.jobs)
    assert sorted(job.index for job in trace.jobs) == list(range(trace.record.spec.jobs))


def never_two_at_once(told: Told, lanes: list[Lane], *states: State) -> bool:
    return all(shared(told.spells(one.id, *states), told.spells(other.id, *states)) == 0 for one, other in combinations(lanes, 2))


def at_once_ns(told: Told, lanes: list[Lane], *states: State) -> int:
    return sum(shared(told.spells(one.id, *states), told.spells(other.id, *states)) for one, other in combinations(lanes, 2))


@cache
def checksum(jobs: int, rounds: int) -> int:
    """What the `cpu` workload finds."""
    return sum(churned(index + 1, rounds) for index in range(jobs)) & 0xFFFFFFFF


def churned(state: int, rounds: int) -> int:
    """The `cpu` workload's arithmetic, once more."""
    for _ in range(rounds):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
    return state
