"""One lane, segment by segment."""

from __future__ import annotations

from engine.excerpt import excerpt
from engine.trace import State
from tests.support import synthetic
from tests.support.drawing import drawn
from tests.support.scene import MS

ONE = "process p |rrrrrrrrrr|\nthread one |rrggrrllrr|"


def test_what_lies_in_the_window_at_least_in_part_is_told_whole_and_in_order() -> None:
    page = excerpt(drawn(ONE), 2, 3 * MS, 7 * MS, 10)
    assert [(start // MS, end // MS) for _, start, end, *_ in page.segments.rows()] == [(2, 4), (4, 6), (6, 8)]
    assert (page.total, page.before, page.after, page.growing) == (3, 0, None, 0)


def test_pages_add_up_and_say_where_they_are() -> None:
    trace = synthetic.threads_taking_turns().trace
    lane = next(lane.id for lane in trace.lanes.values() if lane.name == "worker-1")
    rows: list[list[int]] = []
    after: int | None = -1
    while after is not None:
        page = excerpt(trace, lane, 0, trace.t_ns, 7, after)
        assert page.before == len(rows)
        rows += page.segments.rows()
        after = page.after
    assert rows == [row for row in trace.segments.rows() if row[0] == lane]
    assert page.total == len(rows)


def test_only_one_state_if_asked() -> None:
    page = excerpt(drawn(ONE), 2, 0, 10 * MS, 10, state=State.running)
    assert [start // MS for _, start, *_ in page.segments.rows()] == [0, 4, 8]
    assert page.total == 3


def test_what_grows_still_comes_last_and_is_counted() -> None:
    live = drawn(ONE, live=True)
    assert excerpt(live, 2, 0, 10 * MS, 10).growing == 1
    assert excerpt(live, 2, 0, 10 * MS, 4).growing == 0
    assert excerpt(live, 2, 0, 8 * MS, 10).growing == 0


def test_a_lane_without_segments_has_an_empty_page() -> None:
    page = excerpt(drawn(ONE), 77, 0, 10 * MS, 10)
    assert (len(page.segments), page.total, page.before, page.after) == (0, 0, 0, None)
