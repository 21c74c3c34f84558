"""Ends of spells on a core, drawn to where the GIL says that they were."""

from __future__ import annotations

import numpy as np

from engine.timeline.evidence import Accounts
from engine.timeline.layer import Layer
from engine.timeline.placing import placed
from engine.timeline.thread_states import BLOCKED, NOBODY, PREEMPTED

ME, OTHER = 8, 9
US = 1000


def _accounts(*rows: tuple[int, int, int, int], unsure: int = 1000) -> Accounts:
    """Rows of (from, until, on a core, waited for one), in µs as `unsure` is."""
    t0, t1, used, waited = np.array(rows, np.int64).T * US
    same = np.full(len(rows), 1)
    return Accounts(t0, t1, 7 * same, ME * same, used, waited, unsure * US * same)


def _gil(*changes: tuple[int, int]) -> Layer:
    layer = Layer(NOBODY)
    layer.extend([t * US for t, _ in changes], [who for _, who in changes])
    return layer


def _changes(accounts: Accounts, gil: Layer) -> list[tuple[int, int]]:
    t, value = placed(accounts, gil, ME)
    return list(zip((t // US).tolist(), value.tolist(), strict=True))


def test_time_off_a_core_was_waited_for_one_or_slept_through() -> None:
    accounts = _accounts((0, 4000, 4000, 0), (4000, 9000, 0, 4900), (9000, 12000, 3000, 0), (12000, 20000, 0, 100))
    assert _changes(accounts, Layer(NOBODY)) == [(0, 0), (4000, PREEMPTED), (9000, 0), (12000, BLOCKED)]


def test_where_the_gil_was_taken_or_dropped_nearby_a_spell_begins_or_ends() -> None:
    accounts = _accounts((0, 5300, 0, 0), (5300, 9800, 4500, 0), (9800, 20000, 0, 0))
    gil = _gil((0, OTHER), (5000, ME), (10000, OTHER))
    assert _changes(accounts, gil) == [(0, BLOCKED), (5000, 0), (10000, BLOCKED)]


def test_a_spell_far_from_any_hand_over_stays_where_the_accounts_have_it() -> None:
    accounts = _accounts((0, 5000, 0, 4000), (5000, 8000, 3000, 0), (8000, 20000, 0, 9000))
    gil = _gil((2000, ME), (12000, OTHER))
    assert _changes(accounts, gil) == [(0, PREEMPTED), (5000, 0), (8000, PREEMPTED)]


def test_a_spell_whose_place_is_known_stays_there() -> None:
    accounts = _accounts((0, 5300, 0, 0), (5300, 9800, 4500, 0), (9800, 20000, 0, 0), unsure=60)
    assert _changes(accounts, _gil((5000, ME), (9790, OTHER))) == [(0, BLOCKED), (5300, 0), (9790, BLOCKED)]


def test_changes_stay_in_the_order_of_time() -> None:
    accounts = _accounts((0, 1000, 0, 0), (1000, 1200, 200, 0), (1200, 5000, 0, 0))
    times = [t for t, _ in _changes(accounts, _gil((1900, ME), (1950, OTHER)))]
    assert times == sorted(times)
