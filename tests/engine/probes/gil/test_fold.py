"""From observations to holders, on made-up ones."""

from __future__ import annotations

from engine.probes.gil.events import NOBODY, UNKNOWN, GilEvents, SourceChange
from engine.probes.gil.fold import Asked, Blind, Dropped, GilFold, Looked, Observation, Took

P, A, B = 7, 71, 72
EXACT, SAMPLED, OFF = (SourceChange(0, P, source) for source in ("exact", "sampled", "off"))


def _folded(*observations: Observation, until: int = 1000) -> tuple[GilFold, GilEvents]:
    fold = GilFold()
    fold.add(observations)
    return fold, fold.until(until)


def _holds(events: GilEvents) -> list[tuple[int, int]]:
    return list(zip(events.holds.t.tolist(), events.holds.tid.tolist(), strict=True))


def test_taking_and_dropping_make_holders() -> None:
    _, events = _folded(EXACT, Asked(5, P, A), Took(10, P, A), Asked(12, P, B), Dropped(20, P, A), Took(21, P, B), Dropped(30, P, B))
    assert _holds(events) == [(10, A), (20, NOBODY), (21, B), (30, NOBODY)]
    assert list(zip(events.asks.t.tolist(), events.asks.tid.tolist(), strict=True)) == [(5, A), (12, B)]


def test_observations_of_several_cores_are_put_in_the_order_of_time() -> None:
    _, events = _folded(EXACT, Took(10, P, A), Dropped(30, P, B), Dropped(20, P, A), Took(21, P, B))
    assert _holds(events) == [(10, A), (20, NOBODY), (21, B), (30, NOBODY)]


def test_what_is_newer_than_the_watermark_waits_for_what_may_still_come() -> None:
    fold, events = _folded(EXACT, Took(10, P, A), Took(21, P, B), until=21)
    assert _holds(events) == [(10, A)]
    fold.add([Dropped(20, P, A)])
    # The late one counts as of the watermark: what was told stays told.
    assert _holds(fold.until(100)) == [(21, NOBODY), (21, B)]


def test_a_look_tells_the_holder_before_the_first_record_and_not_after() -> None:
    _, events = _folded(EXACT, Looked(5, P, A, A, 100), Dropped(8, P, A), Looked(9, P, B, B, 101))
    assert _holds(events) == [(5, A), (8, NOBODY)]


def test_a_second_record_of_the_same_act_changes_nothing() -> None:
    fold, events = _folded(
        EXACT, Looked(1, P, 0, A, 0), Took(10, P, A), Took(11, P, A), Dropped(20, P, A), Dropped(21, P, A), Looked(90, P, 0, A, 0)
    )
    assert _holds(events) == [(1, NOBODY), (10, A), (20, NOBODY)]
    account = fold.account(P)
    assert account is not None
    assert (account.handoffs, account.seen, account.contradictions) == (0, 0, 0)


def test_asking_twice_is_one_ask_until_the_gil_is_taken() -> None:
    _, events = _folded(EXACT, Asked(1, P, A), Asked(2, P, A), Took(3, P, A), Dropped(4, P, A), Asked(5, P, A))
    assert events.asks.t.tolist() == [1, 5]


def test_handoffs_are_counted_over_the_time_between_two_looks() -> None:
    fold, _ = _folded(
        EXACT,
        Took(1, P, A),
        Looked(10, P, A, A, 500),
        Dropped(11, P, A),
        Took(12, P, A),
        Dropped(13, P, A),
        Took(14, P, B),
        Dropped(15, P, B),
        Took(16, P, A),
        Looked(20, P, A, A, 502),
        Took(21, P, B),
    )
    account = fold.account(P)
    assert account is not None
    assert (account.handoffs, account.seen, account.since_ns, account.until_ns) == (2, 2, 10, 20)


def test_lost_records_make_the_holder_unknown_until_they_come_again() -> None:
    _, events = _folded(EXACT, Took(10, P, A), Blind(20, 40), Took(30, P, B), Dropped(45, P, B), Took(50, P, A))
    assert _holds(events) == [(10, A), (20, UNKNOWN), (45, NOBODY), (50, A)]


