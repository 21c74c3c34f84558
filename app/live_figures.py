"""Figures of traces that have not ended: made once for all who look, and of large ones not for every frame, for the run's sake."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from app.store import Snapshot
from app.trace_object import Figures, figures_so_far

CHEAP_S = 0.02
"""Figures that take no longer are made for every moment that is asked about."""
SHARE = 0.1
"""Of the time, that dearer ones may take."""
_MOST_KEPT = 50


@dataclass(frozen=True, slots=True)
class _Made:
    seq: int
    at: float
    cost: float
    figures: Figures


class LiveFigures:
    """Thread-safe. While one thread makes the figures of a trace, others who want them wait for it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._gate = threading.Lock()
        self._gates: OrderedDict[int, threading.Lock] = OrderedDict()
        self._made: dict[int, _Made] = {}

    def of(self, snapshot: Snapshot) -> Figures:
        """Of a trace that is going on: those of this moment, or of one shortly before."""
        number = snapshot.row.number
        with self._gate_of(number):
            made = self._made.get(number)
            if made is None or not self._good_enough(made, snapshot.seq):
                begun = self._clock()
                figures = figures_so_far(snapshot)
                over = self._clock()
                made = self._made[number] = _Made(snapshot.seq, over, over - begun, figures)
        return made.figures

    def _good_enough(self, made: _Made, seq: int) -> bool:
        if made.seq == seq:
            return True
        return made.cost > CHEAP_S and self._clock() - made.at < made.cost / SHARE

    def _gate_of(self, number: int) -> threading.Lock:
        with self._gate:
            gate = self._gates.setdefault(number, threading.Lock())
            self._gates.move_to_end(number)
            while len(self._gates) > _MOST_KEPT:
                self._made.pop(self._gates.popitem(last=False)[0], None)
            return gate
