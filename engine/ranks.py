"""How much time the first so many rows of a lane spent in one state, or with one holder: at once, however many rows there are.

    row            0   1   2   3   4   5   6        a lane's segments, in order
    state          r   g   r   g   r   g   r
    running?       1   0   1   0   1   0   1        one bit a row; how many are set before every 64th is kept
    total          0   5   11  14  19               ns of the first 0, 1, 2 … of those rows

    of the first 5 rows, three are `running`: 14 ns

The bits take a fifth of a byte a row, the totals eight for each row that counts: over all states of a lane, little more than eight a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
import numpy.typing as npt

from engine.tape import Tape

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
_WORD = 64


class Place(NamedTuple):
    """Numbers of rows, and where that is among the bits."""

    rows: Ints
    word: Ints
    below: npt.NDArray[np.uint64]

    @classmethod
    def of(cls, rows: Ints) -> Place:
        return cls(rows, rows >> 6, (np.uint64(1) << (rows & 63).astype(np.uint64)) - np.uint64(1))


class Kept(Protocol):
    """What is kept of the rows that are of one kind."""

    def before(self, place: Place) -> Ints:
        """ns of those among the first so many rows."""

    def count(self, place: Place) -> Ints:
        """How many of the first so many rows are."""

    def grown(self, rows: int, here: Flags, durations: Ints) -> Self:
        """With the rows from `rows` on: which of them are, and how long each of these lasts."""


@dataclass(frozen=True, slots=True)
class Ranks:
    """By bits: quickest, for kinds that are many rows."""

    bits: Tape[np.uint64]
    ahead: Tape[np.int32]
    total: Tape[np.int64]
    tail: Flags
    """Of the rows since the last whole word: those that the next growth writes anew."""

    @classmethod
    def none(cls, rows: int) -> Ranks:
        """Of `rows` rows not one."""
        words = rows // _WORD + 1
        return cls(
            Tape(np.zeros(words, np.uint64)), Tape(np.zeros(words, np.int32)), Tape(np.zeros(1, np.int64)), np.zeros(rows % _WORD, bool)
        )

    def before(self, place: Place) -> Ints:
        return self.total.array[self.count(place)]

    def count(self, place: Place) -> Ints:
        inside = np.bitwise_count(self.bits.array[place.word] & place.below)
        return np.asarray(self.ahead.array[place.word] + inside.astype(np.int64), np.int64)

    def grown(self, rows: int, here: Flags, durations: Ints) -> Ranks:
        whole = np.concatenate([self.tail, here])
        first = rows // _WORD
        # One word more than is full, for what comes next: rows can be asked for up to their end.
        packed = np.zeros((len(whole) // _WORD + 1) * 8, np.uint8)
        bits = np.packbits(whole, bitorder="little")
        packed[: len(bits)] = bits
        words = packed.view("<u8")
        counts = np.cumsum(np.bitwise_count(words), dtype=np.int64)
        ahead = self.ahead.array[first] + np.concatenate([[0], counts[:-1]])
        total = self.total.array[-1] + np.cumsum(durations)
        tail = whole[len(whole) // _WORD * _WORD :].copy()  # A view would keep all of it.
        return Ranks(self.bits.put(first, words), self.ahead.put(first, ahead), self.total.add(total), tail)


@dataclass(frozen=True, slots=True)
class Rows:
    """By their numbers: smallest, for many kinds of which each is few rows."""

    rows: Tape[np.int32]
    total: Tape[np.int64]

    @classmethod
    def none(cls, _: int) -> Rows:
        """Not one."""
        return cls(Tape(np.zeros(0, np.int32)), Tape(np.zeros(1, np.int64)))

    def before(self, place: Place) -> Ints:
        return self.total.array[self.count(place)]

    def count(self, place: Place) -> Ints:
        return np.asarray(np.searchsorted(self.rows.array, place.rows.astype(np.int32)), np.int64)

    def grown(self, rows: int, here: Flags, durations: Ints) -> Rows:
        return Rows(self.rows.add(rows + np.flatnonzero(here)), self.total.add(self.total.array[-1] + np.cumsum(durations)))


@dataclass(frozen=True, slots=True)
class Busy:
    """Disjoint spells, sorted: how much time they take before any instant. For who asks once, and keeps nothing."""

    start: Ints
    end: Ints
    total: Ints

    @classmethod
    def of(cls, start: Ints, end: Ints) -> Busy:
        return cls(start, end, np.concatenate([[0], np.cumsum(end - start)]))

    def before(self, at: Ints) -> Ints:
        """ns of spells before each instant."""
        begun = np.searchsorted(self.start, at)
        if not len(self.end):
            return np.zeros(len(at), np.int64)
        over = self.end[np.maximum(begun - 1, 0)] - at
        return np.asarray(self.total[begun] - np.where(begun > 0, np.maximum(over, 0), 0), np.int64)


def kept_of(kinds: npt.NDArray[Any], durations: Ints, most: int) -> dict[int, Kept]:
    """Per kind that occurs (not negative) what is kept of its rows; by bits if the kinds are no more than `most`."""
    found = [int(kind) for kind in np.unique(kinds) if kind >= 0]
    if len(found) <= most:
        masks = ((kind, kinds == kind) for kind in found)
        return {kind: Ranks.none(0).grown(0, here, durations[here]) for kind, here in masks}
    order = np.argsort(kinds, kind="stable")
    first, last = np.searchsorted(kinds[order], found), np.searchsorted(kinds[order], found, "right")
    parts = {kind: order[a:b] for kind, a, b in zip(found, first.tolist(), last.tolist(), strict=True)}
    return {kind: Rows(Tape(rows.astype(np.int32)), Tape(np.append(0, np.cumsum(durations[rows])))) for kind, rows in parts.items()}


def kept_grown(kept: dict[int, Kept], rows: int, kinds: npt.NDArray[Any], durations: Ints, most: int) -> dict[int, Kept]:
    """The same with more rows, from `rows` on. Kinds that are new are kept by bits while all are no more than `most`."""
    met = {int(kind) for kind in np.unique(kinds) if kind >= 0}
    make: type[Ranks | Rows] = Ranks if len(met | kept.keys()) <= most else Rows
    grown = dict(kept)
    for kind in met | {kind for kind, one in kept.items() if isinstance(one, Ranks)}:
        here = kinds == kind
        grown[kind] = (kept.get(kind) or make.none(rows)).grown(rows, here, durations[here])
    return grown
