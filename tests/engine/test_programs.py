"""What is told of a recorded program, which has threads and tasks but no jobs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.findings import findings, headline
from engine.metrics import metrics
from engine.scope import scope_of
from engine.text import timeline
from engine.trace import Lane, State, Trace
from tests.support import synthetic_programs
from tests.support.drawing import drawn
from tests.support.scene import MS
from tests.support.synthetic import record

TWO_MORE = "thread c |rrrr|\nthread d |gggg|"


def program(drawing: str, status: str = "complete", **result: Any) -> Trace:
    head = record("crawl.py", "program", 1, jobs=0, program=("crawl.py",), time_limit_s=None)
    return replace(drawn(drawing, head=head.changed({"status": status, "result": result, "host": {"cores": 2}})), jobs=())


def said(trace: Trace) -> str:
    return headline(trace, metrics(trace))


def found(trace: Trace) -> dict[str, str]:
    return {finding["kind"]: finding["text"] for finding in findings(trace, metrics(trace))}


def named(trace: Trace, name: str) -> Lane:
    return next(lane for lane in trace.lanes.values() if lane.name == name)


def test_figures_are_of_all_threads_that_ran_python_from_their_first_activity_to_their_last() -> None:
    trace = program("process p |srrrrrrrr|\nthread main |ssrllllr.|\nthread reader |  srrrw? |\nthread io |rrrrrrrrr| unmeasured")
    figures = metrics(trace)
    assert (figures["t0_ns"], figures["t1_ns"]) == (2 * MS, 8 * MS)
    assert figures["cpu_ns"] == 5 * MS
    assert figures["states"] == {"unknown": MS, "starting": MS, "running": 5 * MS, "lock_wait": 4 * MS, "io_wait": MS}
    assert figures["jobs"] == {"total": 0, "completed": 0, "failed": 0}


def test_time_of_a_task_is_that_of_its_thread_and_not_counted_twice() -> None:
    trace = program("process p |rrrr|\nthread main |rrrr|\ntask one |rrzz|\ntask two |yyrr|")
    assert scope_of(trace).carriers == (2,)
    assert metrics(trace)["states"] == {"running": 4 * MS}
    assert said(trace).startswith("One thread with 2 tasks: 1.00 cores used")


def test_the_sentence_about_a_program_speaks_of_threads_and_tasks_never_of_jobs() -> None:
    trace = synthetic_programs.program().trace
    assert said(trace) == (
        "2 threads with 2 tasks, one GIL: 0.55 cores used, 27 % of thread time spent waiting for the GIL; they took turns"
    )
    words = " ".join([said(trace), *found(trace).values()])
    assert "job" not in words
    assert "sequential" not in words


@pytest.mark.parametrize(
    ("drawing", "words"),
    [
        ("process p |rrrr|\nthread main |rrrr|", "One thread: 1.00 cores used"),
        ("process p |rrrr|\nthread a |rrrr|\nprocess q |rrrr|\nthread b |rrrr|", "2 processes: 2.00 of 2 cores used"),
        (
            "process p |rrrr|\ngil G |aaaa| @ a=a\nthread a |rrrr|\nthread b |gggg|\nprocess q |rrrr|\ngil H |cccc| @ c=c\n" + TWO_MORE,
            "4 threads in 2 processes, one GIL per process: 2.00 of 2 cores used, 50 % of thread time spent waiting for the GIL",
        ),
    ],
)
def test_threads_processes_and_gils_of_a_program_are_counted(drawing: str, words: str) -> None:
    assert said(program(drawing)) == words


def test_a_task_that_keeps_the_loop_is_found_in_a_program_too() -> None:
    trace = program(
        f"process p |{'r' * 40}|\nthread main |{'r' * 40}|\ntask slow |{'r' * 30}{'z' * 10}|\ntask other |{'y' * 30}{'r' * 10}|"
    )
    assert found(trace)["loop_blocked"].startswith(
        "Task slow kept the event loop for 30.0 ms without awaiting, while 1 other task was ready; "
        "tasks waited for their turn during 38 % of their time."
    )
    assert said(trace).endswith("one task kept the loop for 30.0 ms while others were ready")


@pytest.mark.parametrize(
    ("code", "how"),
    [(3, "ended with exit code 3"), (-11, "was ended by SIGSEGV"), (-40, "was ended by signal 40"), (0, None), (None, None)],
)
def test_how_a_program_ended_is_told_when_it_did_not_end_well(code: int | None, how: str | None) -> None:
    trace = program("process p |rrrr|\nthread main |rrrr|", exit_code=code)
    if how is None:
        assert said(trace).startswith("One thread")
        assert "program_failed" not in found(trace)
    else:
        assert said(trace) == f"The program {how}. Until then: One thread: 1.00 cores used"
        assert found(trace)["program_failed"].startswith(f"The program {how}.")


def test_a_program_that_was_cut_off_is_told_without_jobs() -> None:
    trace = program("process p |rrrr|\nthread main |rrrr|", "cancelled")
    assert said(trace) == "Cancelled after 4.00 ms. Until then: One thread: 1.00 cores used"
    assert found(trace)["run_cut_off"] == "The run was cancelled. Figures are of what was recorded."


def test_a_program_of_which_nothing_was_seen_says_so() -> None:
    nothing = "process p |rrrr|\nthread main |????|"
    assert said(program(nothing)) == "Complete, but no thread of the program was seen at work"
    assert said(program(nothing, exit_code=1)) == "The program ended with exit code 1; no thread of the program was seen at work"
    assert said(program(nothing, "interrupted")) == "Interrupted after 4.00 ms; no thread of the program was seen at work"
    assert said(replace(program(nothing), record=program(nothing).record.changed({"status": "starting"}))).startswith(
        "Starting: the program"
    )


def test_the_text_shows_the_tasks_of_a_program() -> None:
    assert "fetch-1" in timeline(synthetic_programs.program().trace, 100)


def test_each_worker_is_measured_against_the_gil_of_its_own_interpreter() -> None:
    trace = synthetic_programs.interpreters().trace
    assert said(trace).startswith("2 threads, a GIL each: 1.75 of 2 cores used")
    assert [trace.lanes[gil].name for gil in scope_of(trace).gils] == ["GIL of interpreter 1", "GIL of interpreter 2"]
    assert metrics(trace)["gil"]["held_ns"] == 400 * MS
    assert "every interpreter has a GIL of its own" in found(trace)["true_parallelism"]


def test_while_nobody_has_held_a_gil_all_of_a_process_may_be_meant() -> None:
    trace = program("process p |rrrr|\ngil G |....|\ngil H |....|\nthread main |rrrr|")
    assert scope_of(trace).gils == (2, 3)


def test_synthetic_programs_hold_what_they_promise() -> None:
    trace = synthetic_programs.program().trace
    assert {edge.kind for edge in trace.edges} == {"spawn", "message", "release"}
    main = named(trace, "MainThread").id
    spent = trace.segments.take(trace.segments.lane == main)
    assert int((spent.end - spent.start)[spent.state == State.lock_wait].sum()) == 60 * MS
