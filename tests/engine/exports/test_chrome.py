"""Trace events, read back by what the format's description says of them, not by our own code."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from engine.exports import ExportError, Extent, chrome
from engine.exports.levels import EXACT
from engine.trace import Lane, State, Trace
from tests.support import synthetic
from tests.support.scene import MS, Recording, Scene

Event = dict[str, Any]


def events_of(trace: Trace, t0: int | None = None, t1: int | None = None) -> list[Event]:
    whole = json.loads("".join(chrome(Extent.of(trace, t0, t1))), parse_float=Fraction)
    assert whole["otherData"]["trace"] == trace.record.id
    events: list[Event] = whole["traceEvents"]
    return events


def ns(event: Event, key: str = "ts") -> int:
    told = Fraction(event[key]) * 1000
    assert told.denominator == 1, "a time that is no whole number of ns"
    return int(told)


def threads_of(events: list[Event]) -> dict[tuple[int, int], str]:
    return {(event["pid"], event["tid"]): event["args"]["name"] for event in events if event["name"] == "thread_name"}


def slices_of(events: list[Event], name: str) -> list[tuple[int, int, str]]:
    """(start, end, name) of the slices of the thread with this name."""
    places = [place for place, told in threads_of(events).items() if told == name]
    assert len(places) == 1, places
    found = [event for event in events if event["ph"] == "X" and (event["pid"], event["tid"]) == places[0]]
    return [(ns(event), ns(event) + ns(event, "dur"), event["name"]) for event in found]


def test_every_segment_of_a_thread_is_a_slice_with_its_exact_nanoseconds() -> None:
    trace = synthetic.threads_taking_turns().trace
    events = events_of(trace)
    lane = next(lane.id for lane in trace.lanes.values() if lane.name == "worker-2")
    rows = [row for row in trace.segments.rows() if row[0] == lane]
    assert slices_of(events, "worker-2") == [(start, end, State(state).name) for _, start, end, state, _, _ in rows]


def test_a_gil_is_a_track_whose_slices_are_named_after_who_holds_it() -> None:
    trace = synthetic.threads_taking_turns().trace
    slices = slices_of(events_of(trace), "GIL")
    gil = next(lane.id for lane in trace.lanes.values() if lane.kind == "interpreter")
    held = [row for row in trace.segments.rows() if row[0] == gil and row[3] == State.held]
    assert slices == [(row[1], row[2], trace.lanes[row[5]].name) for row in held]
    assert {name for _, _, name in slices} == {"MainThread", "worker-1", "worker-2", "worker-3", "worker-4"}


def test_cores_are_tracks_of_a_process_of_their_own() -> None:
    events = events_of(synthetic.threads_taking_turns().trace)
    names = {event["pid"]: event["args"]["name"] for event in events if event["name"] == "process_name"}
    [cores] = [pid for pid, name in names.items() if name == "Cores"]
    assert {name for (pid, _), name in threads_of(events).items() if pid == cores} == {"cpu 0", "cpu 1"}
    assert names[4242] == "python"


def test_real_pids_and_tids_are_kept_and_no_two_lanes_share_a_place() -> None:
    trace = synthetic.threads_taking_turns().trace
    again = replace(trace.lanes[4], id=99, name="another with the same tid")
    forged = replace(trace.lanes[5], id=100, name="a tid that cannot be", tid=-7)
    places = threads_of(events_of(replace(trace, lanes={**trace.lanes, 99: again, 100: forged})))
    assert places[4242, 4243] == "worker-1"
    assert Counter(places.values()).most_common(1)[0][1] == 1
    assert {"another with the same tid", "a tid that cannot be"} <= set(places.values())
    assert all(0 < tid < 2**31 for _, tid in places)


def test_a_task_is_a_pair_of_async_events_with_a_pair_inside_for_each_segment() -> None:
    trace = synthetic.tasks_on_a_loop().trace
    events = events_of(trace)
    task = next(lane for lane in trace.lanes.values() if lane.name == "job-3")
    mine = [event for event in events if event["ph"] in "be" and event["id2"]["local"] == hex(task.id)]
    stack: list[Event] = []
    inside = []
    for event in mine:  # In the order of the file, as a reader that sorts by time and keeps ties would see them.
        assert event["pid"] == 4242
        if event["ph"] == "b":
            stack.append(event)
        else:
            begun = stack.pop()
            assert begun["name"] == event["name"]
            inside.append((ns(begun), ns(event), begun["name"], len(stack)))
    assert not stack
    assert [ns(event) for event in mine] == sorted(ns(event) for event in mine)
    rows = [row for row in trace.segments.rows() if row[0] == task.id]
    assert inside[-1] == (rows[0][1], rows[-1][2], "job-3", 0)
    assert inside[:-1] == [(start, end, State(state).name, 1) for _, start, end, state, _, _ in rows]


def test_the_counters_are_how_many_threads_are_in_a_state_at_every_instant() -> None:
    trace = synthetic.threads_taking_turns(seconds=0.3).trace
    counted = [(ns(event), event["args"]) for event in events_of(trace) if event["ph"] == "C"]
    threads = {lane.id for lane in trace.lanes.values() if lane.kind == "thread"}
    rows = [row for row in trace.segments.rows() if row[0] in threads]
    for at in range(0, trace.t_ns, 777_777):
        now = Counter(State(row[3]).name for row in rows if row[1] <= at < row[2])
        told = next((args for ns, args in reversed(counted) if ns <= at), dict.fromkeys(counted[0][1], 0))
        expected = (now["running"] + now["native"], now["gil_wait"], now["runnable"])
        assert (told["at work"], told["waiting for the GIL"], told["waiting for a core"]) == expected, at
    assert list(counted[-1][1].values()) == [0, 0, 0]


def test_the_counters_of_a_large_trace_are_averages_that_add_up_to_the_same_time() -> None:
    trace = synthetic.large(EXACT + 20_000, lanes=3).trace
    whole = json.loads("".join(chrome(Extent.of(trace))))
    assert whole["otherData"]["counters"].startswith("averages over ")
    counted = [(round(event["ts"] * 1000), event["args"]["at work"]) for event in whole["traceEvents"] if event["ph"] == "C"]
    assert len(counted) < 60_000
    area = sum((end - start) * height for (start, height), (end, _) in pairwise(counted))
    working = np.isin(trace.segments.state, (State.running, State.native)) & (trace.segments.lane >= 2)
    assert area == pytest.approx(int((trace.segments.end - trace.segments.start)[working].sum()), rel=1e-3)


def test_an_edge_is_an_arrow_that_begins_and_ends_inside_slices() -> None:
    trace = synthetic.threads_taking_turns().trace
    events = events_of(trace)
    begins = {event["id"]: event for event in events if event["ph"] == "s"}
    ends = {event["id"]: event for event in events if event["ph"] == "f"}
    assert len(begins) == len(ends) == len(trace.edges) == 4
    names = threads_of(events)
    for number, begin in begins.items():
        end = ends[number]
        assert (begin["name"], begin["cat"], end["bp"]) == (end["name"], end["cat"], "e")
        assert names[begin["pid"], begin["tid"]] == "MainThread"
        for one in (begin, end):
            enclosing = [
                slice_
                for slice_ in events
                if slice_["ph"] == "X"
                and (slice_["pid"], slice_["tid"]) == (one["pid"], one["tid"])
                and ns(slice_) <= ns(one) < ns(slice_) + ns(slice_, "dur")
            ]
            assert len(enclosing) == 1
    last_slice = max(at for at, event in enumerate(events) if event["ph"] == "X")
    assert all(at > last_slice for at, event in enumerate(events) if event["ph"] in "sf"), "an arrow binds to what was told before"


def test_an_edge_at_the_last_instant_of_a_lane_still_ends_inside_its_last_slice() -> None:
    scene = Scene()
    process = scene.lane("process", "python", pid=1)
    one = scene.lane("thread", "one", parent=process, pid=1, tid=1)
    other = scene.lane("thread", "other", parent=process, pid=1, tid=2)
    scene.spell(process, 0, 30 * MS, State.running)
    scene.spell(one, 0, 10 * MS, State.running)
    scene.spell(other, 20 * MS, 30 * MS, State.running)
    scene.edge("release", (one, 10 * MS), (other, 15 * MS))
    events = events_of(Recording(synthetic.record("cpu", "threads", 2), scene.frames({"status": "complete"}, {})).trace)
    assert [ns(event) for event in events if event["ph"] in "sf"] == [10 * MS - 1, 20 * MS]


def test_names_that_mean_something_in_json_or_html_are_only_names() -> None:
    trace = synthetic.threads_taking_turns().trace
    hostile = '</script>"\\\n\ud800'
    lanes = {**trace.lanes, 4: replace(trace.lanes[4], name=hostile)}
    events = events_of(replace(trace, lanes=lanes))
    assert hostile in threads_of(events).values()


def test_a_window_takes_whole_segments_and_only_those_that_lie_in_it() -> None:
    trace = synthetic.threads_taking_turns().trace
    t0, t1 = 500 * MS, 520 * MS
    for start, end, _ in slices_of(events_of(trace, t0, t1), "worker-1"):
        assert end > t0
        assert start < t1
    lane = next(lane.id for lane in trace.lanes.values() if lane.name == "worker-1")
    rows = [row for row in trace.segments.rows() if row[0] == lane and row[2] > t0 and row[1] < t1]
    assert [(start, end) for start, end, _ in slices_of(events_of(trace, t0, t1), "worker-1")] == [(row[1], row[2]) for row in rows]


def test_what_still_grows_is_told_as_far_as_it_has_come() -> None:
    recording = synthetic.threads_taking_turns()
    live = Trace(recording.record).grown(recording.frames[:3])
    assert len(live.open)
    ends = {end for name in ("worker-1", "worker-2") for _, end, _ in slices_of(events_of(live), name)}
    assert max(ends) == live.t_ns


@pytest.mark.parametrize(("t0", "t1"), [(5, 5), (10, 3), (10**15, 2 * 10**15), (10**15, None), (-10, 0)])
def test_a_window_in_which_nothing_can_be_is_refused_in_words(t0: int, t1: int | None) -> None:
    with pytest.raises(ExportError, match=r"t1|outside the trace"):
        Extent.of(synthetic.threads_taking_turns().trace, t0, t1)


def test_lanes_that_are_their_own_parents_are_told_all_the_same() -> None:
    trace = synthetic.threads_taking_turns().trace
    loop = {50: Lane(50, 51, "thread", "a", 1, 2, 0), 51: Lane(51, 50, "thread", "b", 1, 3, 0)}
    assert {"a", "b"} <= set(threads_of(events_of(replace(trace, lanes={**trace.lanes, **loop}))).values())
