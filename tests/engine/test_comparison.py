"""Runs held against each other: who is told to be faster, by how much, and why; and when nothing of the kind is said."""

from __future__ import annotations

from typing import Any

import pytest

from engine.comparison import Entrant, Run, compared, names_of
from engine.trace import Record, RunSpec

MS = 1_000_000
INTERPRETER = {"version": "3.13.5", "free_threaded": False, "gil_enabled": True}
HOST = {"cores": 2, "platform": "Linux", "cpu_model": "synthetic", "virtualization": None}


def figures(elapsed: int, states: dict[str, int], *, cores: float = 1.0, around: int = 0) -> dict[str, Any]:
    """Of a run that took `elapsed` ms; `states` in ms."""
    wall = elapsed - around
    return {
        "elapsed_ns": elapsed * MS,
        "wall_ns": wall * MS,
        "cpu_ns": round(cores * wall * MS),
        "parallelism": cores,
        "states": {state: ms * MS for state, ms in states.items()},
        "gil": {"wait_ns": states.get("gil_wait", 0) * MS},
    }


SEQUENTIAL = figures(1000, {"running": 1000})
THREADS = figures(1010, {"running": 1000, "gil_wait": 3000})
PROCESSES = figures(550, {"running": 1000, "runnable": 1000}, cores=1.9, around=20)
ASYNCIO = figures(1005, {"running": 1000, "ready": 1500})


def entrant(model: str, *found: dict[str, Any] | str, name: str | None = None, **spec: Any) -> Entrant:
    """Each of `found` is the figures of a complete run, or the status of another one."""
    runs = []
    record = None
    for number, one in enumerate(found):
        status = one if isinstance(one, str) else "complete"
        if status == "deleted":
            runs.append(Run(f"{model}{number}"))
            continue
        wish = RunSpec(spec.get("workload", "cpu"), model, 4, 4, interpreter=spec.get("interpreter", INTERPRETER))
        error = {"message": "ValueError: no luck.\nmore"} if status == "failed" else None
        record = Record(f"{model}{number}", "", wish, status, error=error, host=spec.get("host", HOST))  # type: ignore[arg-type]
        runs.append(Run.of(record, None if isinstance(one, str) else one, None))
    return Entrant.of(name or model, model, tuple(runs), record)


def test_the_sentence_tells_who_is_faster_and_why_the_others_are_not() -> None:
    told = compared(
        [entrant(*one) for one in (("sequential", SEQUENTIAL), ("threads", THREADS), ("processes", PROCESSES), ("asyncio", ASYNCIO))]
    )
    assert told["sentence"] == (
        "processes: 1.8 times as fast as sequential (550 ms instead of 1.00 s), kept 1.9 of 2 cores busy, with no single GIL in the way; "
        "asyncio: no faster, this work never waits, so an event loop has nothing to overlap; "
        "threads: no faster, took turns on the GIL (75 % of worker time spent waiting for it)"
    )
    assert told["baseline"] == 0
    assert [row["speedup"] for row in told["rows"]] == pytest.approx([1, 1000 / 1010, 1000 / 550, 1000 / 1005])
    assert [row["against"] for row in told["rows"]] == ["alike", "alike", "faster", "alike"]
    assert told["rows"][1]["shares"] == {"running": 0.25, "gil_wait": 0.75}
    assert told["rows"][2]["around_ns"] == 20 * MS


def test_models_that_did_alike_for_one_reason_share_a_clause_with_the_range_of_their_figures() -> None:
    pool = figures(1090, {"running": 1000, "gil_wait": 2500})
    told = compared([entrant("sequential", SEQUENTIAL), entrant("threads", THREADS), entrant("thread_pool", pool)])
    assert told["sentence"] == (
        "Nothing is faster than sequential here (1.00 s); "
        "threads and thread_pool: no faster, took turns on the GIL (71–75 % of worker time spent waiting for it)"
    )


@pytest.mark.parametrize(
    ("model", "found", "said"),
    [
        (
            "processes",
            figures(2000, {"running": 1000}, cores=1.0, around=1500),
            "slower (0.50 times its speed), starting, feeding and joining workers took 75 %",
        ),
        (
            "asyncio",
            figures(2000, {"running": 1000, "ready": 1000}, around=1000),
            "starting, feeding and joining workers took 50 % of the time",
        ),
        ("threads", figures(1000, {"running": 1000, "lock_wait": 2000}), "no faster, waited for locks and queues (67 % of worker time)"),
        ("threads", figures(1900, {"running": 1900}), "slower (0.53 times its speed), needed 1.9 times the CPU time"),
        ("threads", figures(1000, {"running": 1000, "runnable": 1000}), "ready but without a core for 50 % of worker time"),
        ("threads", figures(1020, {"running": 1020}), "threads: no faster"),
        ("threads", figures(520, {"native": 900, "running": 100}, cores=1.9), "kept 1.9 of 2 cores busy: native code had released the GIL"),
    ],
)
def test_each_reason_is_told_in_its_own_words(model: str, found: dict[str, Any], said: str) -> None:
    assert said in compared([entrant("sequential", SEQUENTIAL), entrant(model, found)])["sentence"]


