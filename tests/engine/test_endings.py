"""However a run ends, its trace says how, keeps what was recorded, and leaves no process behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.agent._gilscope.models import NAMES, loaded
from engine.launch import Run
from engine.trace import Frame, RunSpec, State
from tests.support.legality import breaches
from tests.support.real_runs import Told, bearers, branded, python, ran, spec, told

PROGRAM = Path(__file__).parents[1] / "support" / "programs" / "endings.py"


@pytest.fixture(autouse=True)
def nobody_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test of this file starts is gone when it ends."""
    with branded(monkeypatch) as brand:
        yield
        assert bearers(brand) == []


def wish(function: str, model: str = "threads", workers: int = 2, time_limit_s: float = 60) -> RunSpec:
    # Our own interpreter may be too old for it.
    on = python("3.14") if loaded(model).OLDEST else None
    return spec(f"{PROGRAM}:{function}", model, workers, on=on, time_limit_s=time_limit_s)


def error(told: Told) -> str:
    assert told.trace.record.error is not None
    return str(told.trace.record.error["message"])


@pytest.mark.parametrize("model", NAMES)
def test_a_job_that_raises_fails_the_run_and_no_other_job(model: str) -> None:
    told = ran(wish("raises", model, 3))
    assert told.trace.record.status == "failed"
    assert error(told) == "job 1 failed: LookupError: no such thing, says the test"
    assert "raises" in str((told.trace.record.error or {})["traceback"])
    assert {job.index: job.ok for job in told.trace.jobs} == {0: True, 1: False, 2: True}
    assert breaches(told.trace) == []


@pytest.mark.parametrize("model", NAMES)
def test_a_job_that_exits_python_fails_the_run(model: str) -> None:
    told = ran(wish("exits", model))
    assert told.trace.record.status == "failed"
    assert "SystemExit: 3" in error(told)


@pytest.mark.parametrize(("function", "says"), [("leaves", "exited with code 3"), ("is_killed", "SIGKILL"), ("crashes", "SIGSEGV")])
def test_a_process_that_dies_takes_all_its_threads_along_and_keeps_what_they_did(function: str, says: str) -> None:
    told = ran(wish(function))
    assert told.trace.record.status == "failed"
    assert says in error(told)
    assert [job for job in told.trace.jobs if job.ok] == []
    assert breaches(told.trace) == []
    crashed = [lane.name for lane in told.lanes("process") if told.spells(lane.id, State.crashed)]
    assert crashed == ["main"]
    assert all(told.spells(lane.id) == [] or lane.end_ns is not None for lane in told.lanes("thread"))


@pytest.mark.parametrize(("function", "says"), [("leaves", "exit code 3"), ("is_killed", "SIGKILL"), ("crashes", "SIGSEGV")])
def test_a_worker_process_that_dies_leaves_the_main_one_to_tell(function: str, says: str) -> None:
    told = ran(wish(function, "processes"))
    assert told.trace.record.status == "failed"
    assert says in error(told)
    crashed = {lane.name for lane in told.lanes("process") if told.spells(lane.id, State.crashed)}
    assert crashed == {"worker-1", "worker-2"}


@pytest.mark.parametrize("model", ["process_pool", "processes_threads"])
@pytest.mark.parametrize(("function", "says"), [("leaves", "exit code 3"), ("is_killed", "SIGKILL"), ("crashes", "SIGSEGV")])
def test_a_worker_process_that_dies_is_told_by_its_pool_or_its_parent(model: str, function: str, says: str) -> None:
    told = ran(wish(function, model))
    assert told.trace.record.status == "failed"
    assert says in error(told)
    assert not [job for job in told.trace.jobs if job.ok]
    assert [lane for lane in told.lanes("process") if told.spells(lane.id, State.crashed)]
    assert breaches(told.trace) == []


@pytest.mark.parametrize("start_method", ["spawn", "fork", "forkserver"])
def test_a_worker_process_that_dies_is_noticed_though_what_it_forked_keeps_its_pipe_open(start_method: str) -> None:
    told = ran(spec(f"{PROGRAM}:is_killed_as_a_parent", "processes", 2, start_method=start_method, time_limit_s=30))
    assert told.trace.record.status == "failed"
    assert "SIGKILL" in error(told)


def test_a_run_that_takes_too_long_is_ended_and_its_offspring_with_it() -> None:
    told = ran(wish("hangs", time_limit_s=1.5))
    assert told.trace.record.status == "failed"
    assert "longer than its limit of 1.5 s" in error(told)
    assert told.lanes("thread", measured=True)


@pytest.mark.parametrize("model", NAMES)
def test_a_cancelled_run_keeps_what_it_had(model: str) -> None:
    frames: list[Frame] = []
    request = wish("hangs", model)
    with Run(request) as run:
        for frame in run.frames():
            frames.append(frame)
            if frame.changes.get("status") == "running":
                run.cancel()
    ended = told(request, frames)
    assert (ended.trace.record.status, ended.trace.record.error) == ("cancelled", None)
    assert [lane for lane in ended.trace.lanes.values() if lane.measured]
    assert breaches(ended.trace) == []


def test_a_run_that_nobody_reads_on_is_ended() -> None:
    with Run(wish("hangs")) as run:
        next(frame for frame in run.frames() if frame.changes.get("status") == "running")


def test_a_supervisor_that_is_killed_is_told_and_takes_the_measured_along() -> None:
    request = wish("hangs")
    frames: list[Frame] = []
    with Run(request) as run:
        for frame in run.frames():
            frames.append(frame)
            if frame.changes.get("status") == "running":
                os.kill(run.pid, signal.SIGKILL)
    last = frames[-1].changes
    assert last["status"] == "failed"
    assert "the supervisor ended without a last word" in last["error"]["message"]


def test_a_program_may_print_more_than_a_pipe_holds() -> None:
    assert ran(wish("chatters")).trace.record.status == "complete"


@pytest.mark.parametrize(
    ("text", "function", "says"),
    [("", "missing", "missing"), ("raise ImportError('not today')", "any", "not today"), ("def (", "any", "SyntaxError")],
)
def test_a_file_without_the_function_or_that_cannot_be_loaded_is_told(tmp_path: Path, text: str, function: str, says: str) -> None:
    program = tmp_path / "program.py"
    program.write_text(text)
    told = ran(spec(f"{program}:{function}", "threads", 1))
    assert told.trace.record.status == "failed"
    assert says in error(told)
