"""Searching: what queries mean, what they find, and what is said of those that mean nothing."""

from __future__ import annotations

import re
import tracemalloc

import pytest

from engine.search import Query, SearchError, parsed, search
from engine.trace import State, Trace
from tests.support import synthetic
from tests.support.drawing import drawn
from tests.support.scene import MS, Scene

TURNS = """
    process  python     |srrrrrrrrrrrr|
    gil      GIL        |maaaabbbb.aaa|  @ m=main a=worker-2 b=worker-10
    thread   main       |rlllllllllllr|  unmeasured
    thread   worker-10  |sggggrrrr    |
    thread   worker-2   |srrrrggggqrr |
"""


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("worker-2", Query("worker-2")),
        ("  Parse   JSON ", Query("parse json")),
        ("gil_wait", Query(state=State.gil_wait)),
        ("gil_wait > 5ms", Query(state=State.gil_wait, least=5 * MS + 1)),
        ("gil_wait>=5 ms", Query(state=State.gil_wait, least=5 * MS)),
        ("gil_wait>5MS", Query(state=State.gil_wait, least=5 * MS + 1)),
        ("> 1.5µs", Query(least=1501)),
        (">= 0.5us <= 1s", Query(least=500, most=1_000_000_000)),
        ("< 2min", Query(most=120_000_000_000 - 1)),
        ("lock A lock_wait < 1ms", Query("lock a", State.lock_wait, None, MS - 1)),
        ('"gil_wait"', Query("gil_wait")),
        ('"a < b" running', Query("a < b", State.running)),
        ('"never closed', Query("never closed")),
        ("<lambda>", Query("<lambda>")),
        ("json <module> running > 5ms", Query("json <module>", State.running, 5 * MS + 1)),
    ],
)
def test_a_query_means_what_it_says(text: str, query: Query) -> None:
    assert parsed(text) == query


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "write what to look for"),
        ("   ", "write what to look for"),
        ('""', "write what to look for"),
        ("gil_wait >", "`>` is followed by a duration, as in `gil_wait > 5ms`"),
        ("gil_wait > soon", "got 'soon'"),
        ("gil_wait > 5", "a duration has a unit, one of ns, us, µs"),
        ("gil_wait > 5 parsecs", "a duration has a unit"),
        ("gil_wait > 5..5ms", "is followed by a duration"),
        ("gilwait > 5ms", "did you mean `gil_wait`?"),
        ("lock_wiat > 5ms", "did you mean `lock_wait`?"),
        ("running gil_wait", "one state at a time: search for `running` or for `gil_wait`"),
        ("> 5ms < 1ms", "nothing is longer than 5.00 ms and shorter than 1.00 ms"),
        ("x" * 201, "at most 200 characters"),
    ],
)
def test_a_query_that_means_nothing_is_told_how_to_be_written(text: str, said: str) -> None:
    with pytest.raises(SearchError, match=re.escape(said)):
        parsed(text)


def names(trace: Trace, lanes: tuple[int, ...]) -> list[str]:
    return [trace.lanes[lane].name for lane in lanes]


def test_lanes_are_found_by_part_of_their_name_their_numbers_in_order() -> None:
    trace = drawn(TURNS)
    assert names(trace, search(trace, parsed("WORKER"), 0, 50).lanes) == ["worker-2", "worker-10"]
    assert names(trace, search(trace, parsed("gil"), 0, 50).lanes) == ["GIL"]
    assert search(trace, parsed("nobody"), 0, 50).lanes == ()


def test_lanes_that_begin_with_the_text_come_first() -> None:
    trace = drawn("process main-of-all |r|\nthread a-main |r|\nthread main |r|")
    assert names(trace, search(trace, parsed("main"), 0, 50).lanes) == ["main", "main-of-all", "a-main"]


def test_lanes_of_the_same_name_are_found_by_that_of_their_process() -> None:
    trace = drawn("process job-1 |r|\nthread main |r|\nprocess job-2 |r|\nthread main |r|")
    assert search(trace, parsed("job-2"), 0, 50).lanes == (3, 4)
    assert search(trace, parsed("main"), 0, 50).lanes == (2, 4)


