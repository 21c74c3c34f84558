"""Edges: what one lane did to another, from a moment of the one to a moment of the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

EdgeKind = Literal["spawn", "submit", "release", "message"]
EDGE_KINDS: tuple[EdgeKind, ...] = ("spawn", "submit", "release", "message")


@dataclass(frozen=True, slots=True)
class Edge:
    """`kind` is one of

        spawn     a thread or process was made           from its maker to its own first moment
        submit    work was handed to a pool              from who submitted it to where it began: the time between is the queue's
        release   a lock was let go, a waiter woken      from who let go to who had waited
        message   something was put, sent or set         from the sender to the receiver

    Times are ns since the trace began; `from_ns <= to_ns`.
    """

    kind: EdgeKind
    from_lane: int
    from_ns: int
    to_lane: int
    to_ns: int

    def to_json(self) -> list[Any]:
        return [self.kind, self.from_lane, self.from_ns, self.to_lane, self.to_ns]

    @classmethod
    def from_json(cls, value: Any) -> Edge:
        """From hostile JSON. Raises ValueError that says what is wrong."""
        if not isinstance(value, list) or len(value) != 5 or value[0] not in EDGE_KINDS:
            raise ValueError(f"an edge must be [{'|'.join(EDGE_KINDS)}, from lane, from ns, to lane, to ns]")
        kind, *numbers = value
        if any(not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 2**62 for number in numbers):
            raise ValueError("an edge's lanes and times must be integers from 0 on")
        from_lane, from_ns, to_lane, to_ns = numbers
        if from_ns > to_ns:
            raise ValueError("an edge must not end before it begins")
        return cls(kind, from_lane, from_ns, to_lane, to_ns)
