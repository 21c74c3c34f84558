"""Spells from made-up accounts: of a kernel whose timer ticks every 4 ms, read every millisecond, at half past.

A drawing has one sign for each quarter of a millisecond: `#` on a core, `r` ready for one, `.` asleep.
"""

from __future__ import annotations

from itertools import groupby, pairwise

import numpy as np
import pytest

from engine.probes.account_fold import LAG_NS, WAKING_NS, AccountFold, Spells
from engine.probes.account_thread import Visit
from engine.probes.schedstat import Account, Reading

_QUARTER = 250_000
_TICK, _READING = 16, 4
_ELSEWHERE = 1
_REST = "." * (LAG_NS // _QUARTER + _TICK)


def _readings(drawing: str, every: int = _READING) -> list[Reading]:
    """As the kernel would account for it: on-core time at ticks and when the thread leaves, waiting when it comes."""
    found, used, waited, slices, running, ready, before, last = [], 0, 0, 0, 0, 0, 0, (0, 0, 0)
    for at, sign in enumerate(drawing + "."):
        previous = drawing[at - 1] if at else "."
        if sign == "#" and previous != "#":
            slices, waited, ready = slices + 1, waited + ready, 0
        if running and (sign != "#" or at % _TICK == 0):
            used, running = used + running, 0
        if at % every == every // 2:
            now = at * _QUARTER
            account = Account(7, 8, before, now, used, waited, slices, 0, sign != ".")
            changed = last != (used, waited, slices)
            found.append(Reading(now, now, _ELSEWHERE, (account,) * changed, ()))
            before, last = now, (used, waited, slices)
        running += _QUARTER * (sign == "#")
        ready += _QUARTER * (sign == "r")
    return [*found, Reading(before, before, _ELSEWHERE, (), ((7, 8, before),))]


def _folded(readings: list[Reading]) -> Spells:
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
    assert spells.t1[-1] == readings[-1].ended
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
        assert told >= reading.ended - LAG_NS
        assert not len(spells) or spells.t0[0] <= told


def test_another_thread_of_the_same_id_begins_anew() -> None:
    fold = AccountFold()
    fold.take(Reading(1_000_000, 1_000_000, _ELSEWHERE, (Account(7, 8, 0, 1_000_000, 400_000, 0, 1, 0, True),), ()))
    fold.take(Reading(5_000_000, 5_000_000, _ELSEWHERE, (), ((7, 8, 1_000_000),)))
    fold.take(Reading(6_000_000, 6_000_000, _ELSEWHERE, (Account(7, 8, 5_000_000, 6_000_000, 300_000, 0, 1, 0, True),), ()))
    fold.finish()
    spells = fold.spells()
    assert spells.oncpu_ns.sum() == 700_000
    assert not np.any((spells.t0 < 5_000_000) & (spells.t1 > 1_000_000))


def _of_two_who_share_the_readers_core() -> tuple[list[Reading], dict[int, list[tuple[int, int]]]]:
    """They take turns, and leave whenever the reader comes. And when each was on."""
    spells: dict[int, list[tuple[int, int]]] = {8: [], 9: []}
    totals = {8: [0, 0, 0], 9: [0, 0, 0]}
    left = {8: 0, 9: 0}
    readings: list[Reading] = []
    start = 0
    for turn in range(200):
        came, who = start + 900_000 + turn % 7 * 30_000, 8 + turn % 2
        if spells[who]:
            totals[who][1] += start - left[who]
        totals[who][0], totals[who][2] = totals[who][0] + came - start, totals[who][2] + 1
        spells[who].append((start, came))
        left[who] = came
        began, ended = came + WAKING_NS, came + WAKING_NS + 20_000
        since = readings[-1].ended if readings else 0
        used, waited, slices = totals[who]
        readings.append(Reading(began, ended, 0, (Account(7, who, since, ended, used, waited, slices, 0, True),), ()))
        start = ended + 5_000
    return readings, spells


def test_whom_the_reader_drives_from_its_core_left_it_then() -> None:
    readings, spells = _of_two_who_share_the_readers_core()
    got = _folded(readings)
    for who, mine in spells.items():
        assert _on(got, who) == mine


def _on(spells: Spells, tid: int) -> list[tuple[int, int]]:
    """When it was on a core, from end to end."""
    on = (spells.tid == tid) & (spells.oncpu_ns > 0)
    return list(zip(spells.t0[on].tolist(), spells.t1[on].tolist(), strict=True))


def _read_between(spells: list[tuple[int, int]], every: int) -> list[Reading]:
    """By a reader on another core, of a thread that waits for a core whenever it is not on one: its account is as of its last break."""
    readings = [Reading(0, 0, _ELSEWHERE, (Account(7, 8, 0, 0, 0, 0, 0, 0, True),), ())]
    for now in range(every, spells[-1][1] + 2 * every, every):
        came = [start for start, _ in spells if start <= now]
        used = sum(end - start for start, end in spells if end <= now)
        waited = sum(start - end for (_, end), (start, _) in pairwise([(0, 0), *spells]) if start <= now)
        account = Account(7, 8, readings[-1].ended, now, used, waited, len(came), 0, True)
        readings.append(Reading(now, now, _ELSEWHERE, (account,), ()))
    return readings


def _same(spells: list[tuple[int, int]], others: list[tuple[int, int]], t0: int, t1: int) -> float:
    """The share of time in which both say the same."""
    at = np.arange(t0, t1, 10_000)
    one, other = (sum(((at >= start) & (at < end) for start, end in each), np.zeros(len(at), bool)) for each in (spells, others))
    return float(np.mean(one == other))


def test_visits_to_other_cores_than_the_readers_tell_who_left_them_and_who_came_back_at_once() -> None:
    spells = [(at, at + 940_000 + at // 1_000_000 % 5 * 10_000) for at in range(50_000, 80_000_000, 1_030_000)]
    same = {}
    for told in (True, False):
        visits = [Visit(end, start, 0) for (_, end), (start, _) in pairwise(spells)] if told else []
        fold = AccountFold()
        for reading in _read_between(spells, 1_070_000):
            while visits and visits[0].came < reading.ended:
                fold.visit(visits.pop(0))
            fold.take(reading)
        fold.finish()
        same[told] = _same(_on(fold.spells(), 8), spells, 5_000_000, 75_000_000)
    assert same[True] > 0.99 > same[False] + 0.02


def test_a_thread_is_where_its_own_ticks_say() -> None:
    """However long it has slept in between."""
    spells = [(at, at + 800_000 + at // 1_000_000 % 7 * 50_000) for at in range(0, 90_000_000, 4_370_000)]
    fold = AccountFold()
    used = np.cumsum([0] + [end - start for start, end in spells])
    ticks = [(start + 300_000, int(had) + 300_000) for (start, _), had in zip(spells, used, strict=False)]
    fold.tick(7, 8, *np.array(ticks, np.int64).T)
    for number, (start, end) in enumerate(spells):
        now = end + 400_000 + number % 5 * 100_000
        fold.take(Reading(now, now, _ELSEWHERE, (Account(7, 8, start - 500_000, now, int(used[number + 1]), 0, number + 1, 0, False),), ()))
    fold.finish()
    assert _on(fold.spells(), 8) == spells


def test_between_two_ticks_a_thread_was_away_for_what_it_did_not_use_meanwhile() -> None:
    fold = AccountFold()
    fold.tick(7, 8, np.array([1_000_000, 2_000_000, 4_000_000]), np.array([500_000, 1_500_000, 2_000_000]))
    fold.take(Reading(4_500_000, 4_500_000, _ELSEWHERE, (Account(7, 8, 0, 4_500_000, 2_200_000, 1_500_000, 2, 0, True),), ()))
    fold.finish()
    (first, left), (back, last) = _on(fold.spells(), 8)
    assert (first, last) == (500_000, 4_200_000)
    assert back - left == 1_500_000
    assert left >= 2_000_000
    assert back <= 4_000_000


def test_time_that_another_machine_had_is_not_taken_for_sleep() -> None:
    """Who has neither left its core nor come to it, was on it."""
    fold = AccountFold()
    for t, used in ((1_000_000, 900_000), (5_000_000, 4_900_000), (45_000_000, 8_900_000), (49_000_000, 12_900_000)):
        fold.take(Reading(t, t, _ELSEWHERE, (Account(7, 8, t - 1_000_000, t, used, 0, 1, 0, True),), ()))
    fold.finish()
    (spell,) = _on(fold.spells(), 8)
    assert spell[1] - spell[0] > 47_000_000


def test_a_place_that_nothing_vouches_for_is_told_as_unsure() -> None:
    slept = _folded(_readings(("##" + "." * 38) * 10 + _REST))
    busy = _folded(_readings("#######rrrrr######rrrrrrr" * 12 + _REST))
    assert slept.unsure_ns[slept.oncpu_ns > 0].max() > 10 * busy.unsure_ns[busy.oncpu_ns > 0][1:].max()
