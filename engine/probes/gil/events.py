"""What the GIL probe tells: who holds it, who asks for it, and how well that is known. All times are absolute CLOCK_MONOTONIC ns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Source = Literal["exact", "sampled", "off", "absent"]

NOBODY, UNKNOWN = 0, -1


@dataclass(frozen=True, slots=True, eq=False)
class Holds:
    """From `t` on, thread `tid` holds the GIL of an interpreter of process `pid`; `NOBODY` or `UNKNOWN` in place of a thread. Columns,
    sorted by `t`. `interpreter`: CPython's number of it, 0 for the main one.

    For one interpreter each row differs from the one before. Before its first row nothing is known. Rows end with the process, not before.
    """

    t: Ints
    pid: Ints
    tid: Ints
    interpreter: Ints

    def __len__(self) -> int:
        return len(self.t)

    @classmethod
    def of(cls, rows: list[tuple[int, int, int, int]]) -> Holds:
        """From rows of (t, pid, tid, interpreter)."""
        return cls(*np.array(rows, np.int64).reshape(-1, 4).T)


@dataclass(frozen=True, slots=True, eq=False)
class Asks:
    """At `t`, thread `tid` of process `pid` began to ask for the GIL of an interpreter, free or not. Columns, sorted by `t`.

    Only exact sources tell. Which interpreter's it is, what the thread takes next tells.
    """

    t: Ints
    pid: Ints
    tid: Ints

    def __len__(self) -> int:
        return len(self.t)

    @classmethod
    def of(cls, rows: list[tuple[int, int, int]]) -> Asks:
        return cls(*_columns(rows))


@dataclass(frozen=True, slots=True)
class SourceChange:
    """From `t` on, what is told of an interpreter of process `pid` comes from this source. `absent`: it has no GIL, or has none any more.

    `why`: in words for people, "" when there is nothing to say. Of an interpreter other than the main one, which has a GIL of its own, the
    first change tells that it is there, and an `absent` one that it has ended.
    """

    t: int
    pid: int
    source: Source
    why: str = ""
    interpreter: int = 0


@dataclass(frozen=True, slots=True)
class GilEvents:
    """What became known since the last time. Nothing before `watermark_ns` will be told later."""

    holds: Holds
    asks: Asks
    changes: tuple[SourceChange, ...]
    watermark_ns: int


@dataclass(frozen=True, slots=True)
class GilAccount:
    """CPython's own count of hand-offs (`switch_number`) of one GIL against ours, both of `[since_ns, until_ns]`, as far as it was seen.

    A hand-off is a taking of the GIL by another thread than the one before, or by the same one with another thread state. `source` is the
    present one.
    `contradictions`: records of a thread that took the GIL while another held it, or dropped what it did not hold. 0 is the truth; more
    means that records were lost without a word.
    """

    handoffs: int
    seen: int
    since_ns: int
    until_ns: int
    source: Source
    contradictions: int


def _columns(rows: list[tuple[int, int, int]]) -> tuple[Ints, Ints, Ints]:
    t, pid, tid = np.array(rows, np.int64).reshape(-1, 3).T
    return t, pid, tid
