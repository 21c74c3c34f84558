"""How many threads that carry work are on a core, over any window: whatever the number of threads.

    worker-1   ▁▁▁▔▔▔▔▔▁▁▁▔▔▔
    worker-2   ▔▔▔▔▔▁▁▁▁▁▁▔▔▔
    number     1   2 1  0   2       → its integral over time, at the instants where it changes

The integral at any instant is a binary search and a multiplication; its difference over a column, by the column's length, is the average.
"""

from __future__ import annotations

import base64
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.grid import Grid
from engine.trace import ON_CORE, Segments

Ints = npt.NDArray[np.int64]
_ON_CORE = sorted(ON_CORE)


@dataclass(frozen=True, slots=True)
class _Layer:
    """Instants in order, and from each the number on a core and the ns on cores before it."""

    at: Ints
    number: npt.NDArray[np.int32]
    before: Ints

    @classmethod
    def of(cls, at: Ints, change: npt.NDArray[np.int32]) -> _Layer:
        """From changes in any order; those of one instant become one, and none where it is none after all."""
        order = np.argsort(at, kind="stable")
        at, number = at[order], np.cumsum(change[order], dtype=np.int32)
        last = np.append(at[1:] != at[:-1], True) if len(at) else np.zeros(0, bool)
        at, number = at[last], number[last]
        changed = np.diff(number, prepend=np.int32(0)) != 0
        at, number = at[changed], number[changed]
        return cls(at, number, np.append(0, np.cumsum(number[:-1] * np.diff(at)))[: len(at)])

    def joined(self, other: _Layer) -> _Layer:
        changes = (np.diff(layer.number, prepend=np.int32(0)) for layer in (self, other))
        return _Layer.of(np.concatenate([self.at, other.at]), np.concatenate(list(changes)))

    def until(self, at: Ints) -> Ints:
        """ns on cores before each instant."""
        row = np.searchsorted(self.at, at, "right") - 1
        first = np.maximum(row, 0)
        return np.where(row < 0, 0, self.before[first] + self.number[first] * (at - self.at[first]))


@dataclass(frozen=True, slots=True)
class AtWork:
    """Immutable. What is added later is layers of their own, joined when the last is no longer much smaller than the one before.

    Takes twenty bytes for each instant at which the number changes: two for each time on a core, at most.
    """

    hosts: frozenset[int]
    layers: tuple[_Layer, ...] = ()

    def grown(self, closed: Segments) -> AtWork:
        """With more closed segments, of any lanes."""
        part = _working(closed, self.hosts)
        if not len(part):
            return self
        one = np.ones(len(part), np.int32)
        layers = [*self.layers, _Layer.of(np.concatenate([part.start, part.end]), np.concatenate([one, -one]))]
        while len(layers) > 1 and 2 * len(layers[-1].at) >= len(layers[-2].at):
            layers[-2:] = [layers[-2].joined(layers[-1])]
        return AtWork(self.hosts, tuple(layers))

    def told(self, grid: Grid, growing: Segments) -> dict[str, Any]:
        """`{"most", "bytes"}`: one byte a column, of which 255 is `most`, the highest average of a column. `growing`: the open segments."""
        edges = grid.edges
        total = np.zeros(len(edges), np.int64)
        for layer in self.layers:
            if len(layer.at):
                total += layer.until(edges)
        for row in _working(growing, self.hosts).rows():
            total += np.clip(edges, row[1], row[2]) - row[1]
        average = np.diff(total) / grid.ns_per_column
        most = float(average.max(initial=0))
        scaled = np.rint(average * (255 / most)) if most > 0 else average
        return {"most": round(most, 6), "bytes": base64.b64encode(scaled.astype(np.uint8).tobytes()).decode()}


def _working(segments: Segments, hosts: Collection[int]) -> Segments:
    """Of these lanes, and on a core."""
    if not len(segments):
        return segments
    here = np.isin(segments.state, _ON_CORE)
    some = segments.take(here)
    return some.take(np.isin(some.lane, list(hosts)))
