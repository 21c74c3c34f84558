"""What the trace of each model must show: whose GIL is whose, who runs at once, who is idle, and how long jobs waited in a queue."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from engine.agent._gilscope import codes
from engine.trace import Interpreter, Job, Lane, State
from tests.support.real_runs import VERSIONS, Told, python, ran, shared, spec
from tests.support.spinning import Spun, Window, at_once_ns, checksum, holding, never_two_at_once, spinner

POOLS = ("thread_pool", "asyncio_threads", "process_pool")
OF_THREADS = ("threads", "thread_pool", "asyncio_threads")
NEW = (*POOLS, "processes_threads", "interpreters")
OWN_GILS = tuple(version for version in VERSIONS if version not in ("3.11", "3.12", "3.13t"))
"""Where subinterpreters have a GIL each."""
ROUNDS = 1_500_000
"""Of a job that lasts long enough for everything around it to be looked at, about a tenth of a second."""
SOURCES = (("marks",), ("marks", "schedstat"), ("marks", "kernel"), ("marks", "gil"), ("marks", "kernel", "gil-sampled"))

CORES = len(os.sched_getaffinity(0))
WORKERS = min(2 * CORES, 16)

pytestmark = pytest.mark.skipif(CORES == 1, reason="on one core nothing ever runs at once")


@cache
def run(workload: str, model: str, workers: int, on: Interpreter, params: tuple[tuple[str, Any], ...] = (), **more: Any) -> Told:
    """One run for all tests that ask for the same."""
    return ran(spec(workload, model, workers, on=on, params=dict(params), **more))


@pytest.fixture(scope="module")
def spun(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Spun]:
    return spinner(tmp_path_factory)


@pytest.fixture(params=VERSIONS)
def any_python(request: pytest.FixtureRequest) -> Interpreter:
    return python(request.param)


def some_python(model: str) -> Interpreter:
    return python("3.14" if model == "interpreters" else "3.13")


def held_by(told: Told, gil: Lane, within: Window) -> set[int]:
    """The lanes that held this GIL in the window."""
    start, end = within
    return {
        one["ref"]
        for one in told.segments
        if one["lane"] == gil.id and one["state"] == "held" and one["ref"] is not None and one["start_ns"] < end and one["end_ns"] > start
    }


def seen(told: Told, gil: Lane, within: Window) -> Window:
    """The part of the window in which this GIL was watched: a process may be at its jobs a while before anybody does."""
    start, end = within
    return max([start, *(stop for begin, stop in told.spells(gil.id, State.unknown) if begin < end)]), end


def runs_only_as_holder(told: Told, lane: Lane, gil: Lane, within: Window) -> bool:
    """Whether the lane runs Python in the window, and holds this GIL whenever it does."""
    start, end = seen(told, gil, within)
    held = [(one["start_ns"], one["end_ns"]) for one in told.segments if one["lane"] == gil.id and one["ref"] == lane.id]
    running = [spell for spell in told.spells(lane.id, State.running) if start <= spell[0] and spell[1] <= end]
    return 0 < shared(running, held) == sum(stop - begin for begin, stop in running)


@pytest.mark.parametrize("model", NEW)
def test_the_trace_is_a_legal_schedule_of_the_same_work(any_python: Interpreter, model: str) -> None:
    if model == "interpreters" and any_python.version.startswith(("3.11", "3.12")):
        pytest.skip("there subinterpreters have no GIL of their own")
    told = run("cpu", model, 3, any_python, (("rounds", 100_000),), jobs=5)
    holding(told)
    assert told.trace.record.result["checksum"] == checksum(5, 100_000)
    assert {lane.name for lane in told.lanes("thread", measured=True)} <= {"worker-1", "worker-2", "worker-3"}


@pytest.mark.parametrize("sources", SOURCES)
@pytest.mark.parametrize("model", NEW)
def test_it_stays_legal_with_fewer_sources(model: str, sources: tuple[str, ...]) -> None:
    told = run("cpu", model, 2, some_python(model), (("rounds", 300_000),), jobs=3, sources=sources)
    holding(told)
    assert told.trace.record.result["checksum"] == checksum(3, 300_000)


class TestInterpreters:
    """Two subinterpreters of one process: each runs Python under a GIL of its own."""

    @pytest.fixture(params=OWN_GILS)
    def spin(self, request: pytest.FixtureRequest, spun: Callable[..., Spun]) -> Spun:
        return spun("at_once", "interpreters", 2, python(request.param))

    def test_they_run_python_at_the_same_instant_in_one_process(self, spin: Spun) -> None:
        holding(spin.told)
        assert len({lane.pid for lane in spin.lanes}) == 1
        assert sorted(lane.name for lane in spin.lanes) == ["worker-1", "worker-2"]
        assert at_once_ns(spin.told, spin.lanes, State.running) > 0

    def test_each_has_a_gil_lane_of_its_own_beside_the_main_one(self, spin: Spun) -> None:
        gils = spin.told.lanes("interpreter")
        assert len(gils) == 3
        assert len({gil.name for gil in gils}) == 3
        holders = [held_by(spin.told, gil, spin.window) & {lane.id for lane in spin.lanes} for gil in gils]
        assert sorted(map(sorted, holders)) == sorted([[], *([lane.id] for lane in spin.lanes)])

    @pytest.mark.parametrize("version", OWN_GILS)
    def test_who_runs_holds_the_gil_of_its_own_interpreter(self, version: str, spun: Callable[..., Spun]) -> None:
        # For long enough that the watch has begun in the midst of it.
        spin = spun("together", "interpreters", 2, python(version))
        for lane, window, _ in spin.said:
            (mine,) = (gil for gil in spin.told.lanes("interpreter") if lane.id in held_by(spin.told, gil, window))
            assert runs_only_as_holder(spin.told, lane, mine, window)

    def test_at_work_nobody_waits_for_the_gil_of_another(self, spin: Spun) -> None:
        mine = {lane.id for lane in spin.lanes}
        for lane, (start, end), _ in spin.said:
            waits = [one for one in spin.told.segments if one["lane"] == lane.id and one["state"] == "gil_wait"]
            assert not [one for one in waits if one["ref"] in mine and start <= one["start_ns"] < end]

    def test_without_any_gil_they_run_at_once_too(self, spun: Callable[..., Spun]) -> None:
        spin = spun("at_once", "interpreters", 2, python("3.13t"))
        holding(spin.told)
        assert at_once_ns(spin.told, spin.lanes, State.running) > 0
        assert not [one for one in spin.told.segments if one["state"] == "gil_wait"]


class TestFreeThreaded:
    """The same threads with the GIL off and with it on."""

    @pytest.mark.parametrize("model", OF_THREADS)
    def test_without_a_gil_threads_run_python_at_once(self, model: str, spun: Callable[..., Spun]) -> None:
        spin = spun("at_once", model, 4, python("3.13t"))
        holding(spin.told)
        assert at_once_ns(spin.told, spin.lanes, State.running) > 0
        assert not [one for one in spin.told.segments if one["state"] == "gil_wait"]
        assert {gil.note for gil in spin.told.lanes("interpreter")} == {"GIL disabled: threads run Python at once"}

    @pytest.mark.parametrize("model", OF_THREADS)
    def test_with_it_they_take_turns(self, model: str, spun: Callable[..., Spun]) -> None:
        spin = spun("together", model, 4, replace(python("3.13t"), gil_enabled=True))
        holding(spin.told)
        assert never_two_at_once(spin.told, spin.told.lanes("thread"), State.running)
        (gil,) = spin.told.lanes("interpreter")
        assert {lane.id for lane in spin.lanes} <= held_by(spin.told, gil, spin.window)

    @pytest.mark.parametrize("on", [True, False])
    def test_the_spec_says_which_it_was(self, on: bool, spun: Callable[..., Spun]) -> None:
        spin = spun("together", "threads", 4, replace(python("3.13t"), gil_enabled=on))
        assert spin.told.trace.record.spec.interpreter["gil_enabled"] is on

    @pytest.mark.parametrize("model", ["processes", "process_pool", "processes_threads"])
    @pytest.mark.parametrize("on", [True, False])
    def test_it_is_the_same_in_child_processes(self, model: str, on: bool) -> None:
        told = run("cpu", model, 2, replace(python("3.13t"), gil_enabled=on), (("rounds", 100_000),))
        holding(told)
        workers = {lane.pid for lane in told.lanes("thread", measured=True)}
        notes = {(gil.note or "").startswith("GIL disabled") for gil in told.lanes("interpreter") if gil.pid in workers}
        assert notes == {not on}


class TestProcessesTimesThreads:
    """Two workers for each core, in a process for each core: each process has a GIL of its own."""

    @pytest.fixture(params=[version for version in VERSIONS if not version.endswith("t")])
    def spin(self, request: pytest.FixtureRequest, spun: Callable[..., Spun]) -> Spun:
        return spun("together", "processes_threads", WORKERS, python(request.param))

    def test_the_workers_are_shared_out_over_a_process_for_each_core(self, spin: Spun) -> None:
        holding(spin.told)
        assert sorted(lane.name for lane in spin.lanes) == sorted(f"worker-{number + 1}" for number in range(WORKERS))
        assert len({lane.pid for lane in spin.lanes}) == min(CORES, WORKERS)
        lanes = {lane.pid: lane.name for lane in spin.told.lanes("process")}
        assert all(lanes[lane.pid].startswith("process-") for lane in spin.lanes)

    def test_processes_run_python_at_once(self, spin: Spun, spun: Callable[..., Spun]) -> None:
        met = spun("at_once", "processes_threads", WORKERS, Interpreter(**spin.told.trace.record.spec.interpreter))
        assert at_once_ns(met.told, met.lanes, State.running) > 0

    def test_threads_of_one_process_take_turns(self, spin: Spun) -> None:
        for pid in {lane.pid for lane in spin.lanes}:
            (gil,) = (gil for gil in spin.told.lanes("interpreter") if gil.pid == pid)
            since, _ = seen(spin.told, gil, spin.window)
            mine = [spin.told.spells(lane.id, State.running) for lane in spin.lanes if lane.pid == pid]
            for one, other in combinations(mine, 2):
                assert shared(one, [spell for spell in other if spell[0] >= since]) == 0

    def test_each_process_has_one_gil_that_its_own_threads_fill(self, spin: Spun) -> None:
        for pid in {lane.pid for lane in spin.lanes}:
            (gil,) = (gil for gil in spin.told.lanes("interpreter") if gil.pid == pid)
            mine = [(lane, window) for lane, window, _ in spin.said if lane.pid == pid]
            assert {lane.id for lane, _ in mine} <= held_by(spin.told, gil, spin.window)
            for lane, window in mine:
                assert runs_only_as_holder(spin.told, lane, gil, window)


class TestPools:
    """Three jobs of equal waits for two workers: one of them does two, the other one has nothing to do meanwhile."""

    @pytest.fixture(params=POOLS)
    def told(self, request: pytest.FixtureRequest) -> Told:
        # Processes that come late would find that others have done their jobs.
        method = "fork" if request.param == "process_pool" else None
        params = (("waits", 1), ("wait_ms", 150.0))
        return run("sleep", request.param, 2, some_python(request.param), params, jobs=3, start_method=method)

    @staticmethod
    def by_lane(told: Told) -> dict[int, list[Job]]:
        found: dict[int, list[Job]] = {}
        for job in sorted(told.trace.jobs, key=lambda job: job.start_ns):
            found.setdefault(job.lane, []).append(job)
        return found

    def test_both_workers_have_jobs_and_nobody_else_has(self, told: Told) -> None:
        holding(told)
        assert sorted(lane.name for lane in told.lanes("thread", measured=True)) == ["worker-1", "worker-2"]
        assert sorted(map(len, self.by_lane(told).values())) == [1, 2]
        assert not told.lanes("task", measured=True)

    def test_a_worker_without_a_job_is_idle(self, told: Told) -> None:
        last = max(job.start_ns for job in told.trace.jobs)
        (lane,) = (lane for lane, jobs in self.by_lane(told).items() if len(jobs) == 1)
        (alone,) = self.by_lane(told)[lane]
        (until,) = (job.end_ns for job in told.trace.jobs if job.start_ns == last)
        assert alone.end_ns < until
        idle = shared(told.spells(lane, State.idle), [(alone.end_ns, until)])
        assert idle > 0
        assert not shared(told.spells(lane, State.idle), [(alone.start_ns, alone.end_ns)])

    def test_each_job_has_an_edge_from_who_submitted_it_to_who_began_it(self, told: Told) -> None:
        submits = sorted((edge for edge in told.trace.edges if edge.kind == "submit"), key=lambda edge: edge.to_ns)
        jobs = sorted(told.trace.jobs, key=lambda job: job.start_ns)
        assert [edge.to_lane for edge in submits] == [job.lane for job in jobs]
        assert all(edge.from_ns <= edge.to_ns <= job.start_ns for edge, job in zip(submits, jobs, strict=True))
        givers = {told.trace.lanes[edge.from_lane].name for edge in submits}
        assert givers == {"job-0", "job-1", "job-2"} if told.trace.record.spec.model == "asyncio_threads" else givers == {"main"}

    def test_the_third_job_waited_in_the_queue_until_a_worker_was_done(self, told: Told) -> None:
        third = max((edge for edge in told.trace.edges if edge.kind == "submit"), key=lambda edge: edge.to_ns)
        assert third.from_ns < min(job.end_ns for job in told.trace.jobs) <= third.to_ns


class TestToThread:
    """The loop's tasks wait, suspended, for the threads that do their jobs."""

    def test_a_task_is_suspended_once_until_its_job_is_done(self, any_python: Interpreter) -> None:
        told = run("cpu", "asyncio_threads", 2, any_python, (("rounds", 300_000),), jobs=3)
        tasks = {lane.name: lane for lane in told.lanes("task")}
        for job in told.trace.jobs:
            task = tasks[f"job-{job.index}"]
            ((_, until),) = told.spells(task.id, State.suspended)
            assert job.end_ns <= until
            details = {one["detail"] for one in told.segments if one["lane"] == task.id and one["state"] == "suspended"}
            assert details <= {"to_thread", codes.OPERATIONS[codes.RESULTS]}

    def test_tasks_and_jobs_are_on_different_threads(self, any_python: Interpreter) -> None:
        told = run("cpu", "asyncio_threads", 2, any_python, (("rounds", 300_000),), jobs=3)
        assert {lane.parent for lane in told.lanes("task")}.isdisjoint(job.lane for job in told.trace.jobs)


