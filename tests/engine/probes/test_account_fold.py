"""Spells from made-up accounts: of a kernel whose timer ticks every 4 ms, read every millisecond, at half past.

A drawing has one sign for each quarter of a millisecond: `#` on a core, `r` ready for one, `.` asleep.
"""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest

from engine.probes.account_fold import LAG_NS, AccountFold, Spells
from engine.probes.schedstat import Intervals

_QUARTER = 250_000
_TICK, _READING = 16, 4
_REST = "." * (LAG_NS // _QUARTER + _TICK)


def _readings(drawing: str, every: int = _READING) -> list[Intervals]:
    """As the kernel would account for it: on-core time at ticks and when the thread leaves, waiting when it comes."""
    found, used, waited, slices, running, ready, before = [], 0, 0, 0, 0, 0, (0, 0, 0, 0)
    for at, sign in enumerate(drawing + "."):
        previous = drawing[at - 1] if at else "."
        if sign == "#" and previous != "#":
            slices, waited, ready = slices + 1, waited + ready, 0
        if running and (sign != "#" or at % _TICK == 0):
            used, running = used + running, 0
        if at % every == every // 2:
            now = (at * _QUARTER, used, waited, slices)
            delta = [new - old for new, old in zip(now, before, strict=True)]
            row = (before[0], now[0], 7, 8, *delta[1:], 0, ord("S" if sign == "." else "R"))
            found.append(Intervals(*np.array([row], np.int64).T))
            before = now
        running += _QUARTER * (sign == "#")
        ready += _QUARTER * (sign == "r")
    return found


def _folded(readings: list[Intervals]) -> Spells:
    fold = AccountFold()
    for reading in readings:
        fold.take(reading)
    fold.finish()
    return fold.spells()


def _redrawn(spells: Spells, length: int) -> str:
    rows = list(zip(spells.t0.tolist(), spells.t1.tolist(), spells.oncpu_ns.tolist(), spells.waited_ns.tolist(), strict=True))
    signs = []
    for at in range(length):
        middle = at * _QUARTER + _QUARTER // 2
        inside = [(used, waited, t1 - t0) for t0, t1, used, waited in rows if t0 <= middle < t1]
        signs.append("?" if not inside else "#" if inside[0][0] else "r" if inside[0][1] * 2 > inside[0][2] else ".")
    return "".join(signs)


def _agreement(drawing: str, every: int = _READING) -> float:
    redrawn = _redrawn(_folded(_readings(drawing + _REST, every)), len(drawing))
    return sum((one == "#") == (other == "#") for one, other in zip(drawing, redrawn, strict=True)) / len(drawing)


def test_spells_of_a_thread_follow_one_another_and_add_up_to_its_account() -> None:
    drawing = "####rr######....##rrrrrrrr####" * 9 + _REST
    readings = _readings(drawing)
    spells = _folded(readings)
    assert spells.t0[0] == 0
    assert np.array_equal(spells.t1[:-1], spells.t0[1:])
    assert spells.t1[-1] == readings[-1].t1[0]
    assert spells.oncpu_ns.sum() == pytest.approx(drawing.count("#") * _QUARTER, rel=0.01)


def test_every_spell_is_on_a_core_throughout_or_not_at_all() -> None:
    spells = _folded(_readings("######rrrr" * 20 + _REST))
    assert np.all((spells.oncpu_ns == 0) | (spells.oncpu_ns == spells.t1 - spells.t0))


def test_who_never_sleeps_is_placed_by_what_it_waited() -> None:
    assert _agreement("#######rrrrr######rrrrrrr" * 12) >= 0.97


def test_it_is_placed_even_where_readings_come_late() -> None:
    assert _agreement("###########rrrrrrrrrrrrrr" * 16, every=12) >= 0.95


def test_one_long_spell_between_updates_is_not_cut_by_them() -> None:
    spells = _folded(_readings("." * 30 + "#" * 200 + _REST))
    on = spells.oncpu_ns > 0
    assert len(list(groupby(on.tolist()))) == 3
    assert _agreement("." * 30 + "#" * 200) >= 0.97


def test_short_work_between_sleeps_is_within_a_reading_of_its_place() -> None:
    assert _agreement(("##" + "." * 38) * 10) >= 0.9


def test_time_without_a_core_is_told_from_sleep() -> None:
    drawing = "########rrrrrrrrrrrrrrrrrrrr" * 3 + "########" + "." * 200 + "#######" + "r" * 300 + "####"
    redrawn = _redrawn(_folded(_readings(drawing + _REST)), len(drawing))
    assert redrawn[10:26].count("r") >= 14
    assert redrawn[100:280].count(".") >= 170
    assert redrawn[310:580].count("r") >= 250


def test_what_is_older_than_the_lag_has_been_told() -> None:
    fold = AccountFold()
    told = 0
    for reading in _readings("####rrrr......####" * 30):
        fold.take(reading)
        spells = fold.spells()
        told = int(spells.t1[-1]) if len(spells) else told
        assert told >= reading.t1[0] - LAG_NS
        assert not len(spells) or spells.t0[0] <= told


def test_another_thread_of_the_same_id_begins_anew() -> None:
    fold = AccountFold()
    for t0, t1, used in ((0, 1_000_000, 400_000), (5_000_000, 6_000_000, 300_000)):
        fold.take(Intervals(*np.array([(t0, t1, 7, 8, used, 0, 1, 0, ord("R"))], np.int64).T))
    fold.finish()
    spells = fold.spells()
    assert spells.oncpu_ns.sum() == 700_000
    assert not np.any((spells.t0 < 5_000_000) & (spells.t1 > 1_000_000))
