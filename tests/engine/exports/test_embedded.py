"""What a page without a server carries. How it answers from that is held to the server's answers in tests/browser/test_share.py."""

from __future__ import annotations

import base64
import importlib
from dataclasses import replace

import numpy as np
import pytest

from engine.exports import Extent, embedded
from engine.trace import Segments, State, Trace
from tests.support import synthetic
from tests.support.scene import MS

_MODULE = importlib.import_module("engine.exports.embedded")


def test_it_holds_every_segment_of_the_window_exactly() -> None:
    trace = synthetic.threads_taking_turns().trace
    told = embedded(Extent.of(trace, 500 * MS, 520 * MS))
    found = Segments.from_block(base64.b64decode(told["block"])).rows()
    assert found == [row for row in trace.segments.rows() if row[2] > 500 * MS and row[1] < 520 * MS]
    assert (told["t0_ns"], told["t1_ns"], told["t_ns"], told["whole"]) == (500 * MS, 520 * MS, trace.t_ns, False)


def test_it_tells_who_carries_work_and_for_which_gil_each_lane_waits() -> None:
    trace = synthetic.threads_taking_turns().trace
    told = embedded(Extent.of(trace))
    workers = [lane.id for lane in trace.lanes.values() if lane.measured]
    [gil] = [lane.id for lane in trace.lanes.values() if lane.kind == "interpreter"]
    assert told["hosts"] == workers
    assert {lane: told["gils"][str(lane)] for lane in workers} == {lane: [gil] for lane in workers}


def test_what_still_grows_is_held_as_far_as_it_has_come() -> None:
    recording = synthetic.threads_taking_turns()
    live = Trace(recording.record).grown(recording.frames[:3])
    told = embedded(Extent.of(live))
    assert len(Segments.from_block(base64.b64decode(told["block"]))) == len(live.segments) + len(live.open)


def test_more_than_a_page_can_hold_becomes_the_share_of_each_state_in_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_MODULE, "MOST_SEGMENTS", 1000)
    trace = synthetic.large(20_000).trace
    told = embedded(Extent.of(trace))
    assert "block" not in told
    shares = told["shares"]
    assert shares["columns"] * shares["ns_per_column"] >= trace.t_ns
    assert sum(lane["count"] for lane in shares["lanes"].values()) == told["count"] == len(trace.segments)
    running = np.frombuffer(base64.b64decode(shares["lanes"]["2"]["states"]["running"]), np.uint8)
    lane = trace.segments.take((trace.segments.lane == 2) & (trace.segments.state == State.running))
    assert running.sum() / 255 * shares["ns_per_column"] == pytest.approx(int((lane.end - lane.start).sum()), rel=0.01)


def test_many_lanes_get_fewer_columns_so_that_the_page_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_MODULE, "MOST_SEGMENTS", 1000)
    few, many = (embedded(Extent.of(synthetic.large(20_000, lanes=lanes).trace))["shares"] for lanes in (4, 2000))
    assert len(many["lanes"]) == 2001
    assert many["columns"] < few["columns"]
    assert sum(len(text) for lane in many["lanes"].values() for text in lane["states"].values()) < 60_000_000


def test_arrows_beyond_what_a_page_can_hold_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_MODULE, "MOST_EDGES", 3)
    trace = synthetic.threads_taking_turns().trace
    told = embedded(Extent.of(replace(trace, edges=trace.edges * 2)))
    assert (len(told["edges"]), told["edges_left_out"]) == (3, 5)
