"""Edges by window and lane."""

from __future__ import annotations

from engine.edge_index import NO_EDGES, EdgeIndex
from engine.trace import Edge

EDGES = (
    Edge("spawn", 1, 0, 2, 10),
    Edge("submit", 1, 5, 3, 40),
    Edge("release", 2, 20, 3, 20),
    Edge("message", 3, 30, 1, 35),
)


def kinds(t0: int, t1: int, *lanes: int) -> list[str]:
    return [edge["kind"] for edge in EdgeIndex(EDGES).told(t0, t1, lanes, 100)["edges"]]


def test_an_edge_is_in_a_window_if_any_part_of_it_is() -> None:
    assert kinds(0, 100, 1, 2, 3) == ["spawn", "submit", "release", "message"]
    assert kinds(15, 25, 1, 2, 3) == ["submit", "release"]
    assert kinds(10, 20, 1, 2, 3) == ["spawn", "submit"]
    assert kinds(20, 21, 1, 2, 3) == ["submit", "release"]
    assert kinds(41, 99, 1, 2, 3) == []


def test_an_edge_is_of_both_its_lanes() -> None:
    assert kinds(0, 100, 2) == ["spawn", "release"]
    assert kinds(0, 100, 1) == ["spawn", "submit", "message"]
    assert kinds(0, 100, 9) == kinds(0, 100) == []


def test_the_edges_that_touch_a_lane_are_told_in_the_order_of_their_ends() -> None:
    index = EdgeIndex(EDGES)
    assert [edge.kind for edge in index.touching(3, 0, 100)] == ["release", "message", "submit"]
    assert [edge.kind for edge in index.touching(3, 36, 38)] == ["submit"]
    assert index.touching(9, 0, 100) == []


def test_more_edges_than_wanted_are_counted_but_not_told() -> None:
    index = EdgeIndex(EDGES)
    assert index.told(0, 100, [1, 2, 3], 4)["edges_in_window"] == 4
    assert index.told(0, 100, [1, 2, 3], 3) == {"edges": [], "edges_in_window": 4}
    assert index.told(0, 100, [1, 2, 3], 0) == NO_EDGES
    assert EdgeIndex(()).told(0, 100, [1], 5) == {"edges": [], "edges_in_window": 0}


def test_an_index_that_grows_is_that_of_all_its_edges() -> None:
    grown = EdgeIndex(EDGES, EdgeIndex(EDGES[:3], EdgeIndex(())))
    for lane in range(1, 4):
        assert grown.told(0, 100, [lane], 100) == EdgeIndex(EDGES).told(0, 100, [lane], 100)
