"""What a selection adds up to, held against drawings that can be counted by eye, and against the figures of the same window."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.metrics import metrics
from engine.selection import Selection, Wait, selection
from engine.selection_csv import selection_csv
from engine.trace import State, Trace
from engine.views import ViewIndex
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
LOOP = """
    process  p     |rrrrrrrrr|
    thread   loop  |rrrrrrrr.|  unmeasured
    task     a     |srryzzzyr|  parent=loop
    task     b     |syyrrzzr |  parent=loop
"""


def of(trace: Trace, t0: int, t1: int, *names: str) -> Selection:
    """Of lanes by their names, of all when none is named; times in columns of the drawing."""
    ids = {lane.name: lane.id for lane in trace.lanes.values()}
    return selection(trace, t0 * MS, t1 * MS, [ids[name] for name in names] if names else None)


def states(told: Selection) -> dict[int, dict[str, int]]:
    return {one.lane: {state: ns // MS for state, ns in one.states.items()} for one in told.lanes}


def test_each_lane_is_told_with_its_states_segments_and_longest_wait() -> None:
    told = of(drawn(TURNS), 3, 10, "one", "two")
    assert states(told) == {4: {"running": 2, "gil_wait": 4, "runnable": 1}, 5: {"running": 4, "gil_wait": 2}}
    assert [one.segments for one in told.lanes] == [3, 2]
    assert told.segments == 5
    assert [one.longest_wait for one in told.lanes] == [
        Wait(4, 5 * MS, 9 * MS, State.gil_wait, 4 * MS),
        Wait(5, 1 * MS, 5 * MS, State.gil_wait, 2 * MS),
    ]
    assert told.longest_wait == told.lanes[0].longest_wait


def test_of_all_lanes_the_figures_are_those_of_the_window() -> None:
    for trace in (drawn(TURNS), drawn(LOOP), synthetic.tasks_on_a_loop().trace, synthetic.waits_overlapping().live(3)):
        for t0, t1 in ((0, trace.t_ns), (2 * MS, 7 * MS), (MS + 1, 5 * MS - 1)):
            told, figures = selection(trace, t0, t1), metrics(trace, t0, t1)
            assert told.states == figures["states"]
            assert told.parallelism == pytest.approx(figures["parallelism"])
            assert told.max_parallelism == figures["max_parallelism"]
            assert told.handoffs == figures["gil"]["seen_handoffs"]


def test_per_lane_it_says_what_the_picture_of_the_window_says() -> None:
    trace = synthetic.processes_at_once().trace
    index = ViewIndex(trace)
    for t0, t1 in ((0, trace.t_ns), (123_456_789, 987_654_321)):
        told = selection(trace, t0, t1)
        assert {one.lane: one.states for one in told.lanes} == {
            lane: totals for lane in sorted(trace.lanes) if (totals := index.lane(lane).totals(t0, t1))
        }
        assert {one.lane: one.segments for one in told.lanes} == {
            lane: count for lane in sorted(trace.lanes) if (count := index.lane(lane).count(t0, t1))
        }


def test_of_some_lanes_the_figures_are_theirs_alone() -> None:
    trace = drawn(TURNS)
    assert of(trace, 1, 9, "one", "two").parallelism == 1
    assert of(trace, 1, 9, "one").parallelism == pytest.approx(4 / 8)
    assert of(trace, 1, 9, "one").states == {"running": 4 * MS, "gil_wait": 4 * MS}
    assert of(trace, 0, 13, "main").states == {"running": 2 * MS, "lock_wait": 11 * MS}, (
        "none of these carries work: then all of them count"
    )


def test_hand_offs_to_lanes_that_are_not_selected_do_not_count() -> None:
    trace = drawn(TURNS)
    assert of(trace, 0, 13).handoffs == 3
    assert of(trace, 0, 13, "one").handoffs == 2
    assert of(trace, 0, 13, "two").handoffs == 1
    assert of(trace, 0, 13, "GIL").handoffs == 3, "the lane of the GIL itself tells all of its own"
    assert of(trace, 0, 13, "0").handoffs is None, "a core knows of no GIL"


def test_a_task_whose_thread_is_selected_too_is_on_a_core_once() -> None:
    trace = drawn(LOOP)
    assert of(trace, 1, 8, "loop", "a", "b").parallelism == 1
    assert of(trace, 1, 8, "a").parallelism == pytest.approx(2 / 7)
    assert of(trace, 1, 5, "a", "b").parallelism == pytest.approx(4 / 4)


def test_a_lane_that_has_nothing_in_the_window_is_told_only_when_it_was_asked_for() -> None:
    trace = drawn(TURNS)
    assert [one.lane for one in of(trace, 12, 13).lanes] == [1, 2, 3, 6]
    two = of(trace, 12, 13, "two")
    assert [(one.lane, one.states, one.segments, one.longest_wait) for one in two.lanes] == [(5, {}, 0, None)]
    assert (two.parallelism, two.max_parallelism, two.longest_wait) == (None, None, None)


def test_segments_that_grow_still_count_as_far_as_they_are_told() -> None:
    told = selection(drawn(TURNS, live=True), 6 * MS, 13 * MS)
    assert states(told)[3] == {"running": 1, "lock_wait": 6}


def test_lanes_that_are_not_there_are_left_out() -> None:
    trace = drawn(TURNS)
    assert [one.lane for one in selection(trace, 0, MS, [99, 4]).lanes] == [4]
    assert selection(trace, 0, MS, [99]).lanes == ()


def test_of_equally_long_waits_the_first_is_told() -> None:
    told = of(drawn("process p |rrrrrr|\nthread one |rllrll|"), 0, 6)
    assert told.longest_wait == Wait(2, 1 * MS, 3 * MS, State.lock_wait, 2 * MS)


def test_as_csv_it_has_a_line_for_all_together_and_one_for_each_lane() -> None:
    trace = drawn(TURNS)
    lines = selection_csv(of(trace, 3, 10, "one", "two"), trace).split("\r\n")
    assert lines == [
        (
            "lane,kind,name,from_ns,to_ns,segments,parallelism,max_parallelism,handoffs,"
            "longest_wait_ns,longest_wait_state,longest_wait_start_ns,running_ns,gil_wait_ns,runnable_ns"
        ),
        ",,together,3000000,10000000,5,0.8571428571428571,1,1,4000000,gil_wait,5000000,6000000,6000000,1000000",
        "4,thread,one,3000000,10000000,3,,,,4000000,gil_wait,5000000,2000000,4000000,1000000",
        "5,thread,two,3000000,10000000,2,,,,2000000,gil_wait,1000000,4000000,2000000,0",
        "",
    ]


def test_a_name_that_a_spreadsheet_would_run_is_text_in_csv() -> None:
    trace = drawn("process p |rr|\nthread one |rr|")
    named = replace(trace, lanes={**trace.lanes, 2: replace(trace.lanes[2], name='=HYPERLINK("x"),1')})
    assert """2,thread,"'=HYPERLINK(""x""),1",0""" in selection_csv(selection(named, 0, MS), named)
