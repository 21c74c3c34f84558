"""Fills in `detail` of work: the Python function in which the thread was seen most of that time; nothing where it was not seen."""

from __future__ import annotations

import numpy as np

from engine.timeline.layer import Sightings
from engine.timeline.pen import Rows
from engine.trace import State


def with_functions(rows: Rows, seen: Sightings) -> Rows:
    """`seen`: numbers of the trace's strings. Rows that have a detail keep it."""
    work = ((rows[:, 2] == State.running) | (rows[:, 2] == State.native)) & (rows[:, 3] < 0)
    first = np.searchsorted(seen.t, rows[:, 0], "left")
    last = np.searchsorted(seen.t, rows[:, 1], "left")
    for row in np.flatnonzero(work & (last > first)).tolist():
        names = seen.value[first[row] : last[row]].tolist()
        rows[row, 3] = max(dict.fromkeys(names), key=names.count)
    return rows
