"""Edges as columns, to be found by window and lane.

worker-1   ──────●                     an edge is in a window if any part of [from, to] is:
                  ╲                    the one drawn here is in [a, b) and in [b, c)
worker-2   ────────●──────
           a     b     c
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.trace import Edge

Ints = npt.NDArray[np.int64]
NO_EDGES: dict[str, Any] = {"edges": [], "edges_in_window": None}
"""What is told to those who have asked for none."""


class EdgeIndex:
    """The edges of one snapshot of a trace, in the order in which they were recorded."""

    def __init__(self, edges: Sequence[Edge], before: EdgeIndex | None = None) -> None:
        """`before`: that of an older snapshot, whose edges these begin with: only the later ones are read."""
        self._edges = edges
        known = before._rows if before is not None else np.zeros((0, 4), np.int64)
        later = [(edge.from_lane, edge.from_ns, edge.to_lane, edge.to_ns) for edge in edges[len(known) :]]
        self._rows: Ints = np.concatenate([known, np.array(later, np.int64).reshape(-1, 4)])
        self._from_lane, self._from_ns, self._to_lane, self._to_ns = self._rows.T

    def within(self, t0: int, t1: int, lanes: Collection[int]) -> Ints:
        """Places of the edges that reach into `[t0, t1)` and begin or end on one of `lanes`."""
        some = np.fromiter(lanes, np.int64, len(lanes))
        here = (self._from_ns < t1) & (self._to_ns >= t0)
        return np.flatnonzero(here & (np.isin(self._from_lane, some) | np.isin(self._to_lane, some)))

    def touching(self, lane: int, t0: int, t1: int) -> list[Edge]:
        """The edges that reach into `[t0, t1)` and begin or end on the lane, by the time at which they end."""
        found = [self._edges[at] for at in self.within(t0, t1, (lane,)).tolist()]
        return sorted(found, key=lambda edge: (edge.to_ns, edge.from_ns))

    def told(self, t0: int, t1: int, lanes: Collection[int], budget: int) -> dict[str, Any]:
        """`{"edges", "edges_in_window"}`: all of them if they are no more than `budget`, else none, and how many there are.

        A choice among them would look like all there are. A budget of 0 does not count them, either: `edges_in_window` is None.
        """
        if budget <= 0:
            return NO_EDGES
        found = self.within(t0, t1, lanes)
        few = found.tolist() if len(found) <= budget else []
        return {"edges": [asdict(self._edges[at]) for at in few], "edges_in_window": len(found)}
