"""Segments as columns, and the compressed block that they are stored in.

    lane   i4   which lane
    start  i8   ns since the trace began
    end    i8   ns, > start
    state  u1   `State`
    detail i4   index into the trace's strings, -1 for none
    ref    i4   a lane (who holds the GIL, the lock, the core), -1 for none

A block (version 1) is sorted by lane and start. Within a lane it keeps the gap to the segment before (mostly 0) and the duration,
which are small numbers; every column is narrowed to the bytes it needs, its bytes are shuffled into planes and all is deflated.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.trace.states import State

Ints = npt.NDArray[np.int64]

_BLOCK = struct.Struct("<4sII")
_COLUMN = struct.Struct("<B")
_MAGIC = b"GSB1"
_NAMES = tuple(state.name for state in State)
MAX_SEGMENTS_IN_BLOCK = 20_000_000
_LONG_RUN = 100


class SegmentError(ValueError):
    """A block of segments is not what it claims to be."""


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """Columns of equal length. Immutable by convention: every operation answers new columns."""

    lane: npt.NDArray[np.int32]
    start: Ints
    end: Ints
    state: npt.NDArray[np.uint8]
    detail: npt.NDArray[np.int32]
    ref: npt.NDArray[np.int32]

    @classmethod
    def empty(cls) -> Segments:
        return cls.of([], [], [], [])

    @classmethod
    def of(
        cls,
        lane: npt.ArrayLike,
        start: npt.ArrayLike,
        end: npt.ArrayLike,
        state: npt.ArrayLike,
        detail: npt.ArrayLike | None = None,
        ref: npt.ArrayLike | None = None,
    ) -> Segments:
        lanes = np.asarray(lane, np.int32)
        none = np.full(len(lanes), -1, np.int32)
        return cls(
            lanes,
            np.asarray(start, np.int64),
            np.asarray(end, np.int64),
            np.asarray(state, np.uint8),
            none if detail is None else np.asarray(detail, np.int32),
            none if ref is None else np.asarray(ref, np.int32),
        )

    @classmethod
    def from_rows(cls, rows: Sequence[Sequence[int]]) -> Segments:
        """From rows of (lane, start, end, state, detail, ref)."""
        if not rows:
            return cls.empty()
        return cls.of(*(list(column) for column in zip(*rows, strict=True)))

    @classmethod
    def concat(cls, parts: Iterable[Segments]) -> Segments:
        many = [part for part in parts if len(part)]
        if not many:
            return cls.empty()
        if len(many) == 1:
            return many[0]
        return cls(*(np.concatenate(columns) for columns in zip(*(part.columns for part in many), strict=True)))

    @classmethod
    def gathered(cls, parts: Iterable[Segments]) -> Segments:
        """All of them, sorted by lane and start: `concat(parts).sorted()`, without the copy in between.

        Quick where each part is sorted by lane and a lane's segments are told in order, as frames tell them.
        """
        many = [part for part in parts if len(part)]
        runs = [np.flatnonzero(np.diff(part.lane, prepend=-1)) for part in many]
        if len(many) < 2 or any(part.lane[0] < 0 or np.any(np.diff(part.lane[first]) < 0) for part, first in zip(many, runs, strict=True)):
            return cls.concat(many).sorted()
        lanes, where = np.unique(np.concatenate([part.lane[first] for part, first in zip(many, runs, strict=True)]), return_inverse=True)
        counts = [np.diff(first, append=len(part)) for part, first in zip(many, runs, strict=True)]
        total = np.bincount(where, np.concatenate(counts), len(lanes)).astype(np.int64)
        free = np.cumsum(total) - total
        whole = cls(*(np.empty(int(total.sum()), column.dtype) for column in many[0].columns))
        at = 0
        for part, first, count in zip(many, runs, counts, strict=True):
            here = where[at : at + len(first)]
            at += len(first)
            whole._put(part, first, count, free[here])
            free[here] += count
        same = whole.lane[1:] == whole.lane[:-1]
        return whole.sorted() if np.any(same & (whole.start[1:] < whole.start[:-1])) else whole

    def _put(self, part: Segments, first: Ints, count: Ints, places: Ints) -> None:
        """Copies runs of a part, which begin at `first`, to `places`: one by one if they are few, else all at once."""
        if len(first) * _LONG_RUN <= len(part):
            for begin, length, place in zip(first.tolist(), count.tolist(), places.tolist(), strict=True):
                for mine, its in zip(self.columns, part.columns, strict=True):
                    mine[place : place + length] = its[begin : begin + length]
        else:
            rows = np.arange(len(part)) + np.repeat(places - first, count)
            for mine, its in zip(self.columns, part.columns, strict=True):
                mine[rows] = its

    @property
    def columns(self) -> tuple[npt.NDArray[Any], ...]:
        return (self.lane, self.start, self.end, self.state, self.detail, self.ref)

    def __len__(self) -> int:
        return len(self.lane)

    def take(self, which: npt.NDArray[Any] | slice) -> Segments:
        """The rows that a mask, an index array or a slice names."""
        return Segments(*(column[which] for column in self.columns))

    def sorted(self) -> Segments:
        """By lane, then start; those that start together stay in their order."""
        if len(self) and self.lane.min() >= 0 and self.lane.max() < 2**16:
            # Frames tell a lane's segments in order, so that sorting by lane is mostly all there is to do, and 16 bits sort by radix.
            by_lane = self.take(np.argsort(self.lane.astype(np.uint16), kind="stable"))
            if not np.any((by_lane.lane[1:] == by_lane.lane[:-1]) & (by_lane.start[1:] < by_lane.start[:-1])):
                return by_lane
        return self.take(np.lexsort((self.start, self.lane)))

    def clipped(self, t0: int, t1: int) -> Segments:
        """What lies in `[t0, t1)`, cut at its borders."""
        inside = self.take((self.end > t0) & (self.start < t1))
        return Segments(
            inside.lane,
            np.maximum(inside.start, t0),
            np.minimum(inside.end, t1),
            inside.state,
            inside.detail,
            inside.ref,
        )

    def rows(self) -> list[list[int]]:
        return [list(row) for row in zip(*(column.tolist() for column in self.columns), strict=True)]

    def to_json(self, strings: Sequence[str]) -> list[dict[str, Any]]:
        """As the contract spells a segment: names for states and details, null for none."""
        return [
            {
                "lane": lane,
                "start_ns": start,
                "end_ns": end,
                "state": _NAMES[state],
                "detail": strings[detail] if 0 <= detail < len(strings) else None,
                "ref": ref if ref >= 0 else None,
            }
            for lane, start, end, state, detail, ref in self.rows()
        ]

    def to_block(self) -> bytes:
        """Compressed columns; `from_block` is the inverse (up to order)."""
        part = self.sorted()
        first = np.ones(len(part), bool)
        first[1:] = part.lane[1:] != part.lane[:-1]
        before = np.zeros(len(part), np.int64)
        before[1:] = part.end[:-1]
        before[first] = 0
        columns = (
            np.diff(part.lane, prepend=0).astype(np.int64),
            part.start - before,
            part.end - part.start,
            part.state.astype(np.int64),
            part.detail.astype(np.int64) + 1,
            part.ref.astype(np.int64) + 1,
        )
        body = zlib.compress(b"".join(_shuffled(column) for column in columns), 3)
        return _BLOCK.pack(_MAGIC, len(part), len(body)) + body

    @classmethod
    def from_block(cls, block: bytes) -> Segments:
        """Raises SegmentError for anything that `to_block` did not write."""
        if len(block) < _BLOCK.size:
            raise SegmentError("a block of segments is cut short")
        magic, count, length = _BLOCK.unpack_from(block)
        if magic != _MAGIC:
            raise SegmentError("a block of segments has an unknown format")
        if count > MAX_SEGMENTS_IN_BLOCK or length != len(block) - _BLOCK.size:
            raise SegmentError("a block of segments does not have the size that it claims")
        inflater = zlib.decompressobj()
        try:
            raw = inflater.decompress(block[_BLOCK.size :], 6 * (1 + 8 * count) + 1)
        except zlib.error as error:
            raise SegmentError(f"a block of segments cannot be inflated: {error}") from None
        columns, at = [], 0
        for _ in range(6):
            column, at = _unshuffled(raw, at, count)
            columns.append(column)
        lane_step, gap, duration, state, detail, ref = columns
        if at != len(raw) or not inflater.eof:
            raise SegmentError("a block of segments does not have the size that it claims")
        if len(state) and (state.min() < 0 or state.max() > max(State) or duration.min() <= 0):
            raise SegmentError("a block of segments has a state or a duration that cannot be")
        lane = np.cumsum(lane_step)
        # Within a lane, an end is the lane's first start plus all gaps and durations since.
        running = np.cumsum(gap + duration)
        first = np.ones(count, bool)
        first[1:] = lane_step[1:] != 0
        origin = np.where(first, running - gap - duration, 0)
        end = running - np.repeat(origin[first], np.diff(np.append(np.flatnonzero(first), count)))
        return cls.of(lane, end - duration, end, state, detail - 1, ref - 1)


def _shuffled(column: Ints) -> bytes:
    """One byte for the width, then the column as that many byte planes. Zig-zag, so that small negatives stay small."""
    folded = ((column << 1) ^ (column >> 63)).astype("<u8")
    width = (int(folded.max()).bit_length() + 7) // 8 if len(folded) else 0
    planes = folded.view(np.uint8).reshape(-1, 8)[:, :width]
    return _COLUMN.pack(width) + planes.T.tobytes()


def _unshuffled(raw: bytes, at: int, count: int) -> tuple[Ints, int]:
    if at >= len(raw):
        raise SegmentError("a block of segments is cut short")
    (width,) = _COLUMN.unpack_from(raw, at)
    stop = at + _COLUMN.size + width * count
    if width > 8 or stop > len(raw):
        raise SegmentError("a block of segments is cut short")
    folded = np.zeros((count, 8), np.uint8)
    folded[:, :width] = np.frombuffer(raw, np.uint8, width * count, at + _COLUMN.size).reshape(width, count).T
    words = folded.reshape(-1).view("<u8")
    return (words >> 1).astype(np.int64) ^ -(words & 1).astype(np.int64), stop
