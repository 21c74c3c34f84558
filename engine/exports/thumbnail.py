"""The small picture of a trace in a list: the occupied fractions of the lanes that carry work, without axis or names."""

from __future__ import annotations

from engine.exports.palette import Palette
from engine.exports.picture import Canvas, Row, painted, png
from engine.exports.rows import chosen
from engine.views import ViewIndex

MOST_LANES = 12


def thumbnail(index: ViewIndex, width: int, height: int, palette: Palette) -> bytes:
    """A PNG of `width` × `height` pixels, transparent where nothing is; the whole trace as far as it is told.

    Meant to be shown at half that size: its patterns are twice as coarse.
    """
    rows = chosen(index.head, MOST_LANES, work_only=True)
    pitch = max(height // max(len(rows.lanes), 1), 1)
    gap = 1 if pitch < 16 else 2
    places = [Row(lane, number * pitch, max(pitch - gap, 1)) for number, lane in enumerate(rows.lanes)]
    return png(painted(index, places, rows.hues, Canvas(0, max(index.head.t_ns, 1), width, height, palette, grain=2)))
