"""What real runs must show, on every interpreter there is: structure that no load of the machine may change, never speed."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from engine.trace import Interpreter, Lane, State, Trace
from tests.support.real_runs import VERSIONS, Told, python, ran, shared, spec
from tests.support.spinning import Spun, Window, at_once_ns, checksum, churned, holding, never_two_at_once, spinner

MS = 1_000_000
SWITCH_NS = 5_000
"""What one switch of context may cost a thread by its own clock and not by the kernel's records."""

ROUNDS = 1_500_000
"""Of a job that lasts long enough for all workers to be at work at once, about a tenth of a second."""

WITH_GIL = tuple(version for version in VERSIONS if not version.endswith("t"))
MODELS = ("sequential", "threads", "asyncio", "processes")

pytestmark = pytest.mark.skipif(os.cpu_count() == 1, reason="on one core nothing ever runs at once")


@cache
def run(
    workload: str, model: str, workers: int, on: Interpreter | None = None, params: tuple[tuple[str, Any], ...] = (), **more: Any
) -> Told:
    """One run for all tests that ask for the same."""
    return ran(spec(workload, model, workers, on=on, params=dict(params), **more))


@pytest.fixture(scope="module")
def spun(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Spun]:
    """Runs a function of `spin.py` whose workers wait for each other, once for all tests that ask for the same."""

    return spinner(tmp_path_factory)


@pytest.fixture(params=VERSIONS)
def any_python(request: pytest.FixtureRequest) -> Interpreter:
    return python(request.param)


@pytest.fixture(params=WITH_GIL)
def gil_python(request: pytest.FixtureRequest) -> Interpreter:
    return python(request.param)


def seen_exactly(trace: Trace) -> bool:
    """Whether the kernel's switches and the GIL were there to be watched, throughout."""
    return trace.record.sources["kernel"] == "exact" and trace.record.sources["gil"] == "exact" and not trace.record.notes


def union(spells: list[Window]) -> list[Window]:
    found: list[Window] = []
    for start, end in sorted(spells):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def on_cores(told: Told, lane: Lane) -> list[Window]:
    """When the cpu lanes say that a thread was on one of them."""
    cpus = {cpu.id for cpu in told.lanes("cpu")}
    return sorted((one["start_ns"], one["end_ns"]) for one in told.segments if one["lane"] in cpus and one["ref"] == lane.id)


