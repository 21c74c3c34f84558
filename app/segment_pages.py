"""The exact record in pages. A place is a frame and how many of its segments were told: it stays good while the trace grows.

frame 1      frame 2          frame 3
[s s s s]    [s s s s s s]    [s s]
                  ^ place "2.2": four of frame 1 and two of frame 2 are told
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from app.store import Store
from engine.trace import Segments, State, decode_frame

_FRAMES_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Place:
    """`skip` segments of frame `seq` are told, and all of the frames before it."""

    seq: int = 1
    skip: int = 0

    @classmethod
    def parse(cls, cursor: str | None) -> Self:
        """From `<seq>.<skip>` or None (the beginning)."""
        seq, _, skip = (cursor or "1").partition(".")
        return cls(int(seq), int(skip or 0))

    def __str__(self) -> str:
        return f"{self.seq}.{self.skip}"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which segments are wanted; None: any."""

    lane: int | None = None
    state: State | None = None

    def keeps(self, segments: Segments) -> np.ndarray[Any, np.dtype[np.bool_]]:
        kept = np.ones(len(segments), bool)
        if self.lane is not None:
            kept &= segments.lane == self.lane
        if self.state is not None:
            kept &= segments.state == int(self.state)
        return kept


@dataclass(frozen=True, slots=True)
class SegmentPage:
    """`items` as the contract spells segments; `next_cursor` as `Place` writes it."""

    items: list[dict[str, Any]]
    next_cursor: str | None


def segment_page(store: Store, number: int, place: Place, limit: int, wanted: Filter) -> SegmentPage:
    """At most `limit` segments from `place` on. `next_cursor` is None when nothing more is recorded (so far)."""
    strings = _strings_before(store, number, place.seq)
    items: list[dict[str, Any]] = []
    seq, skip = place.seq, place.skip
    while frames := store.frames(number, after=seq - 1, limit=_FRAMES_AT_ONCE):
        for seq, body in frames:
            frame = decode_frame(body)
            strings.extend(frame.strings)
            rows = np.flatnonzero(wanted.keeps(frame.segments))
            rows = rows[rows >= skip]
            room = limit - len(items)
            items += frame.segments.take(rows[:room]).to_json(strings)
            if len(rows) > room:
                return SegmentPage(items, str(Place(seq, int(rows[room]))))
            skip = 0
        seq += 1
    return SegmentPage(items, None)


def _strings_before(store: Store, number: int, seq: int) -> list[str]:
    """The trace's table of strings as it was before frame `seq`: what details of its segments are indexes of."""
    strings: list[str] = []
    after = 0
    while frames := store.frames(number, after, _FRAMES_AT_ONCE):
        for after, body in frames:
            if after >= seq:
                return strings
            strings.extend(decode_frame(body).strings)
    return strings
