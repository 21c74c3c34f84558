"""What a page without a server carries. How it answers from that is held to the server's answers in tests/browser/test_share.py."""

from __future__ import annotations

import base64
import importlib
import re
from dataclasses import replace

import pytest

from engine.exports import ExportError, Extent, embedded
from engine.trace import Segments, Trace
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


def test_more_than_a_page_can_hold_is_refused_with_a_window_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_MODULE, "MOST_SEGMENTS", 1000)
    trace = synthetic.large(20_000).trace
    with pytest.raises(ExportError, match=r"20,0\d\d segments are more than a page without a server can hold \(1,000\)") as refused:
        embedded(Extent.of(trace))
    [window] = re.findall(r"t0=(\d+), t1=(\d+)", str(refused.value))
    assert embedded(Extent.of(trace, *map(int, window)))["whole"] is False


def test_arrows_beyond_what_a_page_can_hold_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_MODULE, "MOST_EDGES", 3)
    trace = synthetic.threads_taking_turns().trace
    told = embedded(Extent.of(replace(trace, edges=trace.edges * 2)))
    assert (len(told["edges"]), told["edges_left_out"]) == (3, 5)
