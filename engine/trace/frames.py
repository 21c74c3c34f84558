"""Frames: what the engine says while it records, and what a stored trace consists of.

On the wire and on disk a frame is

    u32 length of head | head: JSON | block: `Segments.to_block`

The head is version 1 and small; the segments are columns. All times are ns since the trace began.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import Any

from engine.trace.edges import Edge
from engine.trace.lanes import Job, Lane
from engine.trace.segments import SegmentError, Segments

VERSION = 1
MAX_HEAD = 64 * 2**20
_LENGTH = struct.Struct("<I")


class FrameError(ValueError):
    """Bytes that claim to be a frame are none. The message says what is wrong with them."""


@dataclass(frozen=True, slots=True)
class Frame:
    """How the trace grew.

    `t_ns`: everything before it is told. `lanes`: new ones, and known ones that changed (same id: the later wins).
    `segments`: closed since the last frame, never told again. `open`: what has begun and not ended; their `end` is `t_ns`; each frame
    replaces the ones before. `strings`: appended to the trace's table, which `detail` indexes. `jobs`: finished since the last frame.
    `edges`: those whose end is now known, in no order. `counters`: cumulative, the later wins. `changes`: fields of the `Record` that are
    now known (`status`, `sources`, `error`, …).
    """

    t_ns: int
    lanes: tuple[Lane, ...] = ()
    segments: Segments = field(default_factory=Segments.empty)
    open: Segments = field(default_factory=Segments.empty)
    strings: tuple[str, ...] = ()
    jobs: tuple[Job, ...] = ()
    counters: dict[str, int] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)
    edges: tuple[Edge, ...] = ()


def encode_frame(frame: Frame) -> bytes:
    """Head and block, as told above."""
    head = json.dumps(
        {
            "v": VERSION,
            "t": frame.t_ns,
            "lanes": [lane.to_json() for lane in frame.lanes],
            "open": frame.open.rows(),
            "strings": frame.strings,
            "jobs": [job.to_json() for job in frame.jobs],
            "edges": [edge.to_json() for edge in frame.edges],
            "counters": frame.counters,
            "changes": frame.changes,
        },
        separators=(",", ":"),
    ).encode()
    return _LENGTH.pack(len(head)) + head + frame.segments.to_block()


def decode_frame(data: bytes) -> Frame:
    """The inverse of `encode_frame`. Raises FrameError; never trusts a length or a type."""
    if len(data) < _LENGTH.size:
        raise FrameError("a frame is cut short")
    (length,) = _LENGTH.unpack_from(data)
    if length > MAX_HEAD or length > len(data) - _LENGTH.size:
        raise FrameError("a frame's head is longer than the frame")
    try:
        head = json.loads(data[_LENGTH.size : _LENGTH.size + length])
    except (ValueError, RecursionError) as error:
        raise FrameError(f"a frame's head is not JSON: {error}") from None
    if not isinstance(head, dict) or head.get("v") != VERSION:
        raise FrameError(f"a frame must be of version {VERSION}; a newer gilscope may have written this one")
    try:
        return Frame(
            t_ns=_integer(head["t"]),
            lanes=tuple(Lane.from_json(lane) for lane in _list(head["lanes"])),
            segments=Segments.from_block(data[_LENGTH.size + length :]),
            open=Segments.from_rows([_row(row) for row in _list(head["open"])]),
            strings=tuple(str(text)[:1000] for text in _list(head["strings"])),
            jobs=tuple(Job.from_json(job) for job in _list(head["jobs"])),
            edges=tuple(Edge.from_json(edge) for edge in _list(head.get("edges", []))),  # 0.1.0 told none.
            counters={str(name): _integer(count) for name, count in _object(head["counters"]).items()},
            changes=_object(head["changes"]),
        )
    except SegmentError as error:
        raise FrameError(str(error)) from None
    except KeyError as error:
        raise FrameError(f"a frame's head lacks {error}") from None
    except (TypeError, ValueError, OverflowError) as error:
        raise FrameError(f"a frame's head is malformed: {error}") from None


def _integer(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not -(2**63) <= value < 2**63:
        raise ValueError("expected an integer of 64 bits")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("expected a list")
    return value


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("expected an object")
    return value


def _row(value: Any) -> list[int]:
    if not isinstance(value, list) or len(value) != 6:
        raise ValueError("an open segment must be [lane, start, end, state, detail, ref]")
    lane, start, end, state, detail, ref = (_integer(item) for item in value)
    if not 0 <= state <= 15 or any(not -1 <= item < 2**31 for item in (lane, detail, ref)):
        raise ValueError("an open segment has a lane, state, detail or ref that cannot be")
    return [lane, start, end, state, detail, ref]
