"""The book of a timeline: which lanes there are, what they are called, which details have a number. Says what is new since it was asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.trace import Lane, LaneKind


class Book:
    """Lanes by id, in the order in which they were opened; details by number."""

    def __init__(self) -> None:
        self._lanes: dict[int, Lane] = {}
        self._changed: dict[int, None] = {}
        self._strings: dict[str, int] = {}
        self._texts: list[str] = []
        self._new_strings: list[str] = []

    def lane(
        self, kind: LaneKind, name: str, start: int, *, parent: int | None = None, pid: int | None = None, tid: int | None = None
    ) -> int:
        """Opens a lane; answers its id."""
        number = len(self._lanes) + 1
        self._lanes[number] = Lane(number, parent, kind, name, pid, tid, start)
        self._changed[number] = None
        return number

    def __getitem__(self, lane: int) -> Lane:
        return self._lanes[lane]

    def change(self, lane: int, **fields: Any) -> None:
        """Alters what is known of a lane; told again only if it differs."""
        changed = replace(self._lanes[lane], **fields)
        if changed != self._lanes[lane]:
            self._lanes[lane] = changed
            self._changed[lane] = None

    def string(self, text: str) -> int:
        """The number of a detail."""
        if text not in self._strings:
            self._strings[text] = len(self._strings)
            self._texts.append(text)
            self._new_strings.append(text)
        return self._strings[text]

    def text(self, number: int) -> str:
        """The detail that has this number."""
        return self._texts[number]

    def news(self) -> tuple[tuple[Lane, ...], tuple[str, ...]]:
        """Lanes and strings that are new or changed, parents before children."""
        lanes, strings = tuple(self._lanes[lane] for lane in sorted(self._changed)), tuple(self._new_strings)
        self._changed.clear()
        self._new_strings.clear()
        return lanes, strings
