"""Frames on the wire, and the trace as their fold."""

from __future__ import annotations

import contextlib
import json
import struct
from typing import Any

import numpy as np
import pytest

from engine.trace import Frame, FrameError, Job, Lane, Segments, State, Trace, decode_frame, encode_frame
from tests.support import synthetic
from tests.support.scene import Recording

FRAME = Frame(
    t_ns=250,
    lanes=(Lane(1, None, "process", "python", 42, None, 0), Lane(2, 1, "thread", "worker ✓", 42, 43, 5, 9, "sampled", True, "why")),
    segments=Segments.from_rows([[2, 5, 9, State.running, 0, -1]]),
    open=Segments.from_rows([[1, 0, 250, State.running, -1, -1]]),
    strings=("sleep",),
    jobs=(Job(2, 0, 5, 9, True), Job(2, 1, 6, 9, False)),
    counters={"marks": 12},
    changes={"status": "running", "host": {"cores": 2}, "notes": ["a sentence"]},
)


def told(frame: Frame) -> dict[str, Any]:
    return {name: getattr(frame, name) for name in ("t_ns", "lanes", "strings", "jobs", "counters", "changes")} | {
        "segments": frame.segments.rows(),
        "open": frame.open.rows(),
    }


def forged(head: Any) -> bytes:
    text = json.dumps(head).encode()
    return struct.pack("<I", len(text)) + text + Segments.empty().to_block()


def head(**changes: Any) -> dict[str, Any]:
    return {"v": 1, "t": 0, "lanes": [], "open": [], "strings": [], "jobs": [], "counters": {}, "changes": {}} | changes


def test_a_frame_gives_back_what_was_put_in() -> None:
    assert told(decode_frame(encode_frame(FRAME))) == told(FRAME)


def test_an_empty_frame_only_tells_the_time() -> None:
    assert told(decode_frame(encode_frame(Frame(t_ns=7)))) == told(Frame(t_ns=7))


@pytest.mark.parametrize(
    "recording",
    [synthetic.threads_taking_turns(), synthetic.processes_at_once(), synthetic.tasks_on_a_loop(), synthetic.failed()],
)
def test_a_stored_trace_is_the_trace(recording: Recording) -> None:
    stored = Trace(recording.record).grown(decode_frame(encode_frame(frame)) for frame in recording.frames)
    live = recording.trace
    assert stored.segments.rows() == live.segments.rows()
    assert (stored.record, stored.lanes, stored.jobs, stored.counters) == (live.record, live.lanes, live.jobs, live.counters)
    assert (stored.strings, stored.t_ns) == (live.strings, live.t_ns)


def test_it_does_not_matter_in_how_many_steps_a_trace_grew() -> None:
    recording = synthetic.tasks_on_a_loop()
    trace = Trace(recording.record)
    for frame in recording.frames:
        trace = trace.grown([frame])
    assert trace.everything.rows() == recording.trace.everything.rows()
    assert trace.lanes == recording.trace.lanes


def test_a_lane_told_again_replaces_itself_and_open_segments_replace_those_before() -> None:
    recording = synthetic.threads_taking_turns()
    early, late = recording.live(1), recording.trace
    assert early.lanes[4].end_ns is None
    assert late.lanes[4].end_ns is not None
    assert len(early.open)
    assert not len(late.open)


def test_changes_that_this_version_does_not_know_are_ignored() -> None:
    trace = Trace(synthetic.record("cpu", "threads", 2)).grown([Frame(1, changes={"status": "running", "mood": "good", "id": "other"})])
    assert trace.record.status == "running"
    assert trace.record.id == "k3v9m2x7q4ab"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0",
        struct.pack("<I", 2**32 - 1) + b"{}",
        struct.pack("<I", 2) + b"{}",
        struct.pack("<I", 1) + b"{" + Segments.empty().to_block(),
        struct.pack("<I", 200_000) + b"[" * 200_000,
        forged([]),
        forged(None),
        forged({}),
        forged(head(v=2)),
        forged(head(t=None)),
        forged(head(t=True)),
        forged(head(t=2**64)),
        forged(head(t=0.5)),
        forged(head(lanes={})),
        forged(head(lanes=[{}])),
        forged(head(lanes=[{"id": 1, "kind": "thread", "start_ns": 2**70}])),
        forged(head(lanes=[{"id": "1", "kind": "thread", "start_ns": 0}])),
        forged(head(lanes=[{"id": 1, "kind": "<script>", "start_ns": 0}])),
        forged(head(lanes=[{"id": 1, "kind": [], "start_ns": 0}])),
        forged(head(open=[[1, 2]])),
        forged(head(open=[[1, 2, 3, 99, -1, -1]])),
        forged(head(open=[[2**31, 2, 3, 2, -1, -1]])),
        forged(head(jobs=[[1]])),
        forged(head(jobs=[["a", 1, 2, 3, 4]])),
        forged(head(counters=[])),
        forged(head(counters={"marks": "many"})),
        forged(head(changes=[])),
        forged(head(strings="abc")),
        forged({name: value for name, value in head().items() if name != "jobs"}),
        encode_frame(FRAME)[:-1],
        encode_frame(FRAME) + b"x",
    ],
)
def test_what_is_no_frame_is_refused_with_a_reason(data: bytes) -> None:
    with pytest.raises(FrameError) as refusal:
        decode_frame(data)
    assert str(refusal.value)


@pytest.mark.parametrize("seed", range(10))
def test_damaged_frames_raise_nothing_but_their_own_error(seed: int) -> None:
    random = np.random.default_rng(seed)
    whole = encode_frame(FRAME)
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(int(random.integers(1, 4))):
            damaged[int(random.integers(len(damaged)))] = int(random.integers(256))
        with contextlib.suppress(FrameError):
            decode_frame(bytes(damaged))


def test_names_from_strangers_are_cut_to_a_length_that_a_page_can_show() -> None:
    frame = decode_frame(forged(head(strings=["s" * 5000], lanes=[{"id": 1, "kind": "task", "name": "n" * 5000, "start_ns": 0}])))
    assert len(frame.strings[0]) == 1000
    assert len(frame.lanes[0].name) == 200
