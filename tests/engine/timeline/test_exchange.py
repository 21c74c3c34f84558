"""Both ends of an edge find each other, and an edge is told when the trace has come to its end."""

from __future__ import annotations

from engine.agent._gilscope import codes
from engine.timeline.exchange import Exchange
from engine.trace import Edge

TOKEN = codes.SUBMIT | 7 << 2


def test_the_ends_of_an_edge_find_each_other_in_either_order() -> None:
    for gives_first in (True, False):
        exchange = Exchange()
        ends = [(True, 1, 10), (False, 2, 30)]
        for gives, lane, t in ends if gives_first else ends[::-1]:
            assert exchange.news(100) == ()
            exchange.mark(gives, TOKEN, lane, t)
        assert exchange.news(100) == (Edge("submit", 1, 10, 2, 30),)
        assert exchange.news(100) == ()


def test_an_edge_is_told_no_sooner_than_the_moment_at_which_it_ends() -> None:
    exchange = Exchange()
    exchange.add("spawn", 1, 10, 2, 30)
    exchange.add("release", 1, 10, 2, 20)
    assert [edge.kind for edge in exchange.news(29)] == ["release"]
    assert [edge.kind for edge in exchange.news(30)] == ["spawn"]
    assert exchange.news(10**9) == ()