def spans(trace: Trace, query: str, first: int = 0, limit: int = 50) -> list[tuple[str, int, int]]:
    rows = search(trace, parsed(query), first, limit).segments.rows()
    return [(trace.lanes[lane].name, start // MS, end // MS) for lane, start, end, *_ in rows]


def test_a_state_finds_its_segments_the_longest_first_and_of_equals_the_earlier() -> None:
    trace = drawn(TURNS)
    assert spans(trace, "gil_wait") == [("worker-10", 1, 5), ("worker-2", 5, 9)]
    assert spans(trace, "running") == [
        ("python", 1, 13),
        ("worker-2", 1, 5),
        ("worker-10", 5, 9),
        ("worker-2", 10, 12),
        ("main", 0, 1),
        ("main", 12, 13),
    ]
    assert search(trace, parsed("gil_wait"), 0, 50).lanes == ()


def test_durations_bound_what_is_found() -> None:
    trace = drawn(TURNS)
    assert spans(trace, "running >= 2ms < 12ms") == [("worker-2", 1, 5), ("worker-10", 5, 9), ("worker-2", 10, 12)]
    assert spans(trace, "running > 2ms < 12ms") == [("worker-2", 1, 5), ("worker-10", 5, 9)]
    assert spans(trace, "running > 1s") == []


def test_text_beside_a_state_names_lanes_or_details() -> None:
    trace = drawn(TURNS)
    assert spans(trace, "worker-2 running") == [("worker-2", 1, 5), ("worker-2", 10, 12)]
    assert search(trace, parsed("worker-2 running"), 0, 50).lanes == ()


def test_segments_are_found_by_their_details_whatever_the_case() -> None:
    scene = Scene()
    process = scene.lane("process", "python")
    one, two = (scene.lane("thread", name, parent=process) for name in ("one", "two"))
    scene.spell(one, 0, 2 * MS, State.lock_wait, "Lock A")
    scene.spell(one, 2 * MS, 9 * MS, State.running, "parse (app.py:12)")
    scene.spell(two, 0, 3 * MS, State.lock_wait, "Lock A")
    scene.spell(two, 3 * MS, 9 * MS, State.io_wait)
    trace = synthetic_trace(scene)
    assert spans(trace, "lock a") == [("two", 0, 3), ("one", 0, 2)]
    assert spans(trace, "APP.PY") == [("one", 2, 9)]
    assert spans(trace, "lock a > 2ms") == [("two", 0, 3)]
    assert spans(trace, "one > 5ms") == [("one", 2, 9)], "a lane's name restricts, too"
    assert spans(trace, "one") == [], "by itself it means the lane"


def synthetic_trace(scene: Scene) -> Trace:
    return Trace(synthetic.record("cpu", "threads", 2)).grown(scene.frames({"status": "complete"}))


def test_pages_of_what_is_found_add_up_lanes_before_segments() -> None:
    trace = synthetic.threads_taking_turns().trace
    whole = search(trace, parsed("gil_wait"), 0, 10**6)
    assert whole.total == len(whole.segments) > 300
    paged = [row for first in range(0, whole.total, 37) for row in search(trace, parsed("gil_wait"), first, 37).segments.rows()]
    assert paged == whole.segments.rows()
    assert search(trace, parsed("gil_wait"), whole.total, 37).segments.rows() == []


def test_what_grows_still_is_found_as_long_as_it_is() -> None:
    trace = drawn("process p |rrrrr|\nthread one |rllll|", live=True)
    assert spans(trace, "lock_wait >= 4ms") == [("one", 1, 5)]


def test_a_query_that_means_all_of_a_large_trace_copies_little_of_it() -> None:
    trace = synthetic.large(200_000).trace
    tracemalloc.start()
    try:
        found = search(trace, parsed(">= 1ns"), 0, 50)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (found.total, len(found.segments)) == (len(trace.segments), 50)
    assert peak < 32 * len(trace.segments), "a segment itself takes 30 bytes"
