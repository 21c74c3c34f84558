"""Views: honest at every zoom, held against a recomputation of every nanosecond."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest

from engine.trace import Segments, State, Trace
from engine.views import LAST_NS, MAX_COLUMNS, Grid, ViewError, ViewIndex, view
from tests.engine.test_metrics import random_trace
from tests.support import synthetic, synthetic_programs
from tests.support.drawing import drawn
from tests.support.scene import MS


def columns(answer: dict[str, Any], lane: int) -> dict[str, list[int]]:
    """The lane's bytes per state."""
    return {state: list(base64.b64decode(text)) for state, text in answer["coverage"][str(lane)].items()}


def test_a_column_tells_each_states_share_and_no_state_stands_for_it() -> None:
    """Two threads in turns: both half full in every column, neither ever solid."""
    trace = drawn(f"process p |{'r' * 64}|\nthread one |{'rg' * 32}|\nthread two |{'gr' * 32}|", column_ns=64)
    answer = view(trace, 0, 4096, 8)
    assert (answer["columns"], answer["ns_per_column"]) == (8, 512)
    for lane in (2, 3):
        assert columns(answer, lane) == {"running": [128] * 8, "gil_wait": [127] * 8}


@pytest.mark.parametrize("seed", range(30))
def test_any_view_of_a_random_trace_agrees_with_counting_every_nanosecond(seed: int) -> None:
    trace, grid = random_trace(seed)
    random = np.random.default_rng(seed + 2000)
    index = ViewIndex(trace)
    for _ in range(20):
        t0 = int(random.integers(0, 480))
        t1 = int(random.integers(t0 + 1, 700))
        budget = int(random.integers(0, 30))
        answer = index.view(t0, t1, int(random.integers(1, 200)), budget=budget)
        step, first = answer["ns_per_column"], answer["t0_ns"]
        assert step & (step - 1) == 0
        assert first % step == 0
        assert first <= t0 < first + step
        assert answer["t1_ns"] - step < t1 <= answer["t1_ns"] == first + answer["columns"] * step
        padded = np.full((grid.shape[0], answer["t1_ns"]), -1)
        padded[:, : grid.shape[1]] = grid[:, : answer["t1_ns"]]
        counted = padded[:, first:].reshape(len(grid), answer["columns"], step)
        for lane in range(len(grid)):
            shares = columns(answer, lane)
            whole = np.zeros(answer["columns"], int)
            for state in State:
                exact = (counted[lane] == state).sum(axis=1) * 255 / step
                got = np.array(shares.get(state.name, [0] * answer["columns"]))
                assert np.abs(got - exact).max() <= 1
                whole += got
            there = (counted[lane] >= 0).sum(axis=1) * 255 / step
            assert np.abs(whole - there).max() <= 0.5, "the shares add up to the part of the column in which the lane was there"
        assert exact_segments(answer) == widest_by_hand(trace, answer, budget)
        seen = trace.everything.clipped(answer["t0_ns"], answer["t1_ns"])
        assert answer["segments_in_window"] == len(seen)
        assert len(answer["open"]) == int(((trace.open.end > first) & (trace.open.start < answer["t1_ns"])).sum())


def exact_segments(answer: dict[str, Any]) -> list[int]:
    """How much of each shown segment lies in the window: sorted, since which of two equally wide ones is shown is nobody's concern."""
    assert answer["segments_shown"] == len(answer["segments"])
    order = [(segment["lane"], segment["start_ns"]) for segment in answer["segments"]]
    assert order == sorted(order)
    return sorted(min(one["end_ns"], answer["t1_ns"]) - max(one["start_ns"], answer["t0_ns"]) for one in answer["segments"])


def widest_by_hand(trace: Trace, answer: dict[str, Any], budget: int) -> list[int]:
    every = trace.segments
    part = every.take(every.end - every.start >= 2 * answer["ns_per_column"]).clipped(answer["t0_ns"], answer["t1_ns"])
    widths = sorted((part.end - part.start).tolist())
    return widths[-budget:] if budget else []


