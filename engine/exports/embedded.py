"""What a page that has no server carries with it: the exact segments, and what `views` would look up beside them.

The segments are a block as the store keeps it (`Segments.to_block`), some three bytes each; the page unpacks it and answers views from it
by the same arithmetic. What takes more than arithmetic is worked out here: who carries work, and for which GIL each lane may wait.
"""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import Any

import numpy as np

from engine.exports.extent import ExportError, Extent
from engine.scope import gils_of, host_of
from engine.trace import Segments, State

MOST_SEGMENTS = 2_000_000
"""A page keeps about forty bytes of memory for each."""
MOST_EDGES = 200_000


def embedded(extent: Extent) -> dict[str, Any]:
    """`{"version", "t0_ns", "t1_ns", "t_ns", "whole", "lanes", "hosts", "gils", "strings", "states", "edges", "edges_left_out", "block"}`.

    `block`: base64. `gils`: lane → the interpreter lanes for whose GIL it may wait. Raises ExportError for more than MOST_SEGMENTS.
    """
    trace, count = extent.trace, extent.count
    if count > MOST_SEGMENTS:
        share = max(round((min(extent.t1, trace.t_ns) - max(extent.t0, 0)) * MOST_SEGMENTS / count * 0.8), 1)
        raise ExportError(
            f"{count:,} segments are more than a page without a server can hold ({MOST_SEGMENTS:,}): zoom in and take what you see, "
            f"name a window (t0={max(extent.t0, 0)}, t1={max(extent.t0, 0) + share} would fit), or take a bundle"
        )
    segments = Segments.concat(extent.pieces())
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
        "lanes": [lane.to_json() for _, lane in sorted(trace.lanes.items())],
        "hosts": sorted(hosts),
        "gils": {str(lane): list(gils_of(trace, lane)) for lane in waiting},
        "strings": list(trace.strings),
        "states": [state.name for state in State],
        "edges": [asdict(edge) for edge in edges[:MOST_EDGES]],
        "edges_left_out": max(len(edges) - MOST_EDGES, 0),
        "block": base64.b64encode(segments.to_block()).decode(),
    }
