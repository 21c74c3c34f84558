"""What a link carries, and what the page says of a link that it cannot follow."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.trace.opened import Timeline
from tests.support.scene import MS

Show = Callable[..., Timeline]
WHOLE = 2_035 * MS


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"v": 99, "t0": 0, "t1": MS}, "made by a newer gilscope"),
        ({"v": 2, "t0": "soon", "t1": MS}, "This link is damaged: “t0” cannot be read"),
        ({"v": 2, "t0": 500 * MS, "t1": 400 * MS}, "This link is damaged"),
        ({"v": "two"}, "names a view “two”"),
        ({"v": 2, "t0": 60_000 * MS, "t1": 61_000 * MS}, "the run is 2.04 s long: all of it is shown"),
    ],
    ids=["newer", "damaged", "backwards", "no version", "outside"],
)
def test_a_link_that_cannot_be_followed_says_why_and_shows_the_whole_run(
    show: Show, turns: str, page: Page, query: dict[str, object], says: str
) -> None:
    timeline = show(turns, **query)
    expect(page.locator("#viewproblem")).to_contain_text(says)
    timeline.shows(0, WHOLE)
    expect(page.locator("#whole")).to_be_disabled()


def test_a_good_link_says_nothing_of_the_kind(show: Show, turns: str, page: Page) -> None:
    show(turns, v=2, t0=500 * MS, t1=600 * MS)
    expect(page.locator("#viewproblem")).to_be_hidden()


def test_a_window_that_reaches_beyond_the_end_is_moved_back_into_the_run(show: Show, turns: str, page: Page) -> None:
    timeline = show(turns, t0=2_000 * MS, t1=2_100 * MS)
    timeline.shows(WHOLE - 100 * MS, WHOLE)
    expect(page.locator("#viewproblem")).to_be_hidden()


def test_the_address_comes_to_name_the_window_that_there_is(show: Show, turns: str, page: Page) -> None:
    show(turns, v=2, t0=2_000 * MS, t1=2_100 * MS).in_address("t1", str(WHOLE))
    timeline = show(turns, v=2, t0=1_000 * MS, t1=9_000 * MS)
    timeline.in_address("t0", None)
    expect(page.locator("#whole")).to_be_disabled()


def test_coming_back_to_the_page_shows_what_was_left(show: Show, turns: str, page: Page) -> None:
    timeline = show(turns)
    timeline.press("w", "w", "d")
    left = timeline.window
    timeline.in_address("t0", str(left[0]))
    page.click("nav >> text=Runs")
    page.wait_for_url("**/")
    page.go_back()
    timeline.is_drawn()
    timeline.shows(*left)


def test_an_address_typed_by_hand_moves_the_page_that_is_there(show: Show, turns: str, page: Page) -> None:
    timeline = show(turns, v=2, t0=500 * MS, t1=600 * MS)
    page.evaluate("history.pushState(null, '', '?v=2&t0=100000000&t1=200000000')")
    page.evaluate("history.pushState(null, '', '?v=2&t0=300000000&t1=400000000')")
    page.go_back()
    timeline.shows(100 * MS, 200 * MS)
