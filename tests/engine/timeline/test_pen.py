"""A lane drawn window by window is the lane drawn at once."""

from __future__ import annotations

import numpy as np
import pytest

from engine.timeline.pen import Pen
from engine.timeline.runs import Runs

NONE = -1


def runs(changes: list[tuple[int, int]], start: int, end: int) -> Runs:
    """What a resolver answers for `[start, end)`, given all (time, state) changes of the lane, the first at 0."""
    times = [time for time, _ in changes]
    inside = [
        (max(time, start), state) for (time, state), stop in zip(changes, [*times[1:], end], strict=True) if stop > start and time < end
    ]
    t, state = (np.array(column, np.int64) for column in zip(*inside, strict=True))
    none = np.full(len(t), NONE, np.int64)
    return Runs(t, end, state, none, none)


def drawn(changes: list[tuple[int, int]], windows: list[int]) -> list[list[int]]:
    pen = Pen(0)
    rows: list[list[int]] = []
    for upto in windows:
        rows.extend(pen.draw(runs(changes, pen.look_from, upto + 10), upto).tolist())
    rows.extend(pen.close(windows[-1]).tolist())
    return rows


@pytest.mark.parametrize("seed", range(40))
def test_windows_do_not_show(seed: int) -> None:
    random = np.random.default_rng(seed)
    times = np.unique(np.append(0, random.integers(1, 1000, 30))).tolist()
    states = [int(random.integers(1, 4))]
    for _ in times[1:]:
        states.append(int((states[-1] + random.integers(0, 2)) % 3 + 1))  # never the same twice in a row
    changes = list(zip(times, states, strict=True))
    cuts = [*np.unique(random.integers(1, 1000, 12)).tolist(), 1000]
    assert drawn(changes, cuts) == drawn(changes, [1000])
    assert [(start, state) for start, _, state, _, _ in drawn(changes, cuts)] == changes


def test_what_is_open_reaches_to_now() -> None:
    pen = Pen(0)
    assert pen.draw(runs([(0, 1), (40, 2)], 0, 100), 90).tolist() == [[0, 40, 1, NONE, NONE]]
    assert pen.open_at(90).tolist() == [[40, 90, 2, NONE, NONE]]


def test_a_lane_ends_once() -> None:
    pen = Pen(0)
    pen.draw(runs([(0, 1)], 0, 100), 100)
    assert pen.close(100).tolist() == [[0, 100, 1, NONE, NONE]]
    assert pen.close(100).tolist() == []
