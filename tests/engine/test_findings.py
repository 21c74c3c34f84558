"""What is said about a trace: true, with its numbers, and only where it applies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.findings import CHECKS, findings, headline
from engine.metrics import metrics
from engine.trace import Job, Record, Trace
from tests.support import synthetic
from tests.support.drawing import drawn
from tests.support.scene import MS


def found(trace: Trace, **more: Any) -> dict[str, str]:
    """The text of each finding by its kind."""
    return {finding["kind"]: finding["text"] for finding in findings(trace, metrics(trace) | more)}


def said(trace: Trace, **more: Any) -> str:
    return headline(trace, metrics(trace) | more)


def head(workload: str = "cpu", model: str = "threads", workers: int = 4, **more: Any) -> Record:
    changed: dict[str, Any] = {"status": "complete", "host": {"cores": 2}, **more.pop("changes", {})}
    return synthetic.record(workload, model, workers, **more).changed(changed)


FREE_THREADED = {"version": "3.13.5", "free_threaded": True, "gil_enabled": False}


def test_threads_that_take_turns_are_bound_by_the_gil() -> None:
    trace = synthetic.threads_taking_turns().trace
    assert said(trace) == "4 threads, one GIL: 1.00 cores used, 75 % of thread time spent waiting for the GIL; they took turns"
    assert said(trace, speedup=0.98) == (
        "4 threads, one GIL: 1.00 cores used, 75 % of thread time spent waiting for the GIL; no faster than sequential"
    )
    assert list(found(trace)) == ["gil_bound"]
    assert found(trace)["gil_bound"] == (
        "Threads waited for the GIL during 75 % of their time: 399 waits of 15.0 ms on average, 5.97 s in all. "
        "They took turns: one at a time ran Python. Processes, or a free-threaded interpreter, would use both cores."
    )


def test_processes_run_at_the_same_time() -> None:
    trace = synthetic.processes_at_once().trace
    assert said(trace, speedup=1.93) == "2 processes, a GIL each: 2.00 of 2 cores used; 1.9 times as fast as sequential"
    assert found(trace) == {
        "true_parallelism": "2 processes ran at the same time: 2.00 of 2 cores used on average, up to 2 at once; "
        "every process has a GIL of its own."
    }


def test_more_processes_than_cores_wait_for_a_core() -> None:
    trace = synthetic.processes_at_once(workers=4).trace
    assert "50 % of process time ready but without a core" in said(trace)
    assert found(trace)["core_bound"] == (
        "Ready to run but without a core for 50 % of the time (3.99 s in all): "
        "4 processes share 2 cores, so more workers would not make it faster."
    )


def test_without_more_workers_than_cores_it_was_something_else_that_had_them() -> None:
    trace = drawn("process p |rrrrrr|\nthread one |rrrqqq|", head=head())
    assert "something else had the cores" in found(trace)["core_bound"]
    assert "no core was free" in found(drawn("process p |rrrrrr|\nthread one |rrrqqq|"))["core_bound"]


def test_a_task_that_computes_blocks_the_loop_for_the_others() -> None:
    trace = synthetic.tasks_on_a_loop().trace
    assert said(trace) == (
        "6 tasks on one event loop: 0.32 cores used, one task kept the loop for 120 ms while others were ready, "
        "waits overlapped (4.8 at once on average)"
    )
    assert found(trace)["loop_blocked"].startswith(
        "Task job-1 kept the event loop for 120 ms without awaiting, while 5 other tasks were ready;"
    )
    (blocked,) = [finding for finding in findings(trace, metrics(trace)) if finding["kind"] == "loop_blocked"]
    (lane,) = blocked["lanes"]
    assert trace.lanes[lane].name == "job-1"
    assert blocked["t1_ns"] - blocked["t0_ns"] == 120 * MS


def test_what_a_loop_cannot_interrupt_is_one_step_even_without_a_core_or_in_a_blocking_call() -> None:
    """And a task that has never had its turn waits like any other."""
    trace = drawn(
        f"process p |{'r' * 60}|\nthread loop |{'r' * 60}| unmeasured\n"
        f"task a |s{'r' * 10}qqqqq{'w' * 10}nr        |\ntask b |{'s' * 28}rrrrrrrr|"
    )
    assert found(trace)["loop_blocked"].startswith("Task a kept the event loop for 27.0 ms without awaiting, while 1 other task was ready;")


def test_tasks_that_wait_for_short_steps_of_others_wait_for_the_loop_all_the_same() -> None:
    trace = drawn("process p |rrrrrr|\nthread loop |rrrrrr| unmeasured\ntask a |ryryry|\ntask b |yryryr|")
    assert said(trace) == "2 tasks on one event loop: 1.00 cores used, 50 % of task time ready but not its turn on the loop"


def test_a_little_is_not_told_as_nothing() -> None:
    trace = drawn(f"process p |{'r' * 400}|\nthread one |{'w' * 399}r|\nthread two |{'w' * 400}|", column_ns=100_000)
    assert said(trace).startswith("2 threads: under 0.01 cores used, waits overlapped")


def test_a_long_step_while_nobody_else_is_ready_blocks_nobody() -> None:
    trace = drawn(
        f"process p |{'r' * 60}|\nthread loop |{'r' * 60}| unmeasured\ntask a |s{'r' * 50}         |\ntask b |s{'z' * 50}yrrrrrrrr|"
    )
    assert "loop_blocked" not in found(trace)


def test_waits_of_threads_overlap() -> None:
    trace = synthetic.waits_overlapping().trace
    assert said(trace) == "8 threads, one GIL: 0.02 cores used, waits overlapped (8.0 at once on average)"
    assert found(trace) == {
        "waits_overlap": "Waits overlapped: on average 8.0 of 8 threads waited at the same time. 8.06 s of waiting fitted into 1.01 s."
    }


def test_waits_of_one_thread_come_one_after_another() -> None:
    trace = drawn("process p |rrrrrrrrrrr|\nthread MainThread |rwwwwrwwwwr|", head=head("sleep", "sequential", 1, jobs=2))
    assert said(trace) == "One thread, 2 jobs in a row: 0.27 cores used, 73 % of the time spent in one wait after another"
    assert found(trace) == {
        "waits_in_sequence": "73 % of the time went into 2 waits, one after another (8.00 ms in all). "
        "The jobs are independent: with threads or asyncio their waits would overlap."
    }


def test_a_sequential_run_of_computing_is_just_that() -> None:
    trace = drawn("process p |rrrr|\nthread MainThread |rrrr|", head=head("cpu", "sequential", 1, jobs=4))
    assert said(trace) == "One thread, 4 jobs in a row: 1.00 cores used"
    assert found(trace) == {}


def test_native_code_runs_at_once_under_one_gil() -> None:
    trace = drawn(
        "process p |rrrrrr|\ngil GIL |a....b| @ a=one b=two\nthread one |rnnnnn|\nthread two |gnnnnr|",
        head=head("native", "threads", 2),
    )
    assert said(trace) == (
        "2 threads, one GIL: 1.83 of 2 cores used, 82 % of that in native code without the GIL, "
        "8 % of thread time spent waiting for the GIL"
    )
    texts = found(trace)
    assert texts["true_parallelism"].endswith("up to 2 at once; native code had released the GIL.")
    assert texts["native_releases_gil"] == (
        "82 % of the time on cores (9.00 ms) was native code that had released the GIL "
        "(hashing, compression, NumPy, system calls), while others ran."
    )


def test_threads_without_a_gil_run_at_once_and_nothing_is_said_of_a_gil() -> None:
    trace = drawn(
        "process p |rrrr|\nthread one |rrrr|\nthread two |rnrr|", head=head(interpreter=FREE_THREADED, changes={"sources": {"gil": "off"}})
    )
    assert said(trace) == "2 threads, no GIL: 2.00 of 2 cores used"
    assert found(trace) == {
        "true_parallelism": "2 threads ran at the same time: 2.00 of 2 cores used on average, up to 2 at once; this interpreter has no GIL."
    }


def test_threads_in_several_processes_are_told_as_such() -> None:
    trace = drawn("process p |rr|\nthread a |rr|\nthread b |gg|\nprocess q |rr|\nthread c |rr|\nthread d |gg|")
    assert said(trace).startswith("4 threads in 2 processes: 2.00 cores used")


def test_tasks_and_threads_together_are_told_apart() -> None:
    """As where a coroutine starts threads of its own."""
    drawing = "process p |rrrr|\nthread loop |rrrr| unmeasured\ntask a |rrzz|\ntask b |yyrr|\nthread c |gggg|\n"
    assert said(drawn(drawing)) == (
        "2 tasks and 1 thread: 1.00 cores used, 33 % of worker time spent waiting for the GIL, "
        "25 % of task time ready but not its turn on the loop; they took turns"
    )
    assert said(drawn(f"{drawing}process q |rrrr|\nthread d |rrrr|")).startswith("2 tasks and 2 threads in 2 processes: 2.00 cores used")


@pytest.mark.parametrize(
    ("speedup", "verdict"),
    [
        (0.5, "; slower than sequential (0.50 times its speed)"),
        (1.0, "; no faster than sequential"),
        (3.94, "; 3.9 times as fast as sequential"),
    ],
)
def test_a_known_speedup_is_the_last_word(speedup: float, verdict: str) -> None:
    assert said(synthetic.waits_overlapping().trace, speedup=speedup).endswith(verdict)


def test_what_is_unknown_is_said_to_be() -> None:
    trace = replace(drawn("process p |rrrr|\nthread one |????|\nthread two |????|"), jobs=(Job(2, 0, 0, 4 * MS, True),))
    assert said(trace) == "2 threads: cores used unknown"
    assert found(trace) == {
        "time_unknown": "For 100 % of the time of 2 threads no source tells the state. The shares given are of the rest."
    }


def test_a_run_is_told_by_what_is_known_of_it_so_far() -> None:
    recording = synthetic.threads_taking_turns()
    assert said(recording.live(0)) == "Queued: not begun yet"
    assert said(recording.live(4)).startswith("So far: 4 threads, one GIL: 1.00 cores used")
    begun = Trace(recording.record.changed({"status": "starting"}))
    assert said(begun) == "Starting: no job has begun yet"
    assert found(recording.live(0)) == {}


def test_a_failure_comes_first_and_names_its_reason() -> None:
    trace = synthetic.failed().trace
    assert said(trace).startswith(
        "Failed after 637 ms: the measured process was ended by SIGSEGV (signal 11). Until then: 3 threads, one GIL: "
    )
    first = findings(trace, metrics(trace))[0]
    assert (first["kind"], first["severity"]) == ("run_failed", "critical")
    assert "ended by SIGSEGV" in first["text"]


@pytest.mark.parametrize("error", [None, {}, {"message": ""}, {"message": "\n\n"}, {"message": None}])
def test_a_failure_without_a_reason_says_so(error: dict[str, Any] | None) -> None:
    trace = Trace(head(changes={"status": "failed", "error": error}), 5 * MS)
    assert said(trace) == "Failed after 5.00 ms: no reason is on record; no job had begun"


@pytest.mark.parametrize(("status", "word"), [("cancelled", "Cancelled"), ("interrupted", "Interrupted")])
def test_a_run_that_was_cut_off_tells_how_far_it_came(status: str, word: str) -> None:
    drawing = "process p |rrrrr|\nthread one |rrr  |\nthread two |ggggr|"
    trace = drawn(drawing, head=head(workers=2, jobs=8, changes={"status": status}))
    assert said(trace).startswith(f"{word} after 5.00 ms, 2 of 8 jobs done. Until then: 2 threads")
    assert "2 of 8 jobs had been completed" in found(trace)["run_cut_off"]


def test_jobs_that_raised_are_counted() -> None:
    trace = drawn("process p |rrrX|\nthread one |rrrr|\nthread two |gggX|", head=head(workers=2))
    assert found(trace)["jobs_failed"] == "1 of 2 jobs ended with an error."


def test_starting_workers_that_cost_more_than_the_work_is_named() -> None:
    trace = drawn("process p |rrrr|\nthread one |rrrr|", elapsed_ns=16 * MS)
    assert found(trace)["startup_dominates"] == (
        "12.0 ms of 16.0 ms (75 %) went into starting, feeding and joining 1 thread, not into jobs. "
        "Larger jobs, or workers that are kept, make that matter less."
    )
    assert "startup_dominates" not in found(drawn("process p |rrrr|\nthread one |rrrr|", elapsed_ns=5 * MS))


def test_the_recorder_tells_of_its_own_weaknesses() -> None:
    weak = {"sources": {"marks": "exact", "kernel": "inferred", "gil": "sampled"}, "host": {"cores": 2, "steal_ratio": 0.12}}
    drawing = "process p |rrrrrrrr|\ngil GIL |aaaabbbb| @ a=one b=two\nthread one |rrrrgggg|\nthread two |ggggrrrr|"
    texts = found(drawn(drawing, head=head(changes=weak), dropped=3, gil_handoffs=567, gil_overlap_ns=300_000))
    assert texts["records_dropped"] == "3 records were lost; the times concerned are shown as unknown."
    assert texts["handoffs_missed"] == "Saw 1 of 567 GIL hand-offs (0.2 %): the shortest holds are missing from the GIL's lane."
    assert texts["source_fell_back"].startswith("The kernel's context switches (which tells who was on which core, and when) was inferred")
    assert "The watch on the GIL" in texts["source_fell_back"]
    assert texts["high_steal"].startswith("The host of this virtual machine withheld 12 % of the cores' time")
    assert texts["gil_overlap"].startswith("Two threads of one GIL seemed to run Python at once for 300 µs")


def test_one_missed_hand_off_of_many_is_not_worth_a_word() -> None:
    assert "handoffs_missed" not in found(synthetic.threads_taking_turns().trace)


def test_every_finding_has_the_contracts_shape_and_points_at_lanes_that_exist() -> None:
    makers = (synthetic.threads_taking_turns, synthetic.processes_at_once, synthetic.tasks_on_a_loop, synthetic.failed, synthetic.large)
    for make in makers:
        trace = make().trace
        for finding in findings(trace, metrics(trace)):
            assert list(finding) == ["kind", "severity", "text", "lanes", "t0_ns", "t1_ns"]
            assert finding["severity"] in ("info", "warning", "critical")
            assert set(finding["lanes"]) <= set(trace.lanes)
            assert finding["text"].endswith(".")


def test_kinds_are_names_of_their_own() -> None:
    kinds = [check.kind for check in CHECKS]
    assert len(set(kinds)) == len(kinds)


def test_a_window_has_findings_of_its_own() -> None:
    trace = synthetic.tasks_on_a_loop().trace
    early = metrics(trace, 32 * MS, 200 * MS)
    assert "loop_blocked" not in {finding["kind"] for finding in findings(trace, early)}
