"""The vocabulary of a trace: lanes, segments, jobs, frames; and how they are written down.

    Record (what was run, where, how it ended)
      └─ Frame, Frame, Frame …   each: new lanes, closed segments, jobs, counters, what is still open
           └─ Segments           columns of (lane, start, end, state, detail, ref)

A finished trace, a live one, a stored one and a bundle are all the same sequence of frames; `Trace` is its fold.
Everything here is pure: no clock, no file, no process.
"""

from engine.trace.edges import Edge, EdgeKind
from engine.trace.frames import Frame, FrameError, decode_frame, encode_frame
from engine.trace.lanes import Exactness, Job, Lane, LaneKind
from engine.trace.record import Interpreter, Record, RunSpec, Status
from engine.trace.segments import SegmentError, Segments
from engine.trace.states import ON_CORE, TRANSITIONS, State, transition_is_legal
from engine.trace.whole import Trace

__all__ = [
    "ON_CORE",
    "TRANSITIONS",
    "Edge",
    "EdgeKind",
    "Exactness",
    "Frame",
    "FrameError",
    "Interpreter",
    "Job",
    "Lane",
    "LaneKind",
    "Record",
    "RunSpec",
    "SegmentError",
    "Segments",
    "State",
    "Status",
    "Trace",
    "decode_frame",
    "encode_frame",
    "transition_is_legal",
]
