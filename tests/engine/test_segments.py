"""Segments as columns, and the block that they are stored in: what goes in comes out, and nothing else gets in."""

from __future__ import annotations

import contextlib
import struct
import zlib

import numpy as np
import pytest

from engine.trace import SegmentError, Segments, State
from tests.support import synthetic
from tests.support.drawing import drawn
from tests.support.large import large

SOME = Segments.from_rows(
    [
        [3, 0, 5, State.running, -1, -1],
        [3, 5, 9, State.gil_wait, 2, 4],
        [3, 12, 13, State.crashed, -1, -1],
        [4, 0, 2**40, State.unknown, 0, -1],
        [2**31 - 1, 7, 8, State.exited, 2**31 - 1, 2**31 - 1],
    ]
)


def same(one: Segments, other: Segments) -> bool:
    return one.rows() == other.rows() and [column.dtype for column in one.columns] == [column.dtype for column in other.columns]


def test_a_block_gives_back_what_was_put_in() -> None:
    assert same(Segments.from_block(SOME.to_block()), SOME)


def test_a_block_of_nothing_is_nothing() -> None:
    assert len(Segments.from_block(Segments.empty().to_block())) == 0


def test_a_block_is_sorted_whatever_order_its_segments_came_in() -> None:
    assert same(Segments.from_block(SOME.take(np.array([4, 1, 3, 0, 2])).to_block()), SOME)


@pytest.mark.parametrize("seed", range(20))
def test_random_segments_survive_the_block(seed: int) -> None:
    """Gaps, overlaps, times before 0 and lanes of any number: the codec does not judge them."""
    random = np.random.default_rng(seed)
    count = int(random.integers(1, 400))
    start = random.integers(-(2 ** random.integers(1, 50)), 2 ** int(random.integers(1, 50)), count)
    part = Segments.of(
        random.integers(0, 2 ** int(random.integers(1, 31)), count),
        start,
        start + random.integers(1, 2 ** int(random.integers(1, 50)), count),
        random.integers(0, 16, count),
        random.integers(-1, 2 ** int(random.integers(1, 31)), count),
        random.integers(-1, 2 ** int(random.integers(1, 31)), count),
    )
    back = Segments.from_block(part.to_block())
    assert sorted(back.rows()) == sorted(part.rows())
    assert same(back, back.sorted())


def test_segments_that_follow_each_other_take_few_bytes() -> None:
    trace = synthetic.large(100_000).trace
    assert len(trace.segments.to_block()) < 4 * len(trace.segments)


@pytest.mark.parametrize("length", [0, 1, 11, 12, 30])
def test_a_block_cut_short_is_refused(length: int) -> None:
    with pytest.raises(SegmentError):
        Segments.from_block(SOME.to_block()[:length])


def test_a_block_with_something_behind_it_is_refused() -> None:
    with pytest.raises(SegmentError, match="size"):
        Segments.from_block(SOME.to_block() + b"x")


def test_a_block_of_another_format_is_refused() -> None:
    with pytest.raises(SegmentError, match="format"):
        Segments.from_block(b"GSB9" + SOME.to_block()[4:])


def test_a_block_that_claims_too_many_segments_is_refused_before_any_memory_is_taken() -> None:
    block = SOME.to_block()
    with pytest.raises(SegmentError, match="size"):
        Segments.from_block(block[:4] + struct.pack("<I", 2**32 - 1) + block[8:])


def test_a_block_that_inflates_to_more_than_it_claims_is_refused() -> None:
    bomb = zlib.compress(b"\0" * 10_000_000)
    with pytest.raises(SegmentError):
        Segments.from_block(struct.pack("<4sII", b"GSB1", 3, len(bomb)) + bomb)


def test_a_block_with_a_state_or_a_duration_that_cannot_be_is_refused() -> None:
    unheard_of = Segments.of([1], [0], [5], [200])
    backwards = Segments.of([1], [5], [0], [State.running])
    for part in (unheard_of, backwards):
        with pytest.raises(SegmentError, match="cannot be"):
            Segments.from_block(part.to_block())


@pytest.mark.parametrize("seed", range(10))
def test_damaged_blocks_raise_nothing_but_their_own_error(seed: int) -> None:
    random = np.random.default_rng(seed)
    block = SOME.to_block()
    for _ in range(300):
        damaged = bytearray(block)
        for _ in range(int(random.integers(1, 4))):
            damaged[int(random.integers(len(damaged)))] = int(random.integers(256))
        with contextlib.suppress(SegmentError):
            Segments.from_block(bytes(damaged))


@pytest.mark.parametrize("seed", range(10))
def test_columns_forged_under_a_good_checksum_raise_nothing_but_their_own_error(seed: int) -> None:
    random = np.random.default_rng(seed)
    for _ in range(200):
        count = int(random.integers(0, 6))
        raw = b"".join(bytes([width]) + random.bytes(width * count) for width in random.integers(0, 10, 6).tolist())
        body = zlib.compress(raw)
        with contextlib.suppress(SegmentError):
            Segments.from_block(struct.pack("<4sII", b"GSB1", count, len(body)) + body)


@pytest.mark.parametrize("highest_lane", [3, 2**16 - 1, 2**16, 2**31 - 1])
@pytest.mark.parametrize("in_order", [True, False])
def test_sorting_is_by_lane_then_start_and_keeps_the_order_of_what_starts_together(highest_lane: int, in_order: bool) -> None:
    random = np.random.default_rng(highest_lane)
    lane = random.choice([0, 1, 2, highest_lane], 500)
    start = np.sort(random.integers(0, 100, 500)) if in_order else random.integers(0, 100, 500)
    part = Segments.of(lane, start, start + 1, np.full(500, State.running), np.arange(500))
    assert part.sorted().rows() == sorted(part.rows(), key=lambda row: row[:2])


def test_clipping_cuts_at_the_borders_and_drops_what_only_touches_them() -> None:
    trace = drawn("thread main |rrrgggrrr|")
    part = trace.segments.clipped(1_000_000, 6_000_000)
    assert [row[1:4] for row in part.rows()] == [[1_000_000, 3_000_000, State.running], [3_000_000, 6_000_000, State.gil_wait]]


def test_json_spells_states_and_details_and_tells_nothing_as_null() -> None:
    told = SOME.to_json(["open", "read", "sleep"])
    assert told[1] == {"lane": 3, "start_ns": 5, "end_ns": 9, "state": "gil_wait", "detail": "sleep", "ref": 4}
    assert told[0]["detail"] is None
    assert told[0]["ref"] is None
    assert told[4]["detail"] is None, "an index beyond the table is no detail"


@pytest.mark.parametrize("shape", [{"lanes": 5}, {"lanes": 0, "tasks": 900}], ids=["few lanes", "many"])
def test_parts_are_gathered_as_if_they_were_put_together_and_sorted(shape: dict[str, int]) -> None:
    parts = [frame.segments for frame in large(20_000, **shape).frames]
    told = [part.sorted() for part in parts]
    expected = Segments.concat(parts).sorted().rows()
    assert Segments.gathered(told).rows() == expected
    assert Segments.gathered(parts).rows() == expected, "also where a part is in no order"
    assert Segments.gathered(reversed(told)).rows() == expected, "also where a lane's segments are told late"
    assert Segments.gathered([]).rows() == []
