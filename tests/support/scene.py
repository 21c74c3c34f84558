"""A stage for synthetic traces: lanes and spells are put on it in any order, and told as the frames that a recorder would tell.

scene = Scene()
process = scene.lane("process", "python")
worker = scene.lane("thread", "worker-1", parent=process, measured=True)
scene.spell(worker, 0, 5 * MS, State.running)
frames = scene.frames({"status": "complete"})
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, NamedTuple

from engine.trace import Edge, EdgeKind, Frame, Job, Lane, LaneKind, Record, Segments, State, Trace

US = 1_000
MS = 1_000_000
S = 1_000_000_000
FRAME_NS = 250 * MS


class Recording(NamedTuple):
    """A record as it was before anything happened, and the frames that make it grow into a whole trace."""

    record: Record
    frames: list[Frame]

    @property
    def trace(self) -> Trace:
        """The finished trace."""
        return Trace(self.record).grown(self.frames)

    def live(self, count: int) -> Trace:
        """The trace as it was after its first `count` frames."""
        return Trace(self.record).grown(self.frames[:count])


@dataclass
class Scene:
    """Lanes, spells and jobs, gathered in any order. Mutable until `frames` tells them."""

    lanes: list[Lane] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)
    rows: list[list[int]] = field(default_factory=list)
    _latest: dict[int, list[int]] = field(default_factory=dict)
    strings: list[str] = field(default_factory=list)

    def lane(self, kind: LaneKind, name: str, parent: int | None = None, **more: Any) -> int:
        """Its id. `more` are further fields of `Lane`; a lane's life is later widened to its spells."""
        number = len(self.lanes) + 1
        self.lanes.append(Lane(number, parent, kind, name, more.pop("pid", None), more.pop("tid", None), more.pop("start_ns", 0), **more))
        return number

    def spell(self, lane: int, start: int, end: int, state: State, detail: str | None = None, ref: int = -1) -> None:
        """Nothing at all when `end` is not after `start`; the same again right after itself makes the first one longer."""
        if end <= start:
            return
        row = [lane, start, end, int(state), -1 if detail is None else self._string(detail), ref]
        before = self._latest.get(lane)
        if before is not None and before[2] == start and before[3:] == row[3:]:
            before[2] = end
            return
        self.rows.append(row)
        self._latest[lane] = row

    def split(self, lane: int) -> None:
        """What is told of the lane next is a segment of its own, even if it is the same again."""
        self._latest.pop(lane, None)

    def job(self, lane: int, index: int, start: int, end: int, ok: bool = True) -> None:
        self.jobs.append(Job(lane, index, start, end, ok))

    def edge(self, kind: EdgeKind, maker: tuple[int, int], made: tuple[int, int]) -> None:
        """From a (lane, ns) to a (lane, ns)."""
        self.edges.append(Edge(kind, *maker, *made))

    def frames(self, last: dict[str, Any], first: dict[str, Any] | None = None) -> list[Frame]:
        """One frame for every 250 ms, each with what has ended by then, what is open, and counters in proportion to the time.

        `first` and `last` are the changes of the first and the last frame.
        """
        every = Segments.from_rows(self.rows).sorted()
        lives = [self._lived(lane) for lane in self.lanes]
        until = max(int(every.end.max()), max((job.end_ns for job in self.jobs), default=0))
        edges = [*range(FRAME_NS, until, FRAME_NS), until]
        frames, before = [], -1
        for edge in edges:
            final = edge == until
            open_now = Segments.empty() if final else every.take((every.start < edge) & (every.end > edge))
            frames.append(
                Frame(
                    t_ns=edge,
                    lanes=tuple(told for lane in lives if (told := _told(lane, before, edge)) is not None),
                    segments=every.take((every.end > before) & (every.end <= edge)),
                    open=replace(open_now, end=open_now.end.clip(max=edge)),
                    strings=tuple(self.strings) if before < 0 else (),
                    jobs=tuple(job for job in self.jobs if before < job.end_ns <= edge),
                    edges=tuple(told for told in self.edges if before < told.to_ns <= edge),
                    counters=self._counted(edge, until),
                    changes={**((first or {}) if before < 0 else {"status": "running"}), **(last if final else {})},
                )
            )
            before = edge
        return frames

    def _counted(self, edge: int, until: int) -> dict[str, int]:
        if edge == until:
            return dict(self.counters)
        grown = {name: count * edge // until for name, count in self.counters.items() if name not in ("elapsed_ns", "jobs_total")}
        return grown | {name: count for name, count in self.counters.items() if name == "jobs_total"}

    def _lived(self, lane: Lane) -> Lane:
        rows = [row for row in self.rows if row[0] == lane.id]
        if not rows:
            return lane
        end = max(row[2] for row in rows)
        return replace(lane, start_ns=min(row[1] for row in rows), end_ns=end if lane.end_ns is None else lane.end_ns)

    def _string(self, text: str) -> int:
        if text not in self.strings:
            self.strings.append(text)
        return self.strings.index(text)


def _told(lane: Lane, before: int, edge: int) -> Lane | None:
    """The lane as the frame of `(before, edge]` tells it: new without an end, or changed because it ended; None if nothing happened."""
    ends = lane.end_ns is not None and before < lane.end_ns <= edge
    begins = before < lane.start_ns <= edge or (before < 0 and lane.start_ns <= 0)
    if not (ends or begins):
        return None
    return lane if ends else replace(lane, end_ns=None)


def turns(start: int, end: int, length: int) -> list[tuple[int, int]]:
    """`[start, end)` cut into pieces of `length`, the last one as long as it may be."""
    edges = [*range(start, end, length), end]
    return list(pairwise(edges))


def gaps(spells: list[tuple[int, int]], start: int, end: int) -> list[tuple[int, int]]:
    """What is left of `[start, end)` when sorted, disjoint spells are taken away."""
    edges = [start]
    for a, b in spells:
        edges += [a, b]
    edges.append(end)
    return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b > a]