def test_waits_that_overlap_are_what_makes_waiting_work_faster() -> None:
    waiting = figures(1000, {"running": 10, "io_wait": 990}, cores=0.01)
    at_once = figures(260, {"running": 10, "suspended": 1000}, cores=0.04)
    told = compared([entrant("sequential", waiting), entrant("asyncio", at_once)])
    assert (
        told["sentence"] == "asyncio: 3.8 times as fast as sequential (260 ms instead of 1.00 s), waits overlapped (3.8 at once on average)"
    )


def test_without_a_gil_that_is_the_reason() -> None:
    free = {"version": "3.13.5", "free_threaded": True, "gil_enabled": False}
    at_once = figures(520, {"running": 1000}, cores=1.9)
    told = compared([entrant("sequential", SEQUENTIAL, interpreter=free), entrant("threads", at_once, interpreter=free)])
    assert told["sentence"].endswith("kept 1.9 of 2 cores busy: this interpreter has no GIL")
    assert told["rows"][1]["gil_wait_ns"] is None


def test_a_difference_within_ten_percent_of_single_runs_is_none() -> None:
    told = compared([entrant("sequential", SEQUENTIAL), entrant("threads", figures(920, {"running": 900}))])
    assert told["rows"][1]["against"] == "alike"
    assert told["verdict"]["answer"]["gain"] == "Nothing is faster than sequential here (1.00 s)"
    assert "differences under 10 % count as none" in told["verdict"]["notes"][0]


def test_repeated_runs_are_told_by_their_median_and_a_difference_within_their_spread_is_none() -> None:
    def times(*elapsed: int) -> list[dict[str, Any]]:
        return [figures(one, {"running": one}) for one in elapsed]

    base = entrant("sequential", *times(1000, 1010, 1030))
    clear = compared([base, entrant("threads", *times(930, 940, 950))])["rows"][1]
    mixed = compared([base, entrant("threads", *times(700, 940, 1005))])["rows"][1]
    assert (clear["elapsed_ns"], clear["spread_ns"], clear["against"]) == (940 * MS, [930 * MS, 950 * MS], "faster")
    assert clear["trace"] == "threads1", "the trace that the figures are of is the median run"
    assert mixed["against"] == "alike"
    assert clear["runs"] == {"total": 3, "complete": 3}


def test_of_two_runs_the_faster_one_counts_so_that_figures_are_those_of_a_run() -> None:
    (row,) = compared([entrant("threads", figures(900, {"running": 900}), figures(800, {"running": 800}))])["rows"]
    assert (row["elapsed_ns"], row["trace"]) == (800 * MS, "threads1")


def test_what_failed_or_was_cancelled_or_deleted_is_told_and_has_no_time() -> None:
    told = compared(
        [
            entrant("sequential", SEQUENTIAL),
            entrant("threads", "failed"),
            entrant("asyncio", "cancelled"),
            entrant("processes", "deleted"),
            entrant("thread_pool", THREADS, "failed"),
        ]
    )
    assert told["verdict"]["notes"] == [
        "threads failed: ValueError: no luck.",
        "asyncio was cancelled.",
        "The trace of processes was deleted.",
        "Of 2 runs of thread_pool, 1 came to the end.",
    ]
    assert [row["status"] for row in told["rows"]] == ["complete", "failed", "cancelled", "deleted", "complete"]
    assert [row["speedup"] is None for row in told["rows"]] == [False, True, True, True, False]


def test_a_cut_off_run_is_not_taken_for_a_fast_one() -> None:
    cut = entrant("threads", "cancelled")
    short = Entrant("threads", "threads", (Run("t", "cancelled", figures(10, {"running": 10})),), cut.task, cut.machine)
    told = compared([entrant("sequential", SEQUENTIAL), short])
    assert told["rows"][1]["elapsed_ns"] is None
    assert told["sentence"].startswith("sequential: 1.00 s; the others did not come to their end")


def test_while_runs_are_to_come_the_sentence_says_so() -> None:
    nothing = compared([entrant("sequential", "running"), entrant("threads", "queued")])
    assert nothing["sentence"] == "No run has come to its end yet"
    assert [row["status"] for row in nothing["rows"]] == ["running", "queued"]
    one = compared([entrant("sequential", SEQUENTIAL), entrant("threads", "running")])
    assert one["sentence"] == "So far: sequential: 1.00 s; the others are still to come"
    two = compared([entrant("sequential", SEQUENTIAL), entrant("processes", PROCESSES), entrant("threads", "queued")])
    assert two["sentence"].startswith("So far: processes: 1.8 times as fast")
    assert two["verdict"]["so_far"]


def test_nothing_is_made_of_runs_none_of_which_came_to_its_end() -> None:
    assert compared([entrant("sequential", "failed"), entrant("threads", "deleted")])["sentence"] == (
        "No run came to its end: there is nothing to compare"
    )


