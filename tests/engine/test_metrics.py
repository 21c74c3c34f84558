"""The figures, held against drawings that can be counted by eye."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.metrics import metrics, with_baseline
from engine.trace import Edge, Frame, Job, Lane, Segments, State, Trace
from tests.support import synthetic
from tests.support.drawing import drawn
from tests.support.scene import MS

TURNS = """
    process  python  |srrrrrrrrrrrr|
    gil      GIL     |maaaabbbb.aaa|  @ m=main a=one b=two
    thread   main    |rlllllllllllr|  unmeasured
    thread   one     |srrrrggggqrr |
    thread   two     |sggggrrrr    |
    cpu      0       |maaaabbbb.aaa|  @ m=main a=one b=two
"""


def test_threads_that_take_turns_use_one_core_and_never_more() -> None:
    figures = metrics(drawn(TURNS))
    assert (figures["t0_ns"], figures["t1_ns"], figures["wall_ns"]) == (1 * MS, 12 * MS, 11 * MS)
    assert figures["cpu_ns"] == 10 * MS
    assert figures["parallelism"] == pytest.approx(10 / 11)
    assert figures["max_parallelism"] == 1
    assert figures["states"] == {"running": 10 * MS, "gil_wait": 8 * MS, "runnable": 1 * MS}


def test_gil_figures_are_of_the_window_and_count_changes_of_holder() -> None:
    gil = metrics(drawn(TURNS))["gil"]
    assert gil["held_ns"] == 10 * MS
    assert gil["free_ns"] == 1 * MS
    assert gil["wait_ns"] == 8 * MS
    assert gil["seen_handoffs"] == 3, "main → one → two → one; the free moment in between is no hand-off"


@pytest.mark.parametrize(
    ("gil", "seen"),
    [
        ("aaa.aaa", 0),
        ("aaabaaa", 2),
        ("aaa.bbb", 1),
        ("aaa?bbb", 0),
        ("aaazbbb", 0),
        ("a/a/a/b", 1),
        (".......", 0),
        ("???????", None),
    ],
)
def test_hand_offs_are_counted_only_where_both_holders_were_seen(gil: str, seen: int | None) -> None:
    drawing = f"process p |rrrrrrr|\ngil GIL |{gil}| @ a=one b=two\nthread one |rrrrrrr|\nthread two |ggggggg|"
    assert metrics(drawn(drawing))["gil"]["seen_handoffs"] == seen


def test_what_no_source_told_is_unknown_and_not_nothing() -> None:
    figures = metrics(drawn("process p |rrrr|\nthread one |rrrr|"))
    assert figures["elapsed_ns"] is None
    assert figures["switches"] == {"voluntary": None, "involuntary": None}
    assert set(figures["gil"].values()) == {None}
    assert figures["recorder"]["marks"] is None
    assert (figures["speedup"], figures["baseline"]) == (None, None)
    assert figures["cpu_ns"] == 4 * MS


def test_lanes_of_which_nothing_is_known_use_an_unknown_number_of_cores() -> None:
    trace = drawn("process p |rrrr|\nthread one |????|")
    figures = metrics(replace(trace, jobs=(Job(3, 0, 0, 4 * MS, True),)))
    assert (figures["cpu_ns"], figures["parallelism"], figures["max_parallelism"]) == (None, None, None)
    assert figures["states"] == {"unknown": 4 * MS}


def test_a_trace_without_jobs_has_no_window() -> None:
    figures = metrics(drawn("process p |rrrr|\nthread main |ssss| unmeasured"))
    assert [figures[name] for name in ("t0_ns", "t1_ns", "wall_ns", "cpu_ns", "parallelism", "max_parallelism")] == [None] * 6
    assert figures["states"] == {}
    assert metrics(Trace(synthetic.record("cpu", "threads", 4)))["wall_ns"] is None


def test_only_lanes_that_carry_jobs_count() -> None:
    with_others = drawn("process p |rrrrr|\nthread main |rrrrr| unmeasured\nthread one |srrr |")
    assert metrics(with_others)["cpu_ns"] == 3 * MS


def test_tasks_sum_their_states_while_their_thread_uses_the_core() -> None:
    figures = metrics(
        drawn("""
            process  p     |rrrrrrrr|
            thread   loop  |rrrrr..r|  unmeasured
            task     a     |srryzzzr|  parent=loop
            task     b     |syyrrz  |  parent=loop
        """)
    )
    assert figures["states"] == {"running": 5 * MS, "ready": 3 * MS, "suspended": 4 * MS}
    assert figures["wall_ns"] == 7 * MS
    assert figures["cpu_ns"] == 5 * MS, "the loop's thread from the first job's start on, and no task counted again"
    assert figures["max_parallelism"] == 1


def test_processes_have_a_gil_each_and_the_parents_is_nobodys_figure() -> None:
    figures = metrics(
        drawn("""
            process  parent  |rrrrrr|
            gil      GIL     |mmm...|  @ m=main
            thread   main    |rrrlll|  unmeasured
            process  one     |srrrrr|  parent=parent
            gil      GIL-1   |aaaaaa|  @ a=first
            thread   first   |srrrrr|
            process  two     |srrrrr|  parent=parent
            gil      GIL-2   |bbbbbb|  @ b=second
            thread   second  |srrrrr|
        """)
    )
    assert figures["parallelism"] == 2
    assert figures["max_parallelism"] == 2
    assert figures["gil"]["held_ns"] == 10 * MS
    assert figures["gil"]["free_ns"] == 0


@pytest.mark.parametrize(
    ("one", "two", "most"),
    [
        ("rrrr....", "....rrrr", 1),
        ("rrrr....", "...rrrrr", 2),
        ("rnrn....", "..rr....", 2),
        ("r.r.r.r.", "r.r.r.r.", 2),
        ("llllllll", "qqqqqqqq", 0),
    ],
)
def test_lanes_are_at_once_on_cores_when_they_are_so_for_a_millisecond(one: str, two: str, most: int) -> None:
    drawing = f"process p |rrrrrrrr|\nthread one |{one}|\nthread two |{two}|"
    assert metrics(drawn(drawing))["max_parallelism"] == most


def test_an_overlap_of_microseconds_is_a_hand_off_and_no_parallelism() -> None:
    drawing = "process p |rrrrrrrr|\nthread one |rrrrr...|\nthread two |....rrrr|"
    assert metrics(drawn(drawing, column_ns=900_000))["max_parallelism"] == 1
    assert metrics(drawn(drawing, column_ns=1_000_000))["max_parallelism"] == 2


def test_a_spell_at_once_goes_on_while_lanes_relieve_each_other() -> None:
    """Never two for a millisecond of the same two lanes, but two without a break."""
    drawing = "process p |rrrr|\nthread one |rrr/rrr|\nthread two |rr..rr|\nthread three |..rr..|"
    assert metrics(drawn(drawing, column_ns=400_000))["max_parallelism"] == 2


def test_a_window_has_its_own_figures_and_counters_are_not_among_them() -> None:
    trace = drawn(TURNS, gil_handoffs=4, elapsed_ns=13 * MS, switches_voluntary=7, marks=9, gil_overlap_ns=0)
    whole, part = metrics(trace), metrics(trace, 3 * MS, 7 * MS)
    assert whole["gil"]["handoffs"] == 4
    assert whole["elapsed_ns"] == 13 * MS
    assert whole["gil"]["overlap_ns"] == 0
    assert part["states"] == {"running": 4 * MS, "gil_wait": 4 * MS}
    assert part["gil"]["held_ns"] == 4 * MS
    assert part["gil"]["seen_handoffs"] == 1
    assert [part["gil"]["handoffs"], part["elapsed_ns"], part["switches"]["voluntary"], part["gil"]["overlap_ns"]] == [None] * 4
    assert part["jobs"]["completed"] == 0
    assert metrics(trace, 0, 9 * MS)["jobs"]["completed"] == 1


def test_jobs_are_counted_by_how_they_ended() -> None:
    trace = drawn("process p |rrrX|\nthread one |rrr |\nthread two |rrrX|\nthread three |sss |")
    assert metrics(trace)["jobs"] == {"total": 3, "completed": 1, "failed": 1}
    assert metrics(replace(trace, counters={"jobs_total": 10}))["jobs"]["total"] == 10


def test_figures_of_a_live_trace_reach_to_its_edge() -> None:
    recording = synthetic.threads_taking_turns()
    live = metrics(recording.live(4))
    assert (live["t0_ns"], live["t1_ns"]) == (32 * MS, 1000 * MS)
    assert live["parallelism"] == pytest.approx(0.998, abs=0.001)
    assert live["jobs"]["completed"] == 0
    assert metrics(recording.live(1))["t0_ns"] == live["t0_ns"]


def test_a_run_that_died_is_measured_up_to_its_death() -> None:
    figures = metrics(synthetic.failed().trace)
    assert figures["wall_ns"] == 600 * MS
    assert figures["jobs"] == {"total": 3, "completed": 0, "failed": 0}


def test_every_figure_is_plain_json() -> None:
    def plain(value: Any) -> bool:
        return all(map(plain, value.values())) if type(value) is dict else type(value) in (int, float, str, type(None))

    for recording in (synthetic.threads_taking_turns(), synthetic.tasks_on_a_loop(), synthetic.failed(), synthetic.large(1000)):
        assert plain(metrics(recording.trace))
        assert plain(metrics(recording.trace, 0, 100 * MS))


def test_speedup_is_the_baselines_elapsed_time_over_ours() -> None:
    figures = metrics(synthetic.threads_taking_turns().trace)
    faster = with_baseline(figures, "aaaabbbbcccc", 4_004_000_000)
    assert (faster["speedup"], faster["baseline"]) == (pytest.approx(2.0), "aaaabbbbcccc")
    for identity, elapsed in ((None, 1), ("aaaabbbbcccc", None), ("aaaabbbbcccc", 0)):
        assert with_baseline(faster, identity, elapsed)["speedup"] is None
    assert with_baseline({**figures, "elapsed_ns": None}, "aaaabbbbcccc", 5)["baseline"] is None


@pytest.mark.parametrize("seed", range(25))
def test_random_schedules_agree_with_counting_every_nanosecond(seed: int) -> None:
    trace, grid = random_trace(seed)
    random = np.random.default_rng(seed + 1000)
    t0 = int(random.integers(0, 300))
    t1 = int(random.integers(t0 + 1, 500))
    figures = metrics(trace, t0, t1)
    window = grid[:, t0:t1]
    for state in State:
        assert figures["states"].get(state.name, 0) == int((window == state).sum())
    on_core = ((window == State.running) | (window == State.native)).sum(axis=0)
    if figures["cpu_ns"] is not None:
        assert figures["cpu_ns"] == on_core.sum()
        assert figures["parallelism"] == pytest.approx(on_core.mean())
        # Windows of less than a millisecond: the spell that is asked for is the whole window.
        assert figures["max_parallelism"] == on_core.min()


def random_trace(seed: int, lanes: int = 5, length: int = 500) -> tuple[Trace, np.ndarray[Any, np.dtype[np.int64]]]:
    """Measured threads in random states, and the same as a grid of (lane, ns): -1 where a lane is not there."""
    random = np.random.default_rng(seed)
    grid = np.full((lanes, length), -1)
    rows = []
    for lane in range(lanes):
        at = int(random.integers(0, 50))
        while at < length:
            end = min(at + int(random.integers(1, 60)), length)
            state = int(random.choice([-1, State.running, State.native, State.gil_wait, State.io_wait, State.unknown]))
            grid[lane, at:end] = state
            if state >= 0:
                rows.append([lane, at, end, state, -1, -1])
            at = end
    told = tuple(Lane(lane, None, "thread", f"t{lane}", 1, lane, 0, None, "exact", True) for lane in range(lanes))
    closed = Segments.from_rows([row for row in rows if row[2] < length])
    growing = Segments.from_rows([row for row in rows if row[2] == length])
    return Trace(synthetic.record("cpu", "threads", lanes)).grown([Frame(length, told, closed, growing)]), grid


def test_the_wait_in_a_pools_queue_is_told_by_its_submits_and_of_those_that_begin_in_the_window() -> None:
    trace = drawn(f"process p |{'r' * 20}|\nthread one |{'r' * 20}|", column_ns=100)
    edges = [Edge("submit", 1, start, 2, start + wait) for start, wait in ((0, 50), (100, 20), (200, 400), (300, 30))]
    asked = replace(trace, edges=(*edges, Edge("spawn", 1, 0, 2, 1000)))
    assert metrics(asked)["queue_wait_ns"] == {"count": 4, "median": 40, "max": 400}
    assert metrics(asked, 100, 340)["queue_wait_ns"] == {"count": 2, "median": 25, "max": 30}
    assert metrics(asked, 700, 900)["queue_wait_ns"] is None
    assert metrics(trace)["queue_wait_ns"] is None
