"""What is known of one process, on made-up GILs: which is meant by a record, and when to look again."""

from __future__ import annotations

import os

import pytest

from engine.probes.gil.guard import RateGuard
from engine.probes.gil.interpreters import Interpreters
from engine.probes.gil.process import GilProcess, SeenGil
from engine.probes.gil.structs import Gil, GilStruct, Listing

_GIL = Gil(GilStruct("/python", "/python", "3.13.0", 0x1000, 160, False, listing=Listing(0x10, 0x20, 0x30, 0x40, 0, 0x100)), 0)
_MS = 1_000_000


def _process(monkeypatch: pytest.MonkeyPatch, *found: dict[int, int] | None) -> GilProcess:
    """One that lists these interpreters, (address of the GIL → number), one after another."""
    answers = iter(found)
    monkeypatch.setattr(Interpreters, "look", lambda _: next(answers))
    return GilProcess(os.getpid(), _GIL, RateGuard(1, 1, 1, 0), 0)


def test_a_record_means_the_gil_at_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    process = _process(monkeypatch, {0x5000: 1, 0x6000: 2})
    process.list(10)
    assert process.resolve(((True, 0x1000), (False, 0x1058)), 5) == (True, 0)
    assert process.resolve(((True, 0x5FA8), (False, 0x6000)), 5) == (False, 2)
    assert process.resolve(((True, 0x7000), (False, 0x7058)), 5) is None
    assert process.settled(10)
    assert not process.settled(11)


def test_memory_that_is_used_again_belongs_to_the_newer_one_since_it_may_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    process = _process(monkeypatch, {0x5000: 1}, {0x5000: 2}, {})
    taken = ((True, 0x5000),)
    process.list(10)
    new, gone = process.list(20)
    assert ([gil.interpreter for gil in new], [gil.interpreter for gil in gone]) == ([2], [1])
    assert process.resolve(taken, 5) == (True, 1)
    assert process.resolve(taken, 15) == (True, 2)
    process.list(30)
    assert process.resolve(taken, 25) == (True, 2)
    assert process.resolve(taken, 35) is None
    process.forget_before(40)
    assert process.resolve(taken, 25) is None


def test_a_list_that_changes_while_it_is_read_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    process = _process(monkeypatch, {0x5000: 1}, None)
    process.list(10)
    assert process.list(20) == ([], [])
    assert [gil.interpreter for gil in process] == [0, 1]
    assert not process.settled(15), "what came meanwhile is not known"


def test_an_interpreter_that_nobody_listed_is_known_by_its_turns_and_the_number_that_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    process = _process(monkeypatch, {0x5000: 2})
    process.list(100)

    def acts(argument: int) -> tuple[tuple[bool, int], ...]:
        return (True, argument - 120), (False, argument - 32)

    taken, dropped = acts(0x7000 + 120), acts(0x7000 + 32)
    assert process.unlisted([(50, 7, acts(0x9000)), (51, 7, acts(0x9000)), (52, 7, taken), (53, 8, dropped)]) == ()
    (gil,) = process.unlisted([(52, 7, taken), (53, 7, dropped), (54, 7, taken), (55, 7, dropped)])
    assert (gil.address, gil.interpreter) == (0x7000, 1)
    assert process.resolve(taken, 54) == (True, 1)
    assert process.resolve(dropped, 55) == (False, 1)
    assert process.resolve(taken, 60) is None
    (later,) = process.unlisted([(152, 7, acts(0x8000 + 120)), (153, 7, acts(0x8000 + 32))])
    assert later.interpreter == 3


def test_the_young_are_looked_at_each_time_so_that_a_short_life_has_its_count_too() -> None:
    gil = SeenGil(os.getpid(), _GIL, 0, 0)
    gil.source = "exact"
    gil.looked(5 * _MS)
    assert gil.next_look_ns == 0
    gil.looked(500 * _MS)
    assert gil.next_look_ns == 520 * _MS
    gil.source = "sampled"
    gil.looked(500 * _MS)
    assert gil.next_look_ns == 0
