"""Which part of a trace is exported: the segments that lie in `[t0, t1)` at least in part, whole ones, never cut."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.trace import Edge, Segments, Trace
from engine.wording import duration

_AT_ONCE = 16_384


class ExportError(ValueError):
    """What cannot be exported. The message says what can."""


@dataclass(frozen=True, slots=True)
class Extent:
    """A trace and a window of it, in ns since it began."""

    trace: Trace
    t0: int
    t1: int

    @classmethod
    def of(cls, trace: Trace, t0: int | None = None, t1: int | None = None) -> Extent:
        """By default all of it, open segments included (until now). Raises ExportError for a window in which there is nothing to see."""
        last = max(trace.t_ns, 1)
        begin = 0 if t0 is None else t0
        end = max(last, begin + 1) if t1 is None else t1
        if end <= begin:
            raise ExportError(f"t1 ({end}) must be after t0 ({begin})")
        if begin >= last or end <= 0:
            span = f"[0, {last}) ns, {duration(last)}"
            raise ExportError(f"the window [{begin}, {end}) lies outside the trace, which is {span}: ask for a part of that")
        return cls(trace, begin, end)

    @property
    def whole(self) -> bool:
        return self.t0 <= 0 and self.t1 >= self.trace.t_ns

    @property
    def count(self) -> int:
        """How many segments there are in it."""
        return sum(self._inside(part) for part in (self.trace.segments, self.trace.open))

    def pieces(self) -> Iterator[Segments]:
        """Its segments by lane and start, some thousands at a time, in order."""
        everything = self.trace.everything
        for first in range(0, len(everything), _AT_ONCE):
            part = everything.take(slice(first, first + _AT_ONCE))
            if not self.whole:
                part = part.take((part.end > self.t0) & (part.start < self.t1))
            if len(part):
                yield part

    def edges(self) -> Iterator[Edge]:
        """Those that reach into it."""
        return (edge for edge in self.trace.edges if edge.from_ns < self.t1 and edge.to_ns >= self.t0)

    def _inside(self, part: Segments) -> int:
        return len(part) if self.whole else int(np.count_nonzero((part.end > self.t0) & (part.start < self.t1)))