def test_a_gil_row_and_a_core_tell_who_held_them_in_each_column() -> None:
    trace = drawn("""
        process  p    |rrrrrrrr|
        gil      GIL  |aabbab..|  @ a=one b=two
        thread   one  |rrggrggg|
        thread   two  |ggrrgrgg|
    """)
    answer = view(trace, 0, 8 * MS, 8)
    held = {ref: list(base64.b64decode(text)) for ref, text in answer["holders"]["2"].items()}
    both = np.array(held["3"]) + np.array(held["4"])
    assert np.array_equal(both, columns(answer, 2)["held"])
    assert 0 < sum(held["4"]) < sum(held["3"]) + sum(held["4"])
    assert set(answer["holders"]) == {"2"}


def test_totals_are_of_exactly_the_asked_for_window() -> None:
    trace = drawn("process p |rrrr|\nthread one |rrgg|")
    answer = view(trace, MS, 4 * MS - 1, 1)
    assert answer["totals"] == {"1": {"running": 3 * MS - 1}, "2": {"running": MS, "gil_wait": 2 * MS - 1}}
    assert answer["t1_ns"] > 4 * MS


def test_columns_stay_where_they_are_while_one_pans() -> None:
    index = ViewIndex(synthetic.threads_taking_turns().trace)
    here, there = index.view(100 * MS, 300 * MS, 500), index.view(137 * MS, 337 * MS, 500)
    assert here["ns_per_column"] == there["ns_per_column"]
    shift = (there["t0_ns"] - here["t0_ns"]) // here["ns_per_column"]
    one, other = columns(here, 4)["running"], columns(there, 4)["running"]
    assert one[shift:] == other[: len(one) - shift]


def test_segments_too_narrow_to_see_are_in_the_shares_but_not_told_one_by_one() -> None:
    trace = synthetic.threads_taking_turns().trace
    far, near = view(trace, None, None, 100), view(trace, 100 * MS, 120 * MS, 1000)
    # A turn, and the waits between turns, are narrower than two columns; the join of the main thread is not.
    assert {segment["state"] for segment in far["segments"] if segment["lane"] in (4, 5, 6, 7)} == set()
    assert {segment["state"] for segment in near["segments"] if segment["lane"] == 4} == {"running", "gil_wait"}
    assert far["segments_in_window"] == len(trace.segments)


def test_the_budget_goes_to_the_widest() -> None:
    trace = drawn("process p |rrrrrrrrrr|\nthread one |rggwwwllll|")
    answer = view(trace, 0, 10 * MS, 4000, budget=3)
    assert [(segment["state"], segment["end_ns"] - segment["start_ns"]) for segment in answer["segments"]] == [
        ("running", 10 * MS),
        ("io_wait", 3 * MS),
        ("lock_wait", 4 * MS),
    ]


def test_a_wait_for_the_gil_tells_who_held_it() -> None:
    trace = drawn("""
        process  p      |rrrrrrrrrrr|
        gil      GIL    |aabbbb.bbcc|  @ a=one b=two c=three
        thread   one    |rrggggggggg|
        thread   two    |ggrrrrqrrgg|
        thread   three  |gggggggggrr|
    """)
    waits = {(s["lane"], s["start_ns"]): s["holders"] for s in view(trace, 0, 11 * MS, 2000)["segments"] if s["state"] == "gil_wait"}
    assert waits == {
        (3, 2 * MS): [[4, 6 * MS], [5, 2 * MS]],
        (4, 0): [[3, 2 * MS]],
        (4, 9 * MS): [[5, 2 * MS]],
        (5, 0): [[4, 6 * MS], [3, 2 * MS]],
    }


def test_only_waits_for_the_gil_have_holders_and_without_a_watch_they_are_none() -> None:
    answer = view(drawn("process p |rrrr|\nthread one |rrgg|"), 0, 4 * MS, 1000)
    assert [segment.get("holders") for segment in answer["segments"]] == [None, None, []]


def test_a_waits_holders_are_of_its_own_process() -> None:
    trace = drawn("""
        process  one  |rrrr|
        gil      G1   |aaaa|  @ a=a
        thread   a    |rrrr|
        thread   b    |gggg|
        process  two  |rrrr|
        gil      G2   |cccc|  @ c=c
        thread   c    |rrrr|
    """)
    waits = [segment for segment in view(trace, 0, 4 * MS, 1000)["segments"] if segment["state"] == "gil_wait"]
    assert [wait["holders"] for wait in waits] == [[[3, 4 * MS]]]


