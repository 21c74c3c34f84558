"""What a page without a server carries of a trace with too many segments: the share of each state in columns of time, for every lane.

    worker-1   running    255 128  64 …      one byte a column, 255 is all of it: the occupied fractions of `engine.views`
               gil_wait     0 127 191 …
    GIL        by holder: 4 → 200 …, 5 → 55 …

Columns are as fine as fits into CELLS bytes over all lanes.
"""

from __future__ import annotations

from typing import Any

from engine.exports.extent import Extent
from engine.grid import MAX_COLUMNS
from engine.views import MAX_LANES, ViewIndex

CELLS = 24_000_000
_ROWS_A_LANE = 4
"""States and holders of one lane, about."""
_LEAST_COLUMNS = 256


def shares(extent: Extent, index: ViewIndex) -> dict[str, Any]:
    """`{"t0_ns", "ns_per_column", "columns", "lanes": {lane: {"states", "holders", "count"}}, "at_work"}`; columns are base64.

    `count`: how many segments the lane has in the window. `at_work` is as a view tells it.
    """
    lanes = sorted(index.head.lanes)
    columns = min(max(CELLS // max(len(lanes) * _ROWS_A_LANE, 1), _LEAST_COLUMNS), MAX_COLUMNS)
    t0, t1 = max(extent.t0, 0), min(extent.t1, max(index.head.t_ns, 1))
    told: dict[str, Any] = {}
    whole = index.view(t0, t1, columns, lanes[:1], budget=0, at_work=True)
    for first in range(0, len(lanes), MAX_LANES):
        part = index.view(t0, t1, columns, lanes[first : first + MAX_LANES], budget=0)
        for lane in part["lanes"]:
            key = str(lane)
            told[key] = {"states": part["coverage"][key], "holders": part["holders"].get(key, {}), "count": index.lane(lane).count(t0, t1)}
    return {name: whole[name] for name in ("t0_ns", "ns_per_column", "columns", "at_work")} | {"lanes": told}
