"""Arrays that grow in shared memory."""

from __future__ import annotations

import numpy as np

from engine.tape import Tape


def test_whoever_has_a_shorter_tape_still_sees_what_it_was() -> None:
    tapes, whole = [Tape(np.array([1, 2, 3]))], [1, 2, 3]
    for number in range(200):
        tapes.append(tapes[-1].add(np.array([number, number])))
        whole += [number, number]
    assert tapes[-1].array.tolist() == whole
    for tape in tapes:
        assert tape.array.tolist() == whole[: tape.length]


def test_most_growths_are_in_the_memory_that_is_there() -> None:
    tape, moves = Tape(np.zeros(0, np.int64)), 0
    for number in range(10_000):
        after = tape.add(np.array([number]))
        moves += not np.shares_memory(tape.array, after.array) and tape.length > 0
        tape = after
    assert moves < 20


def test_two_who_grow_the_same_tape_do_not_write_over_each_other() -> None:
    common = Tape(np.array([1, 2])).add(np.array([3]))
    one, other = common.add(np.array([4])), common.add(np.array([5]))
    assert one.array.tolist() == [1, 2, 3, 4]
    assert other.array.tolist() == [1, 2, 3, 5]


def test_the_end_can_be_written_anew_and_nothing_more_costs_nothing() -> None:
    tape = Tape(np.array([1, 2, 3]))
    assert tape.put(2, np.array([9, 8])).array.tolist() == [1, 2, 9, 8]
    assert tape.add(np.zeros(0, np.int64)) is tape
