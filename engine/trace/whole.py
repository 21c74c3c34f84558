"""A trace so far: the fold of its frames. What metrics, findings and views read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from engine.trace.edges import Edge
from engine.trace.frames import Frame
from engine.trace.lanes import Job, Lane
from engine.trace.record import Record
from engine.trace.segments import Segments


@dataclass(frozen=True, slots=True)
class Trace:
    """An immutable snapshot. `segments` are the closed ones, sorted by lane and start; `open` the ones that grow still.

    `t_ns`: how far the trace is told. A finished trace has no open segments.
    """

    record: Record
    t_ns: int = 0
    lanes: dict[int, Lane] = field(default_factory=dict)
    segments: Segments = field(default_factory=Segments.empty)
    open: Segments = field(default_factory=Segments.empty)
    strings: tuple[str, ...] = ()
    jobs: tuple[Job, ...] = ()
    counters: dict[str, int] = field(default_factory=dict)
    edges: tuple[Edge, ...] = ()

    def grown(self, frames: Iterable[Frame]) -> Trace:
        """With these frames appended, in their order."""
        many = list(frames)
        if not many:
            return self
        lanes, counters, record = dict(self.lanes), dict(self.counters), self.record
        strings, jobs, edges = list(self.strings), list(self.jobs), list(self.edges)
        for frame in many:
            lanes.update((lane.id, lane) for lane in frame.lanes)
            counters.update(frame.counters)
            record = record.changed(frame.changes)
            strings.extend(frame.strings)
            jobs.extend(frame.jobs)
            edges.extend(frame.edges)
        return replace(
            self,
            record=record,
            t_ns=many[-1].t_ns,
            lanes=lanes,
            segments=Segments.gathered([self.segments, *(frame.segments for frame in many)]),
            open=many[-1].open,
            strings=tuple(strings),
            jobs=tuple(jobs),
            edges=tuple(edges),
            counters=counters,
        )

    @property
    def everything(self) -> Segments:
        """Closed and open segments, the open ones ending at `t_ns`; sorted by lane and start."""
        return Segments.concat([self.segments, self.open]).sorted() if len(self.open) else self.segments
