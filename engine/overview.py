"""A large finished trace at a glance: its whole run as a few thousand columns a lane, and its lanes.

Kept beside the trace, it answers the first look at it, while the trace itself is still being read.

    overview_of(index) ── bytes, kept ── read_overview(bytes) ── told(…): an answer like `ViewIndex.view`'s, of the whole run

What is told of lanes, time in states and columns is exact, only coarser than what the whole trace could tell.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from engine.trace import Trace
from engine.views import MAX_LANES, ViewIndex

VERSION = 2
LARGE = 200_000
"""Segments. A trace that has fewer is read as quickly as its overview would be."""
_COLUMNS = 4096
_CELLS = 64 * _COLUMNS
_SEGMENTS = 400


@dataclass(frozen=True, slots=True)
class Overview:
    """`view`: what `ViewIndex.view` told of the whole run, of as many lanes as it has room for. `lanes`: all, as JSON, by their ids."""

    view: dict[str, Any]
    lanes: list[dict[str, Any]]
    counts: dict[str, int]
    """Per lane of `view` how many segments it has."""
    sums: dict[str, int]
    """ns per state of the whole run, over all lanes that carry work."""

    def told(self, t0: int | None, t1: int | None, lanes: Iterable[int] | None, at_work: bool, sums: bool = False) -> dict[str, Any]:
        """The answer to a view of `[t0, t1)`, as far as an overview has one: columns of the whole run, whatever the window.

        Of the lanes asked for those that it has; `totals` and `sums` only if the window is the whole run. Without edges.
        """
        view = self.view
        shown = [lane for lane in dict.fromkeys(lanes) if str(lane) in self.counts] if lanes is not None else view["lanes"]
        names = [str(lane) for lane in shown]
        whole = (t0 or 0) <= 0 and (t1 is None or t1 >= view["grown_to_ns"])
        segments = [segment for segment in view["segments"] if str(segment["lane"]) in set(names)]
        return {
            **view,
            "lanes": shown,
            "coverage": {name: view["coverage"][name] for name in names},
            "holders": {name: view["holders"][name] for name in names if name in view["holders"]},
            "totals": {name: view["totals"][name] for name in names} if whole else {},
            "at_work": view["at_work"] if at_work else None,
            "sums": self.sums if sums and whole else None,
            "segments": segments,
            "segments_in_window": sum(self.counts[name] for name in names),
            "segments_shown": len(segments),
        }


def overview_of(index: ViewIndex) -> bytes | None:
    """To be kept; None for a trace that is not large, or not finished."""
    trace = index.trace
    if len(trace.segments) < LARGE or not trace.record.finished:
        return None
    lanes = _first_seen(trace)
    columns = max(_CELLS // max(len(lanes), 64), 256)
    view = index.view(None, None, columns, lanes, _SEGMENTS, at_work=True)
    told = {
        "version": VERSION,
        "view": view,
        "lanes": [trace.lanes[lane].to_json() for lane in sorted(trace.lanes)],
        "sums": index.sums(None, None),
        "counts": {str(lane): index.lane(lane).closed for lane in lanes},
    }
    return zlib.compress(json.dumps(told, separators=(",", ":")).encode(), 1)


def read_overview(body: bytes) -> Overview | None:
    """None for one that another version has written: it is to be made anew."""
    told = json.loads(zlib.decompress(body))
    if told["version"] != VERSION:
        return None
    return Overview(told["view"], told["lanes"], told["counts"], told["sums"])


def _first_seen(trace: Trace) -> list[int]:
    """The lanes that a page shows first: all but tasks, then tasks in the order of their ids."""
    order = sorted(trace.lanes.values(), key=lambda lane: (lane.kind == "task", lane.id))
    return sorted(lane.id for lane in order[:MAX_LANES])
