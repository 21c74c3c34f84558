"""Runs: neighbouring stretches of one lane, each in one state, without gaps. `start[i]` to `start[i+1]`, the last to `end`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """Columns of equal length. Run `i` lasts from `start[i]` to the next one's start."""

    start: Ints
    end: int
    state: Ints
    detail: Ints
    ref: Ints

    def __len__(self) -> int:
        return len(self.start)

    @property
    def stop(self) -> Ints:
        return np.append(self.start[1:], self.end)

    @property
    def length(self) -> Ints:
        return self.stop - self.start

    def merged(self) -> Runs:
        """With equal neighbours joined."""
        if len(self) < 2:
            return self
        differs = (np.diff(self.state) != 0) | (np.diff(self.detail) != 0) | (np.diff(self.ref) != 0)
        keep = np.append(True, differs)
        return Runs(self.start[keep], self.end, self.state[keep], self.detail[keep], self.ref[keep])

    def absorbed(self, state: int, into: int, shorter_than: int, *, both_sides: bool) -> Runs:
        """With short stretches of `state` beside `into` (on both sides, or on one) counted as part of it; joined."""
        is_state, is_into = self.state == state, self.state == into
        if not is_state.any() or not is_into.any():
            return self
        before = np.append(False, is_into[:-1])
        after = np.append(is_into[1:], False)
        beside = (before & after) if both_sides else (before | after)
        hit = is_state & (self.length < shorter_than) & beside
        if not hit.any():
            return self
        # Of the neighbour that it joins, the one before where there is one.
        source = np.where(before, np.arange(len(self)) - 1, np.minimum(np.arange(len(self)) + 1, len(self) - 1))
        pick = np.where(hit, source, np.arange(len(self)))
        return Runs(self.start, self.end, self.state[pick], self.detail[pick], self.ref[pick]).merged()
