"""Numbers in English."""

from __future__ import annotations

import pytest

from engine.wording import average, count, duration, instant, listed, percent, signal_name


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 ns"),
        (850, "850 ns"),
        (999, "999 ns"),
        (999.9, "1.00 µs"),
        (12_345, "12.3 µs"),
        (999_999, "1.00 ms"),
        (99_960_000, "100 ms"),
        (1_234_000_000, "1.23 s"),
        (59_990_000_000, "60.0 s"),
        (125_000_000_000, "2 min 5 s"),
        (30_032_000_000_000, "8 h 21 min"),
    ],
)
def test_durations_have_three_digits_and_a_unit(ns: float, text: str) -> None:
    assert duration(ns) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0 %"),
        (0.0001, "under 0.1 %"),
        (0.004, "0.4 %"),
        (0.0149, "1 %"),
        (0.744, "74 %"),
        (0.9971, "99.7 %"),
        (0.99999, "99.9 %"),
        (1, "100 %"),
    ],
)
def test_shares_that_are_not_quite_nothing_or_everything_do_not_read_so(share: float, text: str) -> None:
    assert percent(share) == text


def test_counts_agree_with_their_noun() -> None:
    assert [count(1, "thread"), count(2, "process", "processes"), count(12_345, "hand-off")] == [
        "1 thread",
        "2 processes",
        "12,345 hand-offs",
    ]


@pytest.mark.parametrize(
    ("ns", "text"), [(0, "0.000 ms"), (37_008_400, "37.008 ms"), (999_999_999, "1000.000 ms"), (1_234_567_890, "1.234568 s")]
)
def test_instants_are_told_to_the_microsecond(ns: int, text: str) -> None:
    assert instant(ns) == text


def test_lists_end_with_and() -> None:
    assert [listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]


def test_signals_have_names_if_they_are_known() -> None:
    assert [signal_name(11), signal_name(9), signal_name(60)] == ["SIGSEGV", "SIGKILL", "signal 60"]


@pytest.mark.parametrize(("number", "said"), [(0.04, "0.0"), (3.71, "3.7"), (99.94, "99.9"), (99.96, "100"), (9365.5, "9,366")])
def test_averages_of_what_is_counted(number: float, said: str) -> None:
    assert average(number) == said