def test_open_segments_are_told_apart_and_reach_to_the_edge() -> None:
    trace = drawn("process p |rrrrrr|\ngil GIL |aaaaaa| @ a=one\nthread one |rrrrrr|\nthread two |rrgggg|", live=True)
    answer = view(trace, 0, 6 * MS, 1000)
    assert answer["grown_to_ns"] == 6 * MS
    assert {(segment["lane"], segment["state"], segment["end_ns"]) for segment in answer["open"]} == {
        (1, "running", 6 * MS),
        (2, "held", 6 * MS),
        (3, "running", 6 * MS),
        (4, "gil_wait", 6 * MS),
    }
    assert [segment["holders"] for segment in answer["open"] if segment["state"] == "gil_wait"] == [[[3, 4 * MS]]]
    assert [segment["state"] for segment in answer["segments"]] == ["running"]
    assert set(columns(answer, 4)) == {"running", "gil_wait"}


def test_only_the_lanes_asked_for_are_answered_and_unknown_ones_left_out() -> None:
    trace = synthetic.threads_taking_turns().trace
    answer = view(trace, None, None, 100, lanes=[5, 999, 4, 5])
    assert answer["lanes"] == [5, 4]
    assert set(answer["coverage"]) == {"4", "5"}
    assert {segment["lane"] for segment in answer["segments"]} <= {4, 5}


def test_a_trace_that_has_not_begun_has_an_empty_view() -> None:
    answer = view(Trace(synthetic.record("cpu", "threads", 2)), None, None, 100)
    assert (answer["lanes"], answer["segments"], answer["open"], answer["grown_to_ns"]) == ([], [], [], 0)


@pytest.mark.parametrize(
    ("t0", "t1", "px"), [(5, 5, 10), (6, 5, 10), (-1, 5, 10), (0, LAST_NS + 1, 10), (0, 5, 0), (0, 5, MAX_COLUMNS + 1)]
)
def test_a_window_that_cannot_be_shown_is_refused_with_the_bounds(t0: int, t1: int, px: int) -> None:
    with pytest.raises(ViewError, match=r"t0 < t1|pixels"):
        view(synthetic.failed().trace, t0, t1, px)


def test_the_widest_window_of_all_is_answered() -> None:
    answer = view(synthetic.failed().trace, 0, LAST_NS, 1000)
    assert columns(answer, 1)["running"][0] <= 1
    assert Grid.covering(LAST_NS - 1, LAST_NS, 1).ns_per_column == 1


def test_a_forged_trace_with_states_at_once_gives_bytes_all_the_same() -> None:
    overlapping = Segments.from_rows([[1, 0, 100, 2, -1, -1], [1, 10, 90, 2, -1, -1], [1, 20, 200, 4, -1, 1], [1, 5, 6, 3, -1, 1]])
    recording = synthetic.failed()
    trace = Trace(recording.record, 200, recording.trace.lanes, overlapping.sorted())
    answer = view(trace, 0, 200, 50)
    assert all(len(bytes_) == answer["columns"] for bytes_ in columns(answer, 1).values())


def test_where_a_process_has_several_gils_a_waits_holders_are_those_of_the_one_that_was_waited_for() -> None:
    trace = synthetic_programs.interpreters().trace
    names = {lane.name: lane.id for lane in trace.lanes.values()}
    waits = [segment for segment in view(trace, None, None, 2000)["segments"] if segment["state"] == "gil_wait"]
    assert {wait["lane"] for wait in waits} == {names["worker-1"], names["helper"]}
    for wait in waits:
        other = names["helper"] if wait["lane"] == names["worker-1"] else names["worker-1"]
        assert wait["holders"] == [[other, 5 * MS]]


def test_with_several_gils_and_no_holder_on_record_nobody_is_named() -> None:
    drawing = "process p |rr|\ngil G |aa| @ a=a\ngil H |bb| @ b=b\nthread a |rr|\nthread b |rr|\nthread c |gg|"
    assert view(drawn(drawing), 0, 2 * MS, 100)["segments"][-1]["holders"] == []
