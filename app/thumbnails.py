"""Small pictures of traces, made once: a list of fifty traces reads none of their records again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from app.store import Row, Snapshot
from engine.exports.palette import DARK, LIGHT
from engine.exports.thumbnail import thumbnail

WIDTH, HEIGHT = 264, 88
"""Twice what the list shows, for screens that are that fine."""
MOST_KEPT = 1000


class Thumbnails:
    """PNGs of finished traces by digest and theme; thread-safe. One picture is made at a time: reading a large trace is work."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._gate, self._work = threading.Lock(), threading.Lock()
        self._kept: OrderedDict[str, bytes] = OrderedDict()

    def png(self, row: Row, theme: str, snapshot: Callable[[], Snapshot | None]) -> bytes | None:
        """The picture of the trace as it is now; its record is asked for only if there is none yet. None if the trace is gone."""
        key = self.key(row, theme)
        with self._gate:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        with self._work:
            found = snapshot()
            if found is None:
                return None
            made = thumbnail(found.index, WIDTH, HEIGHT, DARK if theme == "dark" else LIGHT)
        if row.finished:
            with self._gate:
                self._kept[key] = made
                while len(self._kept) > self._most:
                    self._kept.popitem(last=False)
        return made

    @staticmethod
    def key(row: Row, theme: str) -> str:
        """Equal for equal pictures."""
        return f"{row.id}-{row.number}-{row.t_ns}-{row.status}-{theme}"
