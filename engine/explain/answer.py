"""What the question "why?" is answered with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from engine.trace import Edge, Exactness, State


@dataclass(frozen=True, slots=True)
class Spell:
    """One segment. `open`: it has not ended yet, and `end` is how far the trace is told."""

    lane: int
    start: int
    end: int
    state: State
    detail: str | None = None
    ref: int | None = None
    open: bool = False

    @property
    def ns(self) -> int:
        return self.end - self.start

    def to_json(self) -> dict[str, Any]:
        """As the contract spells a segment."""
        return {
            "lane": self.lane,
            "start_ns": self.start,
            "end_ns": self.end,
            "state": self.state.name,
            "detail": self.detail,
            "ref": self.ref,
        }


@dataclass(frozen=True, slots=True)
class Because:
    """A place to look at: `[start_ns, end_ns)` of a lane, what that was in then, and what it has to do with the question.

    `ns` is how much of the time in question it accounts for, which may be more than this one place, or less.
    """

    lane: int
    start_ns: int
    end_ns: int
    state: State
    ns: int
    text: str

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "state": self.state.name}


@dataclass(frozen=True, slots=True)
class Answer:
    """`text` is one sentence or two, with a full stop. `because` are the gravest first, `edges` in the order of their ends."""

    text: str
    because: tuple[Because, ...] = ()
    edges: tuple[Edge, ...] = ()
    advice: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer to one question: the segment of `lane` at `t_ns` (None where the lane has none), and why it is as it is.

    `exactness` is that of the weakest lane which the answer rests on.
    """

    lane: int
    t_ns: int
    spell: Spell | None
    answer: Answer
    exactness: Exactness

    def to_json(self) -> dict[str, Any]:
        """As the contract spells it."""
        return {
            "lane": self.lane,
            "t_ns": self.t_ns,
            "segment": None if self.spell is None else self.spell.to_json(),
            "open": self.spell is not None and self.spell.open,
            "text": self.answer.text,
            "because": [because.to_json() for because in self.answer.because],
            "edges": [asdict(edge) for edge in self.answer.edges],
            "exactness": self.exactness,
            "advice": self.answer.advice,
        }


def weakest(levels: Iterable[Exactness]) -> Exactness:
    """The least exact of several; `exact` of none."""
    order: Sequence[Exactness] = ("exact", "sampled", "inferred")
    return max(levels, key=order.index, default="exact")