class TestStartMethods:
    @pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
    @pytest.mark.parametrize("model", ["process_pool", "processes_threads"])
    def test_every_start_method_is_recorded(self, any_python: Interpreter, model: str, method: str) -> None:
        told = run("cpu", model, 2, any_python, (("rounds", ROUNDS),), start_method=method)
        holding(told)
        assert ("fork server" in {lane.name for lane in told.lanes("process")}) is (method == "forkserver")
        assert told.trace.record.spec.start_method == method
        assert told.trace.record.result["checksum"] == checksum(2, ROUNDS)


class TestSpec:
    """What the spec says was so, or a note says that it was not."""

    @pytest.mark.parametrize("interval", [0.0005, 0.02])
    def test_the_switch_interval_is_the_one_that_was_asked_for(self, any_python: Interpreter, interval: float) -> None:
        told = run("cpu", "threads", 2, any_python, (("rounds", 100_000),), switch_interval=interval)
        assert told.trace.record.spec.switch_interval == interval
        assert not [note for note in told.trace.record.notes if "switch interval" in note]

    def test_jobs_that_change_it_are_told_of(self, tmp_path: Path) -> None:
        (tmp_path / "own.py").write_text("import sys\ndef job():\n    sys.setswitchinterval(0.001)\n")
        told = ran(spec(f"{tmp_path}/own.py:job", "sequential", 1, on=python("3.13")))
        assert told.trace.record.status == "complete"
        assert "The jobs changed the switch interval: it was 0.001 s at the end, not 0.005 s." in told.trace.record.notes
