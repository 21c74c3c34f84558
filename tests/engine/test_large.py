"""Large synthetic traces are schedules that can have been, or what is measured on them says nothing."""

from __future__ import annotations

import pytest

from tests.support.large import large
from tests.support.legality import breaches, gaps


@pytest.mark.parametrize(
    "asked",
    [
        {"lanes": 4},
        {"lanes": 64, "processes": 3},
        {"lanes": 0, "tasks": 300},
        {"lanes": 8, "tasks": 50, "processes": 2},
        {"lanes": 0, "tasks": 10_000},
    ],
    ids=lambda asked: " ".join(f"{count} {name}" for name, count in asked.items()),
)
def test_a_large_trace_is_a_schedule_that_can_have_been(asked: dict[str, int]) -> None:
    trace = large(20_000, **asked).trace
    assert breaches(trace) == []
    assert gaps(trace) == []
    assert sum(lane.measured for lane in trace.lanes.values()) == asked["lanes"] + asked.get("tasks", 0)


def test_it_has_about_as_many_segments_as_asked_for_and_is_the_same_each_time() -> None:
    one, other = large(100_000, 8), large(100_000, 8)
    assert 90_000 < len(one.trace.segments) < 110_000
    assert one.record.id == other.record.id
    assert one.trace.segments.rows() == other.trace.segments.rows()
