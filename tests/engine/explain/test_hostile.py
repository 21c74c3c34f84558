"""Traces that come from strangers: whatever is in them, a question is answered or refused in words."""

from __future__ import annotations

import json
from random import Random

import pytest

from engine.explain import explain
from engine.trace import Edge, Lane, Segments, State, Trace
from engine.trace.edges import EDGE_KINDS
from engine.trace.lanes import KINDS
from engine.views import ViewIndex
from tests.support.scene import MS
from tests.support.synthetic import record

DETAILS = (
    *("lock 2", "get Queue 1", "blocked_holding_gil", "blocked_holding_gil: ", "", " ", "join", "join l3", "child 5", "child 9" * 20),
    *("stop_the_world", "stopped", "event thread start", "sleep", "/a b", "x › y", "to_thread", "future", "SIGSEGV", "\x1b[31m{}%s"),
)


@pytest.mark.parametrize("seed", range(60))
def test_any_trace_at_all_is_answered(seed: int) -> None:
    random = Random(seed)
    trace = anything(random)
    index = ViewIndex(trace)
    for lane in trace.lanes:
        for t in {0, trace.t_ns, *(random.randint(0, trace.t_ns) for _ in range(8))}:
            told = explain(index, lane, t).to_json()
            assert told["text"].endswith(".")
            assert {one["lane"] for one in told["because"]} <= trace.lanes.keys()
            assert json.loads(json.dumps(told)) == told


def anything(random: Random) -> Trace:
    """Lanes of any kind below any other, in any state, referring to anybody."""
    ids = [random.randint(0, 12) for _ in range(random.randint(1, 7))]
    nobody = 55
    lanes = {number: any_lane(random, number, [*ids, nobody]) for number in ids}
    rows: list[list[int]] = []
    for number in lanes:
        t = random.randint(0, 20)
        for _ in range(random.randint(0, 8)):
            end = t + random.randint(1, 20) * random.choice((1, 1000, MS))
            state, detail = random.choice(list(State)), random.randint(-1, len(DETAILS) + 2)
            rows.append([number, t, end, state, detail, random.choice((-1, *ids, nobody))])
            t = end + random.choice((0, 0, 0, 3))
    end = max((row[2] for row in rows), default=10)
    edges = tuple(any_edge(random, [*ids, nobody], end) for _ in range(random.randint(0, 6)))
    segments = Segments.from_rows(rows).sorted()
    return Trace(record("cpu", "threads", 2), end, lanes, segments, strings=DETAILS, edges=edges)


def any_lane(random: Random, number: int, others: list[int]) -> Lane:
    parent = random.choice((None, *others))
    name, pid = random.choice(("a", "l3", "main", "")), random.choice((None, 5))
    return Lane(number, parent, random.choice(KINDS), name, pid, random.choice((None, 5)), random.randint(0, 50), random.choice((None, 90)))


def any_edge(random: Random, lanes: list[int], end: int) -> Edge:
    start = random.randint(0, end)
    return Edge(random.choice(EDGE_KINDS), random.choice(lanes), start, random.choice(lanes), min(end, start + random.randint(0, MS)))