class TestThreadsUnderAGil:
    """Four threads of pure Python in one process: they take turns."""

    @pytest.fixture
    def spin(self, gil_python: Interpreter, spun: Callable[..., Spun]) -> Spun:
        return spun("together", "threads", 4, gil_python)

    def test_the_trace_is_a_legal_schedule_without_gaps(self, spin: Spun) -> None:
        holding(spin.told)

    def test_never_two_run_python_and_about_one_core_is_used(self, spin: Spun) -> None:
        threads = spin.told.lanes("thread")
        assert never_two_at_once(spin.told, threads, State.running)
        # Of hand-overs, of which one may last longer than a millisecond.
        assert at_once_ns(spin.told, threads, State.running, State.native) < 0.02 * spin.told.metrics["wall_ns"]
        assert 0 < spin.told.metrics["parallelism"] < 1.05

    def test_native_is_less_than_2_percent_of_the_time_on_cores(self, spin: Spun) -> None:
        window = [spin.window]
        native, running = (
            sum(shared(window, spin.told.spells(lane.id, state)) for lane, _, _ in spin.said) for state in (State.native, State.running)
        )
        assert running > 0
        assert native < 0.02 * (native + running)

    def test_whoever_does_not_run_waits_for_the_gil_or_for_a_core(self, spin: Spun) -> None:
        window = [spin.window]
        time = 4 * (spin.window[1] - spin.window[0])
        waited, ready = (
            sum(shared(window, spin.told.spells(lane.id, state)) for lane, _, _ in spin.said) for state in (State.gil_wait, State.runnable)
        )
        assert waited + ready >= 0.7 * time, "three of four, three quarters of the time"
        assert waited > ready

    def test_the_holder_in_each_wait_for_the_gil_is_another_thread_of_the_process(self, spin: Spun) -> None:
        lanes = spin.told.trace.lanes
        waits = [one for one in spin.told.segments if one["state"] == "gil_wait"]
        assert waits
        for one in waits:
            assert one["ref"] is not None, one
            assert one["ref"] != one["lane"], one
            assert (lanes[one["ref"]].kind, lanes[one["ref"]].pid) == ("thread", lanes[one["lane"]].pid)

    def test_the_gil_is_held_unless_its_next_holder_lacks_a_core(self, spin: Spun) -> None:
        (gil,) = spin.told.lanes("interpreter")
        ready = union([spell for lane in spin.told.lanes("thread") for spell in spin.told.spells(lane.id, State.runnable)])
        begin, end = spin.window
        free = [(max(start, begin), min(stop, end)) for start, stop in spin.told.spells(gil.id, State.free) if stop > begin and start < end]
        idle = sum(stop - start for start, stop in free) - shared(free, ready)
        assert idle < 0.02 * (end - begin)

    def test_the_holder_of_the_gil_is_who_runs(self, spin: Spun) -> None:
        if not seen_exactly(spin.told.trace):
            pytest.skip("the GIL's holder was not seen exactly")
        (gil,) = spin.told.lanes("interpreter")
        for lane in spin.told.lanes("thread"):
            held = [(one["start_ns"], one["end_ns"]) for one in spin.told.segments if one["lane"] == gil.id and one["ref"] == lane.id]
            running = [(start, end) for start, end in spin.told.spells(lane.id, State.running) if start >= (held[0][0] if held else 0)]
            known = spin.told.spells(gil.id, State.held, State.free)
            assert shared(running, known) == shared(running, held), f"{lane.name} runs while another holds the GIL"

    def test_raw_evidence_shows_no_two_threads_at_python_for_longer_than_a_hand_over(self, spin: Spun) -> None:
        gil = spin.told.metrics["gil"]
        assert gil["overlap_ns"] <= gil["oncore_overlap_ns"]
        assert gil["oncore_overlap_ns"] < 0.02 * spin.told.metrics["wall_ns"]

    def test_hand_offs_seen_are_those_that_cpython_counts(self, spin: Spun) -> None:
        counters = spin.told.trace.counters
        if not seen_exactly(spin.told.trace):
            pytest.skip("the GIL was not watched exactly")
        assert counters["gil_handoffs"] > 4
        assert abs(counters["gil_seen_handoffs"] - counters["gil_handoffs"]) <= max(2, 0.02 * counters["gil_handoffs"])

    def test_built_in_cpu_work_takes_turns_too(self, gil_python: Interpreter) -> None:
        told = run("cpu", "threads", 4, gil_python, (("rounds", 200_000),))
        holding(told)
        assert never_two_at_once(told, told.lanes("thread"), State.running)
        assert told.metrics["gil"]["oncore_overlap_ns"] < 0.02 * told.metrics["wall_ns"]
        assert told.trace.record.result["checksum"] == checksum(4, 200_000)


class TestClocks:
    """Time on cores, three ways: the segments, the cpu lanes, and each thread's own clock."""

    @pytest.fixture(params=["threads", "processes"])
    def spin(self, any_python: Interpreter, spun: Callable[..., Spun], request: pytest.FixtureRequest) -> Spun:
        found = spun("together", request.param, 4 if request.param == "threads" else 2, any_python)
        if found.told.trace.record.sources["kernel"] != "exact":
            pytest.skip("the kernel's context switches cannot be seen here")
        return found

    def test_time_on_cores_agrees_with_each_threads_own_clock(self, spin: Spun) -> None:
        for lane, window, clock in spin.said:
            spells = [spell for spell in on_cores(spin.told, lane) if spell[1] > window[0] and spell[0] < window[1]]
            assert shared([window], spells) == pytest.approx(clock, rel=0.05, abs=SWITCH_NS * len(spells))
            on_core = shared([window], spin.told.spells(lane.id, State.running, State.native))
            assert on_core == pytest.approx(clock, rel=0.05, abs=SWITCH_NS * len(spells))

    def test_who_is_on_a_core_by_its_own_lane_is_so_by_the_cpu_lanes(self, spin: Spun) -> None:
        for lane in spin.told.lanes("thread", measured=True):
            mine = spin.told.spells(lane.id, State.running, State.native)
            assert shared(mine, on_cores(spin.told, lane)) == sum(end - start for start, end in mine)

    def test_no_thread_is_on_two_cores(self, spin: Spun) -> None:
        for lane in spin.told.lanes("thread"):
            spells = on_cores(spin.told, lane)
            assert all(before[1] <= after[0] for before, after in pairwise(spells)), lane.name


