"""A pen draws one lane: closed segments once and for all, and one that is still open.

├──── closed, told ────┼─ open ─▸│  settling, looked at again  │ watermark
                               upto
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.timeline.runs import Runs

Rows = npt.NDArray[np.int64]
"""Of five columns: start, end, state, detail, ref."""
NO_ROWS: Rows = np.empty((0, 5), np.int64)

LOOK_BACK_NS = 50_000_000


class Pen:
    """`open` is (start, state, detail, ref) of what has begun and not ended; `drawn` is how far the lane is decided."""

    __slots__ = ("drawn", "open")

    def __init__(self, start: int) -> None:
        self.drawn = start
        self.open: tuple[int, int, int, int] | None = None

    @property
    def look_from(self) -> int:
        """Where the next runs should begin: with what is open, but not too long ago."""
        return self.drawn if self.open is None else max(self.open[0], self.drawn - LOOK_BACK_NS)

    def draw(self, runs: Runs, upto: int) -> Rows:
        """The rows that are closed now, given merged runs that begin at `look_from` or earlier and reach `upto` or further."""
        which = np.flatnonzero((runs.start < upto) & (runs.stop > self.drawn))
        drawn, self.drawn = self.drawn, max(self.drawn, upto)
        if not len(which):
            return NO_ROWS
        start = runs.start[which]
        key = np.stack((runs.state[which], runs.detail[which], runs.ref[which]), axis=1)
        now = self.open
        closed = NO_ROWS
        if now is None or int(start[0]) < now[0]:
            start[0] = max(int(start[0]), drawn)
        if now is not None:
            if now[1:] == tuple(key[0].tolist()):
                start[0] = now[0]
            elif now[0] < start[0]:
                closed = np.array([[now[0], start[0], *now[1:]]], np.int64)
            else:
                start[0] = now[0]
        state, detail, ref = key[-1].tolist()
        self.open = (int(start[-1]), state, detail, ref)
        rows = np.column_stack((start[:-1], start[1:], key[:-1]))
        return rows if not len(closed) else np.concatenate((closed, rows))

    def amend(self, state: int, detail: int) -> None:
        """What is open, if it is in that state, turns out to have had this detail all the time."""
        if self.open is not None and self.open[1] == state:
            self.open = (self.open[0], state, detail, self.open[3])

    def close(self, end: int) -> Rows:
        """Ends the lane at `end`."""
        rows = self.open_at(end)
        self.open = None
        self.drawn = max(self.drawn, end)
        return rows

    def open_at(self, t: int) -> Rows:
        now = self.open
        return np.array([[now[0], t, *now[1:]]], np.int64) if now is not None and t > now[0] else NO_ROWS
