"""Why, asked of real runs: what the answers name is what the record holds."""

from __future__ import annotations

import signal
from functools import cache
from pathlib import Path

import pytest

from engine.explain import Explanation, explain
from engine.trace import State
from engine.views import ViewIndex
from tests.support.real_runs import Told, ran, shared, spec

ROUNDS = 1_500_000


@cache
def run(model: str) -> Told:
    return ran(spec("cpu", model, 3, params={"rounds": ROUNDS}))


def longest(told: Told, state: State, kind: str) -> Explanation:
    """Of the longest spell in a state, on a lane of that kind."""
    spells = [(end - start, lane.id, (start + end) // 2) for lane in told.lanes(kind) for start, end in told.spells(lane.id, state)]
    assert spells, f"no {kind} was {state.name}"
    _, lane, middle = max(spells)
    return explain(ViewIndex(told.trace), lane, middle)


def test_whom_a_wait_for_the_gil_names_did_hold_it_then() -> None:
    told = run("threads")
    why = longest(told, State.gil_wait, "thread")
    assert why.spell is not None
    assert why.answer.because
    (gil,) = told.lanes("interpreter")
    segments = told.trace.segments
    for because in why.answer.because:
        assert because.lane != why.lane
        assert f"{told.trace.lanes[because.lane].name} " in why.answer.text + " "
        its = segments.take((segments.lane == gil.id) & (segments.state == State.held) & (segments.ref == because.lane))
        held = [(start, end) for _, start, end, *_ in its.rows()]
        assert shared(held, [(because.start_ns, because.end_ns)]) == because.end_ns - because.start_ns
        assert shared(held, [(why.spell.start, why.spell.end)]) == because.ns


def test_whom_a_wait_for_the_loop_names_had_a_step_then() -> None:
    told = run("asyncio")
    segments = told.trace.segments
    turns = segments.take((segments.state == State.ready) | (segments.state == State.starting)).rows()
    tasks = {lane.id for lane in told.lanes("task", measured=True)}
    _, lane, middle = max((end - start, lane, (start + end) // 2) for lane, start, end, *_ in turns if lane in tasks)
    why = explain(ViewIndex(told.trace), lane, middle)
    assert why.answer.because
    for because in why.answer.because:
        assert because.lane in tasks - {lane}
        worked = told.spells(because.lane, State.running, State.native, State.gil_wait, State.runnable, State.lock_wait, State.io_wait)
        assert shared(worked, [(because.start_ns, because.end_ns)]) == because.end_ns - because.start_ns
    assert told.trace.lanes[why.answer.because[0].lane].name in why.answer.text
    assert "An event loop cannot interrupt a task" in (why.answer.advice or "")


def test_every_state_of_a_run_is_answered_for() -> None:
    for told in (run("threads"), run("asyncio")):
        index = ViewIndex(told.trace)
        for lane, start, end, *_ in told.trace.segments.rows()[:: max(1, len(told.trace.segments) // 400)]:
            why = explain(index, lane, (start + end) // 2)
            assert why.spell is not None
            assert (why.spell.start, why.spell.end) == (start, end)
            assert why.answer.text.endswith(".")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_the_signal_that_ended_a_process_is_named(tmp_path: Path, number: signal.Signals) -> None:
    file = tmp_path / "work.py"
    file.write_text(f"import os\n\ndef die():\n    os.kill(os.getpid(), {int(number)})\n")
    told = ran(spec(f"{file}:die", "sequential", 1))
    assert told.trace.record.status == "failed"
    why = longest(told, State.crashed, "process")
    assert f"killed by {number.name}" in why.answer.text