class TestAtOnce:
    """What can run at once does."""

    def test_processes_run_python_at_the_same_instant_on_different_cores(self, any_python: Interpreter, spun: Callable[..., Spun]) -> None:
        spin = spun("at_once", "processes", 2, any_python)
        holding(spin.told)
        (one, _, _), (other, _, _) = spin.said
        assert one.pid != other.pid
        assert at_once_ns(spin.told, [one, other], State.running) > 0
        cpus = {cpu.id: {seg["ref"] for seg in spin.told.segments if seg["lane"] == cpu.id} for cpu in spin.told.lanes("cpu")}
        if cpus:
            assert shared(on_cores(spin.told, one), on_cores(spin.told, other)) > 0

    def test_each_process_has_a_gil_of_its_own(self, gil_python: Interpreter, spun: Callable[..., Spun]) -> None:
        spin = spun("together", "processes", 2, gil_python)
        parents = {gil.parent for gil in spin.told.lanes("interpreter")}
        processes = {lane.id: lane.pid for lane in spin.told.lanes("process")}
        assert {lane.pid for lane, _, _ in spin.said} <= {processes[parent] for parent in parents if parent is not None}

    def test_threads_that_hash_leave_the_gil_and_are_on_cores_at_once(self, any_python: Interpreter, spun: Callable[..., Spun]) -> None:
        spin = spun("hashing_together", "threads", 2, any_python)
        holding(spin.told)
        lanes = [lane for lane, _, _ in spin.said]
        assert at_once_ns(spin.told, lanes, State.running, State.native) > 0
        if any_python.gil_enabled:
            assert never_two_at_once(spin.told, lanes, State.running)

    def test_built_in_native_work_is_native(self, gil_python: Interpreter) -> None:
        told = run("native", "threads", 2, gil_python, (("blocks", 20), ("block_mb", 2)))
        holding(told)
        states = told.metrics["states"]
        assert states["native"] > states["running"]

    def test_threads_without_a_gil_run_python_at_once(self, spun: Callable[..., Spun]) -> None:
        spin = spun("at_once", "threads", 4, python("3.13t"))
        holding(spin.told)
        assert at_once_ns(spin.told, [lane for lane, _, _ in spin.said], State.running) > 0
        assert not [one for one in spin.told.segments if one["state"] == "gil_wait"]
        assert {gil.note for gil in spin.told.lanes("interpreter")} == {"GIL disabled: threads run Python at once"}
        assert set(spin.told.metrics["gil"].values()) <= {None, 0}

    def test_a_free_threaded_build_takes_turns_when_its_gil_is_turned_on(self, spun: Callable[..., Spun]) -> None:
        build = python("3.13t")
        on = Interpreter(**{**build.to_json(), "gil_enabled": True})
        spin = spun("together", "threads", 4, on)
        holding(spin.told)
        assert never_two_at_once(spin.told, spin.told.lanes("thread"), State.running)
        assert [one for one in spin.told.segments if one["state"] == "gil_wait"]


class TestEventLoop:
    """Tasks on one loop: never two at once."""

    @pytest.mark.parametrize(("workload", "params"), [("cpu", (("rounds", 200_000),)), ("mixed", (("rounds", 3), ("latency_ms", 5.0)))])
    def test_no_two_tasks_ever_run(self, any_python: Interpreter, workload: str, params: tuple[tuple[str, Any], ...]) -> None:
        told = run(workload, "asyncio", 4, any_python, params)
        holding(told)
        tasks = told.lanes("task", measured=True)
        assert len(tasks) == 4
        assert never_two_at_once(told, tasks, State.running, State.native)
        assert {lane.parent for lane in tasks} == {thread.id for thread in told.lanes("thread") if thread.tid == thread.pid}
        assert never_two_at_once(told, tasks, State.running, State.native, State.runnable, State.gil_wait)

    def test_a_task_that_computes_keeps_the_others_ready(self, any_python: Interpreter) -> None:
        told = run("cpu", "asyncio", 4, any_python, (("rounds", 200_000),))
        states = told.metrics["states"]
        assert states["ready"] > states["running"], "three of four wait for their turn"
        assert "suspended" not in states

    def test_a_task_runs_only_while_its_thread_does(self, any_python: Interpreter) -> None:
        told = run("mixed", "asyncio", 4, any_python, (("rounds", 3), ("latency_ms", 5.0)))
        for task in told.lanes("task"):
            assert task.parent is not None
            mine = told.spells(task.id, State.running)
            assert shared(mine, told.spells(task.parent, State.running)) == sum(end - start for start, end in mine)


