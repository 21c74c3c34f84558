"""A pen draws one lane: closed segments once and for all, and one that is still open.

├──── closed, told ────┼─ open ─▸│  settling, looked at again  │ watermark
                               upto
"""

from __future__ import annotations

from engine.timeline.runs import Runs

Row = tuple[int, int, int, int, int]
"""start, end, state, detail, ref"""

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

    def draw(self, runs: Runs, upto: int) -> list[Row]:
        """The rows that are closed now, given runs that begin at `look_from` or earlier and reach `upto` or further."""
        rows: list[Row] = []
        for start, stop, state, detail, ref in zip(
            runs.start.tolist(), runs.stop.tolist(), runs.state.tolist(), runs.detail.tolist(), runs.ref.tolist(), strict=True
        ):
            if start >= upto:
                break
            if stop <= self.drawn:
                continue
            now = self.open
            if now is not None and now[1:] == (state, detail, ref):
                continue
            begin = max(start, self.drawn) if now is None or start < now[0] else start
            if now is not None and now[0] < begin:
                rows.append((now[0], begin, *now[1:]))
            self.open = (begin if now is None or now[0] <= begin else now[0], state, detail, ref)
        self.drawn = max(self.drawn, upto)
        return rows

    def close(self, end: int) -> list[Row]:
        """Ends the lane at `end`."""
        now, self.open = self.open, None
        self.drawn = max(self.drawn, end)
        return [(now[0], end, *now[1:])] if now is not None and end > now[0] else []

    def open_at(self, t: int) -> list[Row]:
        now = self.open
        return [(now[0], t, *now[1:])] if now is not None and t > now[0] else []
