"""Marks are folded by columns, a batch at a time; one by one, by the book, the same must come out."""

from __future__ import annotations

import random

import numpy as np
import pytest

from engine.agent._gilscope import codes
from engine.timeline.evidence import Marked
from engine.timeline.operations import BETWEEN, OperationFold
from engine.trace import State
from tests.support.story import PID, Story

_OPERATIONS = (codes.NATIVE, codes.RECEIVE, codes.CALL, codes.GET | 3 << 8)
_KINDS = (codes.OP_BEGIN, codes.OP_BEGIN, codes.OP_END, codes.OP_END, codes.JOB_BEGIN, codes.JOB_END)


def by_the_book(marks: list[tuple[int, int]], program: bool) -> list[int]:
    inside: list[int] = []
    jobs, found = 0, []
    for kind, argument in marks:
        if kind in (codes.JOB_BEGIN, codes.JOB_END):
            jobs += 1 if kind == codes.JOB_BEGIN else -1
            inside.clear()
        elif kind == codes.OP_BEGIN:
            inside.append(argument)
        elif inside:
            inside.pop()
        outside = codes.CALL if program else BETWEEN
        found.append(inside[-1] if inside else codes.PYTHON if jobs > 0 else outside)
    return found


@pytest.mark.parametrize("seed", range(40))
def test_operations_nest_whatever_is_left_open(seed: int) -> None:
    chance = random.Random(seed)
    program = chance.random() < 0.5
    marks = [(chance.choice(_KINDS), chance.choice(_OPERATIONS)) for _ in range(60)]
    fold, found, at = OperationFold(program=program), [], 0
    while at < len(marks):
        part = marks[at : at + chance.randint(1, 7)]
        kind, argument = np.array(part, np.int64).T
        found += fold.take(np.arange(at, at + len(part)), kind, argument)[1].tolist()
        at += len(part)
    assert found == by_the_book(marks, program)


@pytest.mark.parametrize("seed", range(20))
def test_tasks_take_turns_as_they_marked_it(seed: int) -> None:
    """Three tasks on one loop, each stepping, awaiting, giving way, being woken, as chance has it, in batches of any size."""
    chance = random.Random(seed)
    story = Story()
    story.born(PID)
    story.sees()
    story.on(0, PID)
    story.holds(0, PID)
    state = dict.fromkeys((1, 2, 3), "ready")
    drawn = dict.fromkeys(state, "")
    for number in state:
        story.marks(0, PID, codes.TASK_NEW, number, text=f"task-{number}")
    end = 60
    for t in range(1, end):
        for number in state:
            drawn[number] += {"ready": "D", "step": "r", "suspended": "s"}[state[number]]
        stepping = next((number for number, its in state.items() if its == "step"), None)
        ready = [number for number, its in state.items() if its == "ready"]
        suspended = [number for number, its in state.items() if its == "suspended"]
        if stepping is not None and chance.random() < 0.6:
            gives_way = chance.random() < 0.4
            if gives_way:
                story.marks(t, PID, codes.TASK_READY, stepping)
            story.marks(t + 1e-4, PID, codes.STEP_END, stepping)
            state[stepping] = "ready" if gives_way else "suspended"
        elif stepping is None and ready and chance.random() < 0.8:
            story.marks(t, PID, codes.STEP_BEGIN, chosen := chance.choice(ready))
            state[chosen] = "step"
        elif suspended and stepping is None:
            story.marks(t, PID, codes.TASK_READY, chosen := chance.choice(suspended))
            state[chosen] = "ready"
    told = story.told(end, tuple(sorted(chance.sample(range(1, end), chance.randint(0, 20)))))
    for number in state:
        assert told.drawn(f"task-{number}")[: end - 1] == drawn[number]


def test_every_step_of_a_flood_is_a_segment() -> None:
    """A hundred thousand steps in one harvest: what a busy loop marks in a fraction of a second."""
    story = Story()
    story.born(PID)
    steps = 100_000
    t = np.concatenate(([0, 0], np.arange(1, 3 * steps + 1) * 1000))
    kind = np.concatenate(([codes.THREAD_BEGIN, codes.TASK_NEW], np.tile([codes.TASK_READY, codes.STEP_BEGIN, codes.STEP_END], steps)))
    argument = np.concatenate(([0], np.ones(3 * steps + 1, np.int64)))
    told = story.told_with(int(t[-1]) + 1000, (Marked(PID, PID, 1, t, kind, argument, {}),))
    assert sum(state == State.suspended for _, _, state, _, _ in told.rows("task 1")) == steps