class TestWaits:
    """Waits that overlap, and waits that cannot."""

    PARAMS = (("waits", 3), ("wait_ms", 100.0))

    @pytest.mark.parametrize(("model", "kind", "state"), [("threads", "thread", State.io_wait), ("asyncio", "task", State.suspended)])
    def test_all_eight_sleep_at_one_instant(self, model: str, kind: str, state: State) -> None:
        told = run("sleep", model, 8, None, self.PARAMS)
        holding(told)
        lanes = told.lanes(kind, measured=True)
        assert len(lanes) == 8
        edges = sorted(
            [(end, -1) for lane in lanes for _, end in told.spells(lane.id, state)]
            + [(start, 1) for lane in lanes for start, _ in told.spells(lane.id, state)]
        )
        level = most = 0
        for _, step in edges:
            level += step
            most = max(most, level)
        assert most == 8
        details = {one["detail"] for one in told.segments if one["lane"] in {lane.id for lane in lanes} and one["state"] == state.name}
        assert "sleep" in details

    def test_one_after_another_nothing_overlaps(self) -> None:
        told = run("sleep", "sequential", 8, None, (("waits", 1), ("wait_ms", 20.0)))
        holding(told)
        assert len(told.lanes("thread", measured=True)) == 1
        jobs = sorted(told.trace.jobs, key=lambda job: job.start_ns)
        assert all(before.end_ns <= after.start_ns for before, after in pairwise(jobs))
        assert told.metrics["states"]["io_wait"] >= 8 * 20 * MS

    def test_the_loop_is_idle_while_all_its_tasks_sleep(self) -> None:
        told = run("sleep", "asyncio", 8, None, self.PARAMS)
        (loop,) = {task.parent for task in told.lanes("task", measured=True)}
        assert loop is not None
        assert sum(end - start for start, end in told.spells(loop, State.idle)) > 3 * 90 * MS


class TestResults:
    """The work is the same under every model."""

    @pytest.mark.parametrize("model", MODELS)
    def test_requests_are_answered(self, model: str) -> None:
        told = run("http", model, 3, None, (("requests", 3), ("latency_ms", 5.0), ("body_kb", 2)))
        holding(told)
        result = told.trace.record.result
        assert (result["requests"], result["bytes"]) == (9, 18_000)
        assert result["latency_ms"]["min"] >= 5.0
        waits = {one["detail"] for one in told.segments if one["state"] in ("io_wait", "suspended")}
        assert "receive" in waits

    @pytest.mark.parametrize("model", MODELS)
    def test_what_is_computed_is_the_same(self, model: str) -> None:
        told = run("mixed", model, 3, None, (("rounds", 2), ("latency_ms", 5.0), ("compute_steps", 10_000)))
        holding(told)
        total = 0
        for index in range(3):
            state = index + 1
            for _ in range(2):
                state = churned(state + 1000, 10_000)
            total += state
        assert told.trace.record.result["checksum"] == total & 0xFFFFFFFF

    @pytest.mark.parametrize("model", MODELS)
    def test_more_jobs_than_workers_are_all_done(self, model: str) -> None:
        told = run("cpu", model, 2, None, (("rounds", 30_000),), jobs=5)
        holding(told)
        assert told.metrics["jobs"] == {"total": 5, "completed": 5, "failed": 0}
        assert told.trace.record.result["checksum"] == checksum(5, 30_000)


