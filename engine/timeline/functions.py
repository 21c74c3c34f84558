"""Fills in `detail` of work: the Python function in which the thread was seen most of that time; nothing where it was not seen.

seen        f                 g           a few times a hundredth of a second
row      ▔▔▔▔▔│gil_wait│▔▔▔▔▔│runnable│▔▔▔▔▔
detail     f              g           g   made to wait, it is in the function that it was in before, and is in after
"""

from __future__ import annotations

import numpy as np

from engine.timeline.layer import Sightings
from engine.timeline.pen import Rows
from engine.trace import State

_MADE_TO_WAIT = (State.gil_wait, State.runnable)


def with_functions(rows: Rows, seen: Sightings) -> Rows:
    """`seen`: numbers of the trace's strings. Rows of one lane, in the order of time; those that have a detail keep it."""
    if not len(seen.t) or not len(rows):
        return rows
    start, end, state, detail = rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3]
    work = ((state == State.running) | (state == State.native)) & (detail < 0)
    made_to_wait = np.isin(state, _MADE_TO_WAIT)
    after = np.append(made_to_wait[1:] & (start[1:] == end[:-1]), False)
    before = np.append(False, made_to_wait[:-1] & (start[1:] == end[:-1]))
    first, last = np.searchsorted(seen.t, start, "left"), np.searchsorted(seen.t, end, "left")
    for row in np.flatnonzero(work & (last > first)).tolist():
        names = seen.value[first[row] : last[row]].tolist()
        rows[row, 3] = max(dict.fromkeys(names), key=names.count)
    for row in np.flatnonzero(work & (last == first)).tolist():
        if after[row] and last[row + 1] > first[row + 1]:
            rows[row, 3] = seen.value[first[row + 1]]
        elif before[row] and last[row - 1] > first[row - 1]:
            rows[row, 3] = seen.value[last[row - 1] - 1]
    return rows