def test_the_source_may_change_within_a_trace() -> None:
    _, events = _folded(
        EXACT,
        Took(10, P, A),
        SourceChange(20, P, "sampled", "too many"),
        Took(21, P, B),
        Looked(25, P, B, B, 0),
        SourceChange(30, P, "exact"),
        Looked(31, P, NOBODY, B, 0),
        Took(35, P, A),
    )
    assert _holds(events) == [(10, A), (25, B), (31, NOBODY), (35, A)]
    assert [(change.t, change.source, change.why) for change in events.changes] == [
        (0, "exact", ""),
        (20, "sampled", "too many"),
        (30, "exact", ""),
    ]


def test_a_process_that_is_no_longer_watched_has_an_unknown_holder() -> None:
    _, events = _folded(EXACT, Took(10, P, A), SourceChange(20, P, "off", "no GIL"), Looked(25, P, A, A, 0))
    assert _holds(events) == [(10, A), (20, UNKNOWN)]


def test_a_thread_that_takes_what_another_holds_is_a_contradiction() -> None:
    fold, events = _folded(EXACT, Looked(1, P, 0, 0, 0), Took(10, P, A), Took(20, P, B), Looked(30, P, B, B, 0))
    assert _holds(events) == [(1, NOBODY), (10, A), (20, B)]
    account = fold.account(P)
    assert account is not None
    assert account.contradictions == 1


def test_processes_do_not_mix() -> None:
    _, events = _folded(EXACT, SourceChange(0, 8, "exact"), Took(10, P, A), Took(11, 8, 81), Dropped(12, 8, 81))
    assert list(zip(events.holds.pid.tolist(), events.holds.tid.tolist(), strict=True)) == [(P, A), (8, 81), (8, NOBODY)]


def test_the_gils_of_two_interpreters_of_a_process_do_not_mix() -> None:
    other = SourceChange(0, P, "exact", interpreter=3)
    fold, events = _folded(
        EXACT,
        other,
        Looked(1, P, 0, A, 0),
        Looked(1, P, 0, B, 0, 3),
        Took(10, P, A),
        Took(11, P, B, 3),
        Dropped(12, P, A),
        Dropped(13, P, B, 3),
        Looked(20, P, 0, A, 0),
        Looked(20, P, 0, B, 0, 3),
    )
    rows = list(zip(events.holds.t.tolist(), events.holds.tid.tolist(), events.holds.interpreter.tolist(), strict=True))
    assert rows == [(1, NOBODY, 0), (1, NOBODY, 3), (10, A, 0), (11, B, 3), (12, NOBODY, 0), (13, NOBODY, 3)]
    assert all(account.contradictions == 0 for account in fold.accounts().values())
    assert set(fold.accounts()) == {(P, 0), (P, 3)}


def test_asking_ends_with_the_taking_of_whichever_gil_it_was_for() -> None:
    _, events = _folded(
        EXACT, SourceChange(0, P, "exact", interpreter=3), Asked(1, P, A), Took(2, P, A, 3), Dropped(3, P, A, 3), Asked(4, P, A)
    )
    assert events.asks.t.tolist() == [1, 4]


def test_a_thread_with_another_state_is_a_handoff_as_cpython_counts_them() -> None:
    mine, temporary = 0x1000, 0x2000
    fold, events = _folded(
        EXACT,
        Looked(1, P, 0, A, 7, state=mine),
        Asked(2, P, A, temporary),
        Took(3, P, A),
        Dropped(4, P, A),
        Asked(5, P, A, mine),
        Took(6, P, A),
        Looked(7, P, A, A, 9, state=mine),
    )
    account = fold.account(P)
    assert account is not None
    assert (account.handoffs, account.seen) == (2, 2)
    assert _holds(events) == [(1, NOBODY), (3, A), (4, NOBODY), (6, A)]


def test_a_gil_that_is_gone_is_held_by_nobody_and_keeps_its_account() -> None:
    fold, events = _folded(
        EXACT,
        Looked(1, P, 0, A, 5),
        Took(10, P, B),
        Looked(20, P, B, B, 6),
        SourceChange(30, P, "absent", "turned off"),
        Took(35, P, A),
        SourceChange(40, P, "exact"),
        Looked(50, P, 0, B, 9),
        Took(55, P, A),
        Looked(60, P, A, A, 10),
    )
    assert _holds(events) == [(1, NOBODY), (10, B), (30, NOBODY), (55, A)]
    account = fold.account(P)
    assert account is not None
    assert (account.handoffs, account.seen, account.since_ns, account.until_ns) == (2, 2, 1, 60)