class TestStartMethods:
    @pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
    def test_every_start_method_is_recorded(self, any_python: Interpreter, method: str) -> None:
        told = run("cpu", "processes", 2, any_python, (("rounds", ROUNDS),), start_method=method)
        holding(told)
        workers = told.lanes("thread", measured=True)
        assert [lane.name for lane in sorted(workers, key=lambda lane: lane.name)] == ["worker-1", "worker-2"]
        assert len({lane.pid for lane in workers}) == 2
        names = {lane.name for lane in told.lanes("process")}
        assert ("fork server" in names) is (method == "forkserver")
        assert told.trace.record.result["checksum"] == checksum(2, ROUNDS)

    @pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
    def test_processes_hang_below_who_made_them(self, any_python: Interpreter, method: str) -> None:
        told = run("cpu", "processes", 2, any_python, (("rounds", ROUNDS),), start_method=method)
        lanes = {lane.pid: lane for lane in told.lanes("process")}
        (main,) = (lane for lane in lanes.values() if lane.parent is None)
        for worker in told.lanes("thread", measured=True):
            above = lanes[worker.pid].parent
            assert above is not None
            assert above == main.id or told.trace.lanes[above].parent == main.id


SOURCES = {
    ("marks",): ("inferred", "inferred"),
    ("marks", "schedstat"): ("inferred", "inferred"),
    ("marks", "kernel"): ("inferred", "exact"),
    ("marks", "kernel", "gil-sampled"): ("sampled", "exact"),
    ("marks", "gil"): ("inferred", None),
    ("marks", "schedstat", "gil-sampled"): ("sampled", None),
}
"""Sources that are let be → how well thread lanes and cpu lanes are then known (None: there are no cpu lanes)."""


class TestFallbacks:
    """With fewer sources a trace is less exact, says so, and stays a legal schedule of the same work."""

    @staticmethod
    def told(sources: tuple[str, ...], model: str = "threads") -> Told:
        return run("cpu", model, 4 if model != "processes" else 2, None, (("rounds", ROUNDS),), sources=sources)

    @pytest.mark.parametrize("sources", SOURCES)
    @pytest.mark.parametrize("model", MODELS)
    def test_it_is_legal_and_complete(self, sources: tuple[str, ...], model: str) -> None:
        told = self.told(sources, model)
        holding(told)
        assert told.trace.record.result["checksum"] == checksum(len(told.trace.jobs), ROUNDS)

    @pytest.mark.parametrize("sources", SOURCES)
    def test_each_lane_says_how_well_it_is_known(self, sources: tuple[str, ...]) -> None:
        told = self.told(sources)
        threads, cpus = SOURCES[sources]
        assert {lane.exactness for lane in told.lanes("thread", measured=True)} == {threads}
        assert {lane.exactness for lane in told.lanes("cpu")} <= {cpus}
        assert {lane.exactness for lane in told.lanes("interpreter")} == {gil_label(sources)}
        assert told.trace.record.sources["gil"] == {"exact": "exact", "sampled": "sampled", "inferred": "off"}[gil_label(sources)]

    @pytest.mark.parametrize("sources", SOURCES)
    def test_threads_are_seen_to_take_turns(self, sources: tuple[str, ...]) -> None:
        told = self.told(sources)
        workers = told.lanes("thread", measured=True)
        assert never_two_at_once(told, workers, State.running)
        states = told.metrics["states"]
        assert states["gil_wait"] + states["runnable"] > states["running"]
        # Who wakes to see whether the GIL is free yet is on a core meanwhile: only the GIL's own record tells that from native work.
        assert states.get("native", 0) < 0.1 * states["running"]
        assert states.get("io_wait", 0) < 0.05 * sum(states.values())
        assert all(one["ref"] != one["lane"] for one in told.segments if one["state"] == "gil_wait")

    @pytest.mark.parametrize("sources", SOURCES)
    def test_time_on_cores_is_of_the_right_size(self, sources: tuple[str, ...]) -> None:
        told = self.told(sources)
        assert told.metrics["cpu_ns"] <= 1.05 * told.trace.record.usage["cpu_ns"]
        assert told.metrics["cpu_ns"] > 0

    @pytest.mark.parametrize("sources", [sources for sources in SOURCES if "kernel" not in sources])
    def test_without_the_kernel_no_core_is_claimed(self, sources: tuple[str, ...]) -> None:
        assert self.told(sources).lanes("cpu") == []


def gil_label(sources: tuple[str, ...]) -> str:
    return "exact" if "gil" in sources else "sampled" if "gil-sampled" in sources else "inferred"
