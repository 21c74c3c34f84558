"""What lanes do to each other: who made whom, what was handed on to whom, who woke whom."""

from __future__ import annotations

from engine.agent._gilscope import codes
from engine.trace import Edge, EdgeKind

_KINDS: dict[int, EdgeKind] = {codes.SUBMIT: "submit", codes.MESSAGE: "message", codes.RELEASE: "release"}
_MOST_PENDING = 100_000


class Exchange:
    """Matches the two ends of edges, which come from different threads in any order. `news` are the edges that are whole."""

    def __init__(self) -> None:
        self._news: list[Edge] = []
        self._given: dict[int, tuple[int, int]] = {}
        self._taken: dict[int, tuple[int, int]] = {}

    def mark(self, gives: bool, token: int, lane: int, t: int) -> None:
        """One end, as GIVE or TAKE marks it. What nobody takes is forgotten when there is too much of it."""
        kind = _KINDS.get(token & 3)
        if kind is None:
            return
        mine, others = (self._given, self._taken) if gives else (self._taken, self._given)
        other = others.pop(token, None)
        if other is None:
            mine[token] = (lane, t)
            if len(mine) > _MOST_PENDING:
                del mine[next(iter(mine))]
        elif gives:
            self.add(kind, lane, t, *other)
        else:
            self.add(kind, *other, lane, t)

    def add(self, kind: EdgeKind, from_lane: int, from_ns: int, to_lane: int, to_ns: int) -> None:
        self._news.append(Edge(kind, from_lane, max(from_ns, 0), to_lane, max(to_ns, from_ns, 0)))

    def news(self, upto: int) -> tuple[Edge, ...]:
        """Those that became whole since it was asked, and end by `upto`: a trace that is cut off there has none that ends later."""
        told = tuple(edge for edge in self._news if edge.to_ns <= upto)
        self._news = [edge for edge in self._news if edge.to_ns > upto]
        return told
