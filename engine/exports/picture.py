"""The occupied fractions of lanes as an image: in each column of pixels the shares of a lane's states are stacked.

    100 % ┌──────────────┐
          │░░░░░░░░░░░░░░│ waiting for the GIL 75 %
          │██████████████│ running 25 %
      0 % └──────────────┘ t →

Two threads that alternate faster than a pixel are both shown half full, never both solid.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.exports.palette import PATTERNS, STACK, Palette, channels
from engine.trace import Lane, State
from engine.views import ViewIndex

Pixels = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Row:
    """A lane `top` pixels from above and `height` pixels high."""

    lane: Lane
    top: int
    height: int


@dataclass(frozen=True, slots=True)
class Canvas:
    """What is painted: `[t0, t1)` on `width` × `height` pixels. `grain`: pixels to one of a pattern's."""

    t0: int
    t1: int
    width: int
    height: int
    palette: Palette
    grain: int = 1

    @property
    def edges(self) -> Ints:
        """ns at which columns begin, and where the last one ends; ascending."""
        return self.t0 + (np.arange(self.width + 1, dtype=np.int64) * (self.t1 - self.t0)) // self.width


def painted(index: ViewIndex, rows: Sequence[Row], hues: dict[int, int], canvas: Canvas) -> Pixels:
    """RGBA by line and column; transparent where nothing is."""
    pixels = np.zeros((canvas.height, canvas.width, 4), np.uint8)
    edges = canvas.edges
    for row in rows:
        area = pixels[row.top : row.top + row.height]
        if row.lane.kind in ("interpreter", "cpu"):
            _holders(area, index, row, hues, canvas, edges)
        else:
            _states(area, index, row, canvas, edges)
    return pixels


def png(pixels: Pixels) -> bytes:
    """The image as a file. The same pixels make the same bytes."""
    height, width, _ = pixels.shape
    lines = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, width * 4)], axis=1)
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(lines.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


def _states(area: Pixels, index: ViewIndex, row: Row, canvas: Canvas, edges: Ints) -> None:
    spans = np.maximum(np.diff(edges), 1)
    shares = {state: part / spans for state, part in index.lane(row.lane.id).shares(edges).items()}
    filled = np.zeros(canvas.width)
    y, x = np.mgrid[0 : len(area), 0 : canvas.width]
    for state in STACK:
        if state not in shares:
            continue
        before, filled = filled, filled + shares[state]
        # Only process lanes are `running` without being on a core: for them it is a thin line of life.
        inside = _between(before, filled, len(area)) if row.lane.kind != "process" else _line(shares[state] > 0, len(area))
        pattern = PATTERNS.get(state)
        ink, gaps = canvas.palette.tones(state)
        is_ink = np.ones(inside.shape, bool) if pattern is None else pattern(x // canvas.grain, (y + row.top) // canvas.grain)
        _fill(area, inside & is_ink, ink)
        _fill(area, inside & ~is_ink, gaps)
    if State.idle in shares:
        _fill(area, _line(shares[State.idle] > 0.5, len(area)), canvas.palette.states[State.idle])
    if State.unknown in shares:
        dashes = (shares[State.unknown] > 0.5) & (np.arange(canvas.width) // canvas.grain % 8 < 5)
        outline = np.zeros(area.shape[:2], bool)
        outline[[0, -1]] = dashes
        _fill(area, outline, canvas.palette.states[State.unknown])


def _holders(area: Pixels, index: ViewIndex, row: Row, hues: dict[int, int], canvas: Canvas, edges: Ints) -> None:
    lane = index.lane(row.lane.id)
    spans = np.maximum(np.diff(edges), 1)
    filled = np.zeros(canvas.width)
    for ref in sorted(lane.refs(canvas.t0, canvas.t1), key=lambda ref: (hues.get(ref, len(hues)), ref)):
        before, filled = filled, filled + np.diff(lane.by_ref(ref).before(edges)) / spans
        _fill(area, _between(before, filled, len(area)), canvas.palette.holder(hues.get(ref)))


def _between(before: npt.NDArray[np.float64], after: npt.NDArray[np.float64], height: int) -> npt.NDArray[np.bool_]:
    """Which pixels lie between two heights, as shares of the row from its bottom."""
    from_bottom = np.arange(height)[::-1, None]
    low, high = np.round(before * height), np.round(after * height)
    return np.asarray((from_bottom >= low) & (from_bottom < high), bool)


def _line(where: npt.NDArray[np.bool_], height: int) -> npt.NDArray[np.bool_]:
    """A thin line in the middle of the row."""
    line = np.zeros((height, len(where)), bool)
    line[max(height // 2 - 1, 0) : height // 2 + 1] = where
    return line


def _fill(area: Pixels, where: npt.NDArray[np.bool_], colour: str) -> None:
    area[where] = (*channels(colour), 255)
