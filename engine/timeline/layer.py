"""A layer: a step function of time, known up to now and growing.

value  ▔▔3▔▔│▁▁-1▁▁│▔▔3▔▔▔▔
t           ^       ^          changes are sorted; at a change the new value holds
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

_NONE = np.empty(0, np.int64)


class Layer:
    """`initial` holds before the first change. Only grows at its end; `forget` drops what no window will ask for again."""

    __slots__ = ("initial", "t", "value")

    def __init__(self, initial: int) -> None:
        self.initial = initial
        self.t: Ints = _NONE
        self.value: Ints = _NONE

    def extend(self, t: npt.ArrayLike, value: npt.ArrayLike) -> None:
        """Appends changes, those that change nothing left out; `t` must be sorted. What comes late counts from what is known."""
        times = np.atleast_1d(np.asarray(t, np.int64))
        if not len(times):
            return
        if len(self.t) and times[0] < self.t[-1]:
            times = np.maximum(times, self.t[-1])
        values = np.atleast_1d(np.asarray(value, np.int64))
        differs = np.diff(values, prepend=self.value[-1] if len(self.t) else self.initial) != 0
        self.t = np.concatenate((self.t, times[differs]))
        self.value = np.concatenate((self.value, values[differs]))

    def at(self, t: Ints) -> Ints:
        """The values at sorted times."""
        if not len(self.t):
            return np.full(len(t), self.initial, np.int64)
        index = np.searchsorted(self.t, t, "right") - 1
        return np.where(index >= 0, self.value[np.maximum(index, 0)], self.initial)

    def changes(self, t0: int, t1: int) -> Ints:
        """The times of changes inside `(t0, t1)`."""
        return self.t[np.searchsorted(self.t, t0, "right") : np.searchsorted(self.t, t1, "left")]

    def forget(self, before: int) -> None:
        keep = int(np.searchsorted(self.t, before, "right")) - 1
        if keep > 256:
            self.initial = int(self.value[keep - 1])
            self.t, self.value = self.t[keep:], self.value[keep:]


class Sightings:
    """What was seen at single moments: all of them, equal ones, too. `carried`: what was seen last is taken to hold on."""

    __slots__ = ("carried", "t", "value")

    def __init__(self, *, carried: bool) -> None:
        self.carried = carried
        self.t: Ints = _NONE
        self.value: Ints = _NONE

    def extend(self, t: Ints, value: Ints) -> None:
        """`t` must be sorted, and not before what is known."""
        self.t = np.concatenate((self.t, t))
        self.value = np.concatenate((self.value, value))

    def forget(self, before: int) -> None:
        keep = int(np.searchsorted(self.t, before, "right")) - 1
        if keep > 256:
            self.t, self.value = self.t[keep:], self.value[keep:]


def boundaries(layers: list[Layer], t0: int, t1: int) -> Ints:
    """Every moment in `[t0, t1)` at which some layer may change, `t0` first."""
    return distinct(np.concatenate([np.array([t0], np.int64), *(layer.changes(t0, t1) for layer in layers)]))


def distinct(values: Ints) -> Ints:
    """Sorted, each once. As `np.unique`, which imports all of masked arrays to say so, and takes five times as long for few of them."""
    ordered = np.sort(values)
    keep = np.empty(len(ordered), bool)
    keep[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=keep[1:])
    return ordered[keep]
