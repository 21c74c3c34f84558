"""When watching costs too much, on made-up numbers."""

from __future__ import annotations

from engine.probes.gil.guard import GilLimits, RateGuard, Starts

_MS = 1_000_000


def _spends(guard: RateGuard, traps: int, every_ms: int, times: int) -> int:
    """How many spells of `every_ms` with that many traps pass before the guard says stop; `times` if it never does."""
    return next((turn for turn in range(times) if not guard.spend(traps, (turn + 1) * every_ms * _MS)), times)


def test_a_rate_at_the_limit_passes_for_ever() -> None:
    assert _spends(RateGuard(1000, 500, 500, 0), 10, 10, 10_000) == 10_000


def test_a_rate_above_the_limit_passes_until_the_burst_is_used_up() -> None:
    assert _spends(RateGuard(1000, 500, 500, 0), 30, 10, 10_000) == 24


def test_a_flood_is_stopped_at_the_first_look() -> None:
    assert _spends(RateGuard(1000, 500, 500, 0), 5000, 50, 10) == 0


def test_the_start_is_granted_once() -> None:
    guard = RateGuard(1000, 500, 10_000, 0)
    assert guard.spend(9_000, 100 * _MS)
    assert guard.spend(0, 10_000 * _MS)
    assert not guard.spend(1_500, 10_100 * _MS)


def test_more_is_granted_for_what_begins_anew_but_not_for_ever() -> None:
    guard = RateGuard(1000, 500, 0, 0)
    granted = 0
    for _ in range(100):
        guard.grant(2_000)
        granted += 2_000 if guard.spend(2_000, 0) else 0
    assert granted == 16_000


def test_many_processes_share_what_starting_may_cost() -> None:
    starts = Starts(GilLimits(traps_per_s=1000, burst=500, start=4000), 0)
    assert [starts.lend(0) for _ in range(6)] == [4000] * 4 + [500] * 2
    starts.give_back(3000)
    assert starts.lend(0) == 3000
    assert starts.lend(2_000_000_000) == 2000, "it grows again"
    starts.give_back(1e9)
    assert [starts.lend(2_000_000_000) for _ in range(5)] == [4000] * 4 + [500]
