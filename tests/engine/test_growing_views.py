"""Indexes that grow with their trace: at every moment what one made anew would be; whoever has an older one, keeps it."""

from __future__ import annotations

import base64
import tracemalloc
from typing import Any

import numpy as np
import pytest

from engine.metrics import metrics
from engine.trace import Frame, Segments, State, Trace
from engine.views import ViewIndex
from tests.engine.test_metrics import random_trace
from tests.support import synthetic
from tests.support.drawing import drawn
from tests.support.large import large
from tests.support.scene import MS, Recording

WHOLE = (None, None, 64)
RECORDINGS = [
    synthetic.threads_taking_turns(3, 0.6),
    synthetic.processes_at_once(3, 0.6),
    synthetic.tasks_on_a_loop(4, 0.7),
    synthetic.failed(),
    large(3_000, 5, 20, 2),
    large(2_000, 100),
]


def told(index: ViewIndex) -> list[dict[str, Any]]:
    """Of several windows everything that a view can tell."""
    until = max(index.head.t_ns, 2)
    windows = [WHOLE, (0, until, 7), (until // 3, until // 2 + 1, 200), (until - 1, until + 5 * MS, 50)]
    views = [index.view(*window, at_work=True) for window in windows]
    return [view | index.edges(view, 1000) for view in views]


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: recording.record.id)
@pytest.mark.parametrize("asked_each_time", [True, False])
def test_at_every_moment_a_grown_index_tells_what_one_made_anew_tells(recording: Recording, asked_each_time: bool) -> None:
    grown = ViewIndex(Trace(recording.record))
    for count, frame in enumerate(recording.frames, 1):
        grown = grown.grown([frame])
        if asked_each_time or count == len(recording.frames):
            afresh = ViewIndex(recording.live(count))
            assert told(grown) == told(afresh)
            assert not count % 2 or grown.trace.segments.rows() == afresh.trace.segments.rows()
            assert grown.head.lanes == afresh.trace.lanes
    whole = recording.trace
    assert grown.trace.segments.rows() == whole.segments.rows()
    assert grown.trace.record == whole.record


@pytest.mark.parametrize("seed", range(20))
def test_frames_that_tell_late_what_was_before_are_put_where_they_belong(seed: int) -> None:
    trace, _ = random_trace(seed)
    rows = np.random.default_rng(seed).permutation(len(trace.segments))
    grown = ViewIndex(Trace(trace.record, lanes=trace.lanes))
    for some in np.array_split(rows, 5):
        grown = grown.grown([Frame(trace.t_ns, segments=trace.segments.take(some), open=trace.open)])
        told(grown)
    afresh = ViewIndex(trace)
    assert [grown.view(t0, t0 + 50, 20, at_work=True) for t0 in range(0, 400, 50)] == [
        afresh.view(t0, t0 + 50, 20, at_work=True) for t0 in range(0, 400, 50)
    ]
    assert grown.trace.segments.rows() == trace.segments.rows()


def test_an_older_index_tells_what_it_told_while_newer_ones_grow_in_the_same_memory() -> None:
    recording = large(5_000, 70)
    index, kept = ViewIndex(Trace(recording.record)), list[tuple[ViewIndex, list[dict[str, Any]]]]()
    for frame in recording.frames:
        index = index.grown([frame])
        kept.append((index, told(index)))
    for older, before in kept:
        assert told(older) == before


def test_an_index_of_a_finished_trace_goes_on_with_a_new_record_and_keeps_what_it_has_worked_out() -> None:
    trace = synthetic.threads_taking_turns().trace
    index = ViewIndex(trace)
    lane = index.lane(4)
    after = index.grown([], trace.record.changed({"notes": ["looked at again"]}))
    assert after.trace.record.notes == ("looked at again",)
    assert after.lane(4) is lane
    assert after.trace.segments is trace.segments


def test_the_number_at_work_is_of_threads_that_carry_work_and_are_on_a_core() -> None:
    trace = drawn("""
        process  p      |rrrrrrrr|
        thread   one    |rrggnnrr|
        thread   two    |ggrrrrww|
        thread   three  |rrrrrrrr|
    """)
    index = ViewIndex(trace)
    carriers = {lane.id for lane in trace.lanes.values() if lane.measured}
    answer = index.view(0, 8 * MS, 100, at_work=True)
    counted = np.zeros(answer["columns"])
    edges = answer["t0_ns"] + np.arange(answer["columns"] + 1) * answer["ns_per_column"]
    for lane, start, end, state, *_ in trace.segments.rows():
        if lane in carriers and State(state) in (State.running, State.native):
            counted += np.diff(np.clip(edges, start, end)) / answer["ns_per_column"]
    assert answer["at_work"]["most"] == pytest.approx(counted.max())
    assert np.abs(decoded(answer) - counted).max() <= counted.max() / 255
    assert index.view(0, 8 * MS, 100)["at_work"] is None


def test_sums_are_the_states_of_the_windows_metrics_for_few_carriers_and_for_many() -> None:
    for trace in (synthetic.processes_at_once(3, 0.5).trace, large(3_000, 4, 700).trace, synthetic.threads_taking_turns().live(2)):
        t0, t1 = trace.t_ns // 5, trace.t_ns // 2
        grown = ViewIndex(Trace(trace.record)).grown([Frame(trace.t_ns, tuple(trace.lanes.values()), trace.segments, trace.open)])
        expected = {name: ns for name, ns in metrics(trace, t0, t1)["states"].items() if ns}
        assert ViewIndex(trace).sums(t0, t1) == grown.sums(t0, t1) == expected


@pytest.mark.parametrize("shape", [{"lanes": 16}, {"lanes": 64}, {"lanes": 0, "tasks": 200}], ids=["16 threads", "64 threads", "200 tasks"])
def test_an_index_takes_no_more_memory_than_it_says(shape: dict[str, int]) -> None:
    trace = large(200_000, **shape).trace
    index = ViewIndex(trace)
    tracemalloc.start()
    try:
        index.view(None, None, 1000, at_work=True)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    own = sum(column.nbytes for column in trace.segments.columns)
    assert own + taken <= index.nbytes < 2 * (own + taken)


def decoded(answer: dict[str, Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    found = answer["at_work"]
    return np.frombuffer(base64.b64decode(found["bytes"]), np.uint8).astype(float) * (float(found["most"]) / 255)


def test_of_ten_thousand_tasks_the_one_thread_that_they_run_on_is_at_work() -> None:
    trace = large(20_000, 0, 10_000).trace
    answer = ViewIndex(trace).view(None, None, 50, lanes=[], at_work=True)
    assert 0.5 < answer["at_work"]["most"] <= 1
    assert answer["lanes"] == []


def test_a_lane_tells_its_segment_at_any_instant_the_open_one_too() -> None:
    trace = drawn("process p |rrrrrr|\ngil GIL |aaaaaa| @ a=one\nthread one |rrrrrr|\nthread two |rr.ggg|", live=True)
    lane = ViewIndex(trace).lane(4)
    seen = [
        None if (found := lane.at(t)) is None else (found.state, found.start, found.open) for t in (0, 2 * MS - 1, 2 * MS, 3 * MS, 6 * MS)
    ]
    assert seen == [(State.running, 0, False), (State.running, 0, False), (State.idle, 2 * MS, False), (State.gil_wait, 3 * MS, True), None]
    gil = ViewIndex(trace).lane(2).at(1)
    assert gil is not None
    assert gil.ref == 3


def test_holders_are_the_same_whether_they_are_few_or_too_many_for_bits() -> None:
    random = np.random.default_rng(1)
    for threads in (3, 300):
        end = np.cumsum(random.integers(1, 50, 2_000))
        ref = random.integers(10, 10 + threads, 2_000)
        held = Segments.of(np.full(2_000, 2), end - np.diff(end, prepend=0), end, np.full(2_000, State.held), ref=ref)
        recording = synthetic.failed()
        index = ViewIndex(Trace(recording.record, int(end[-1]), recording.trace.lanes, held))
        t0, t1 = int(end[500]), int(end[900])
        spells = np.maximum(np.minimum(held.end, t1) - np.maximum(held.start, t0), 0)
        expected = sorted(((int(spells[ref == one].sum()), -one) for one in range(10, 10 + threads)), reverse=True)[:8]
        (found,) = index.lane(2).held_by(np.array([t0]), np.array([t1]))
        assert found == [[-one, ns] for ns, one in expected if ns]
        assert index.lane(2).refs(t0, t1) == sorted({int(one) for one in ref[spells > 0]})
        mine = index.lane(2).by_ref(12)
        assert int(np.diff(mine.before(np.array([t0, t1])))[0]) == int(spells[ref == 12].sum())
