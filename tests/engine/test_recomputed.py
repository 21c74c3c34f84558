"""The figures, computed again from the exported segments in plain Python, and held against what knows of them from elsewhere.

exported segments of the measured lanes ──► parallelism, states, CPU time ◄── /metrics
                                                     ▲          ▲
                        the cores' own lanes ────────┘          └──── the kernel's account of the processes (getrusage)
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from tests.support.real_runs import Told, ran, spec

ON_CORE = ("running", "native")


@cache
def run(workload: str, model: str) -> Told:
    rounds = {"cpu": {"rounds": 1_500_000}, "native": {"blocks": 20}, "mixed": {"rounds": 4}}
    return ran(spec(workload, model, 3, params=rounds[workload]))


def clipped(told: Told, lanes: set[int]) -> list[dict[str, Any]]:
    """The exported segments of these lanes, cut to the window that the figures are of: first job's start to last job's end."""
    t0, t1 = min(job.start_ns for job in told.trace.jobs), max(job.end_ns for job in told.trace.jobs)
    inside = [one for one in told.segments if one["lane"] in lanes and one["end_ns"] > t0 and one["start_ns"] < t1]
    return [{**one, "start_ns": max(one["start_ns"], t0), "end_ns": min(one["end_ns"], t1)} for one in inside]


def hosts(told: Told) -> set[int]:
    """The threads that carry jobs, or whose tasks do."""
    threads = {lane.id for lane in told.lanes("thread")}
    carriers = [lane for lane in told.trace.lanes.values() if lane.measured]
    return {lane.id if lane.id in threads else lane.parent for lane in carriers if lane.parent is not None}


def length(segments: list[dict[str, Any]]) -> int:
    return sum(one["end_ns"] - one["start_ns"] for one in segments)


CASES = [(workload, model) for workload in ("cpu", "native", "mixed") for model in ("sequential", "threads", "asyncio", "processes")]


@pytest.mark.parametrize(("workload", "model"), CASES)
class TestFigures:
    def test_states_are_the_sums_of_the_segments(self, workload: str, model: str) -> None:
        told = run(workload, model)
        sums: dict[str, int] = defaultdict(int)
        for one in clipped(told, {lane.id for lane in told.trace.lanes.values() if lane.measured}):
            sums[one["state"]] += one["end_ns"] - one["start_ns"]
        assert told.metrics["states"] == dict(sums)

    def test_parallelism_and_cpu_time_are_those_of_the_threads_that_carry_jobs(self, workload: str, model: str) -> None:
        told = run(workload, model)
        on_core = length([one for one in clipped(told, hosts(told)) if one["state"] in ON_CORE])
        wall = max(job.end_ns for job in told.trace.jobs) - min(job.start_ns for job in told.trace.jobs)
        assert told.metrics["cpu_ns"] == on_core
        assert told.metrics["wall_ns"] == wall
        assert told.metrics["parallelism"] == pytest.approx(on_core / wall)

    def test_the_cores_own_lanes_know_the_same_time(self, workload: str, model: str) -> None:
        """Cores tell of microsecond wake-ups that segments count to the wait they belong to: they know a little more, never less."""
        told = run(workload, model)
        cores = {lane.id for lane in told.lanes("cpu")}
        busy = length([one for one in clipped(told, cores) if one["state"] == "busy" and one["ref"] in hosts(told)])
        before = length([one for one in clipped(told, hosts(told)) if one["state"] == "starting"])
        assert told.metrics["cpu_ns"] <= busy <= told.metrics["cpu_ns"] * 1.05 + before + 5_000_000

    def test_never_two_threads_on_one_core_nor_one_thread_on_two(self, workload: str, model: str) -> None:
        told = run(workload, model)
        busy = [one for one in told.segments if one["state"] == "busy"]
        for key in ("lane", "ref"):
            together = sorted(busy, key=lambda one: (one[key], one["start_ns"]))
            assert [(a, b) for a, b in pairwise(together) if a[key] == b[key] and b["start_ns"] < a["end_ns"]] == []

    def test_the_kernels_account_of_the_processes_agrees(self, workload: str, model: str) -> None:
        """It is of whole processes, their start, end and work for the kernel included, and knows nothing of windows or jobs."""
        told = run(workload, model)
        cores = {lane.id for lane in told.lanes("cpu")}
        busy = length([one for one in told.segments if one["lane"] in cores and one["state"] == "busy"])
        assert busy == pytest.approx(told.trace.record.usage["cpu_ns"], rel=0.1, abs=30_000_000)
        assert told.metrics["cpu_ns"] <= told.trace.record.usage["cpu_ns"] * 1.02