def test_without_a_sequential_run_the_fastest_is_held_against_the_slowest_and_the_lack_is_told() -> None:
    told = compared([entrant("threads", THREADS), entrant("processes", PROCESSES)])
    assert told["sentence"].startswith("processes: 1.8 times as fast as threads (550 ms instead of 1.01 s), kept 1.9 of 2 cores busy")
    assert told["baseline"] is None
    assert [row["speedup"] for row in told["rows"]] == [None, None]
    assert told["verdict"]["notes"][0].startswith("There is no sequential run here")
    alike = compared([entrant("threads", THREADS), entrant("asyncio", ASYNCIO)])
    assert alike["sentence"] == "No clear difference: all took 1.00–1.01 s"


def test_a_sequential_run_that_failed_leaves_no_speedups_and_that_is_told() -> None:
    told = compared([entrant("sequential", "failed"), entrant("threads", THREADS), entrant("processes", PROCESSES)])
    assert [row["speedup"] for row in told["rows"]] == [None, None, None]
    assert "Without a time of sequential there are no speedups." in told["verdict"]["notes"]


def test_when_others_had_the_cores_so_that_somebody_else_could_have_won_no_winner_is_named() -> None:
    crowded = figures(3000, {"running": 1000, "runnable": 2000}, cores=0.33)
    told = compared([entrant("sequential", crowded), entrant("threads", THREADS)])
    assert told["sentence"].startswith(
        "Other programs had the cores meanwhile, so these times do not tell which is best; threads: 3.0 times"
    )
    assert told["verdict"]["disturbed"]
    assert told["verdict"]["notes"][0].startswith(
        "In sequential, workers were ready for 67 % of their time while other programs had the cores"
    )
    assert told["rows"][0]["disturbance"] == pytest.approx(0.667, abs=0.001)


def test_a_disturbance_that_changes_no_conclusion_is_a_note_only() -> None:
    crowded = figures(1250, {"running": 1000, "runnable": 250}, cores=0.8)
    told = compared([entrant("sequential", crowded), entrant("processes", PROCESSES)])
    assert told["sentence"].startswith("processes: 2.3 times as fast as sequential")
    assert not told["verdict"]["disturbed"]
    assert told["verdict"]["notes"][0].startswith("In sequential, workers were ready for 20 % of their time")


def test_workers_that_crowd_each_other_out_are_not_disturbed_by_others() -> None:
    told = compared([entrant("sequential", SEQUENTIAL), entrant("processes", PROCESSES)])
    assert told["rows"][1]["disturbance"] < 0.05
    assert told["sentence"].startswith("processes: 1.8 times")


def test_runs_of_different_work_are_not_ranked() -> None:
    told = compared([entrant("sequential", SEQUENTIAL), entrant("threads", THREADS, workload="http")])
    assert told["sentence"] == "These runs did different work, so their times do not tell which way is better"
    assert [(row["speedup"], row["leads"]) for row in told["rows"]] == [(None, False), (None, False)]


def test_recorded_programs_are_compared_by_their_wall_time() -> None:
    def program(name: str, wall: int) -> Entrant:
        record = Record(name, "", RunSpec("job.py", "program", 1, 0, program=("job.py",)), "complete", host=HOST)
        found = {**figures(wall, {"running": wall}), "elapsed_ns": None}
        return Entrant.of(name, "program", (Run.of(record, found, None),), record)

    told = compared([program("before", 1000), program("after", 500)])
    assert told["sentence"] == "after: 2.0 times as fast as before (500 ms instead of 1.00 s)"
    assert not any("sequential" in note for note in told["verdict"]["notes"])


def test_runs_of_different_machines_are_ranked_with_a_warning() -> None:
    told = compared([entrant("sequential", SEQUENTIAL), entrant("processes", PROCESSES, host={**HOST, "cores": 64})])
    assert any("were recorded on the same machine" in note for note in told["verdict"]["notes"])


@pytest.mark.parametrize(
    ("specs", "labels", "names"),
    [
        ([("cpu", "threads", 4), ("cpu", "sequential", 4)], ["", ""], ["threads", "sequential"]),
        ([("cpu", "threads", 4), ("http", "threads", 4)], ["", ""], ["cpu", "http"]),
        ([("cpu", "threads", 4), ("cpu", "threads", 4)], ["before", "after"], ["before", "after"]),
        ([("cpu", "threads", 4), ("cpu", "threads", 4)], ["", ""], ["threads (1)", "threads (2)"]),
        ([("cpu", "threads", 2), ("cpu", "threads", 8)], ["", ""], ["threads ×2", "threads ×8"]),
    ],
)
def test_chosen_runs_are_called_by_what_they_differ_in(specs: list[tuple[str, str, int]], labels: list[str], names: list[str]) -> None:
    assert names_of([RunSpec(workload, model, workers, 4, interpreter=INTERPRETER) for workload, model, workers in specs], labels) == names


def test_interpreters_are_told_apart_by_version_and_gil() -> None:
    builds = [
        INTERPRETER,
        {"version": "3.13.5", "free_threaded": True, "gil_enabled": False},
        {"version": "3.13.5", "free_threaded": True, "gil_enabled": True},
    ]
    specs = [RunSpec("cpu", "threads", 4, 4, interpreter=one) for one in builds]
    assert names_of(specs, [""] * 3) == ["3.13", "3.13t", "3.13t with GIL"]
