"""What a page that has no server carries with it: the exact segments, and what `views` would look up beside them.

The segments are a block as the store keeps it (`Segments.to_block`), some three bytes each; the page unpacks it and answers views from it
by the same arithmetic. What takes more than arithmetic is worked out here: who carries work, and for which GIL each lane may wait.
Of a trace with more of them than a page can keep it carries shares of time instead, which any zoom can be drawn from, though not sharply.
"""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import Any

import numpy as np

from engine.exports.extent import Extent
from engine.exports.shares import shares
from engine.scope import gils_of, host_of
from engine.trace import Segments, State
from engine.views import ViewIndex

MOST_SEGMENTS = 2_000_000
"""A page keeps about forty bytes of memory for each."""
MOST_EDGES = 200_000


def embedded(extent: Extent, index: ViewIndex | None = None) -> dict[str, Any]:
    """`{"version", "t0_ns", "t1_ns", "t_ns", "whole", "count", "lanes", "hosts", "gils", "strings", "states", "edges", "edges_left_out"}`,
    and either "block", base64 of the segments, or "shares" (`engine.exports.shares`) if there are more than MOST_SEGMENTS of them.

    `gils`: lane → the interpreter lanes for whose GIL it may wait. `index`: that of the trace, if the caller keeps one.
    """
    trace, count = extent.trace, extent.count
    exact = count <= MOST_SEGMENTS
    segments = Segments.concat(extent.pieces()) if exact else Segments.empty()
    edges = list(extent.edges())
    measured = [lane.id for lane in trace.lanes.values() if lane.measured]
    hosts = {host for lane in measured if (host := host_of(trace, lane)) is not None}
    waiting = np.unique(segments.lane[segments.state == State.gil_wait]).tolist()
    return {
        "version": 1,
        "t0_ns": extent.t0,
        "t1_ns": extent.t1,
        "t_ns": trace.t_ns,
        "whole": extent.whole,
        "count": count,
        "lanes": [lane.to_json() for _, lane in sorted(trace.lanes.items())],
        "hosts": sorted(hosts),
        "gils": {str(lane): list(gils_of(trace, lane)) for lane in waiting},
        "strings": list(trace.strings),
        "states": [state.name for state in State],
        "edges": [asdict(edge) for edge in edges[:MOST_EDGES]],
        "edges_left_out": max(len(edges) - MOST_EDGES, 0),
        **({"block": base64.b64encode(segments.to_block()).decode()} if exact else {"shares": shares(extent, index or ViewIndex(trace))}),
    }
