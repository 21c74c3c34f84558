"""Lanes: keeping some on top, moving, filtering, and ten thousand of them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.neighbour import Neighbour
from tests.browser.trace.opened import Timeline
from tests.support import synthetic
from tests.support.large import large

Show = Callable[..., Timeline]
MANY = 10_000


@pytest.fixture(scope="package")
def crowd(neighbour: Neighbour) -> str:
    """The id of ten thousand tasks on one loop."""
    return neighbour.finished(large(segments=60_000, lanes=0, tasks=MANY))


def test_a_pinned_lane_stays_on_top_while_the_others_scroll(show: Show, neighbour: Neighbour, page: Page) -> None:
    timeline = show(neighbour.finished(synthetic.processes_at_once(workers=40, seconds=0.5)))
    timeline.label("worker-3").hover()
    timeline.label("worker-3").locator("[data-pin]").click()
    pinned = page.locator(".lid .lanelabel[data-pinned] .name")
    expect(pinned).to_have_text(["worker-3"])
    timeline.lanes.evaluate("element => { element.scrollTo(0, element.scrollHeight); element.scrollIntoView({block: 'end'}); }")
    expect(timeline.label("worker-40")).to_be_in_viewport()
    expect(timeline.label("worker-3")).to_be_in_viewport()
    expect(timeline.label("worker-2")).not_to_be_in_viewport()
    lane = timeline.label("worker-3").get_attribute("data-lane")
    timeline.in_address("pin", lane)
    page.reload()
    timeline.is_drawn()
    expect(pinned).to_have_text(["worker-3"])
    timeline.label("worker-3").locator("[data-pin]").click()
    expect(pinned).to_have_count(0)


def test_p_pins_the_lane_that_the_reader_is_at(show: Show, turns: str, page: Page) -> None:
    timeline = show(turns)
    timeline.label("worker-2").click()
    timeline.press("p")
    expect(page.locator(".lid .lanelabel[data-pinned] .name")).to_have_text(["worker-2"])
    timeline.press("p")
    expect(page.locator(".lid .lanelabel[data-pinned]")).to_have_count(0)


def test_lanes_are_moved_by_buttons_keys_and_drags(show: Show, turns: str, page: Page) -> None:
    timeline = show(turns)
    timeline.label("worker-3").hover()
    timeline.label("worker-3").locator("[data-move='-1']").click()
    timeline.stand("worker-", "worker-1", "worker-3", "worker-2", "worker-4")
    timeline.label("worker-1").click()
    timeline.press("}")
    expect(page.locator(".lanelabel[data-current] .name")).to_have_text("worker-1")
    timeline.stand("worker-", "worker-3", "worker-1", "worker-2", "worker-4")
    start, end = timeline.label("worker-4").bounding_box(), timeline.label("worker-3").bounding_box()
    assert start is not None
    assert end is not None
    timeline.drag((start["x"] + 90, start["y"] + 15), (end["x"] + 90, end["y"] + 4))
    timeline.stand("worker-", "worker-4", "worker-3", "worker-1", "worker-2")
    expect(page).to_have_url(re.compile(r"move=\d+-\d+\.\d+-\d+\.\d+-\d+(&|$)"))  # All three moves.
    page.reload()
    timeline.is_drawn()
    timeline.stand("worker-", "worker-4", "worker-3", "worker-1", "worker-2")


def test_lanes_are_filtered_by_their_names(show: Show, turns: str, page: Page) -> None:
    timeline = show(turns)
    page.click("#kinds summary")
    page.fill("#lanefind", "worker-2")
    expect(page.locator(".lanelabel[data-lane] .name")).to_have_text(["python", "worker-2"])
    timeline.in_address("find", "worker-2")
    page.reload()
    timeline.is_drawn()
    expect(page.locator(".lanelabel[data-lane] .name")).to_have_text(["python", "worker-2"])
    timeline.press("Escape")
    expect(timeline.label("worker-3")).to_be_visible()


def test_kinds_of_lanes_are_shown_and_hidden(show: Show, turns: str, page: Page) -> None:
    timeline = show(turns)
    page.click("#kinds summary")
    page.get_by_role("checkbox", name="Cores").uncheck()
    page.get_by_role("checkbox", name="GILs").uncheck()
    expect(page.locator(".lanelabel[data-kind=cpu]")).to_have_count(0)
    expect(page.locator(".lanelabel[data-kind=interpreter]")).to_have_count(0)
    timeline.in_address("hide", "cpu.interpreter")
    page.get_by_role("checkbox", name="Cores").check()
    expect(page.locator(".lanelabel[data-kind=cpu]")).to_have_count(2)


def test_c_folds_what_the_lane_hangs_on_and_the_address_keeps_it(show: Show, turns: str, page: Page) -> None:
    timeline = show(turns)
    timeline.label("worker-2").click()
    timeline.press("c")
    expect(timeline.label("worker-2")).to_have_count(0)
    expect(page.locator(".lanelabel[data-current] .name")).to_have_text("python")
    page.wait_for_url(lambda url: "fold=" in url)
    page.reload()
    timeline.is_drawn()
    expect(timeline.label("python")).to_be_visible()
    expect(timeline.label("worker-2")).to_have_count(0)


def test_of_ten_thousand_lanes_only_those_on_screen_are_asked_for_and_drawn(show: Show, crowd: str, page: Page) -> None:
    asked: list[int] = []

    def count(url: str) -> None:
        if "/view?" in url and "budget=0" not in url and "px=1&" not in url and "lanes=" in url:
            asked.append(url.split("lanes=")[1].split("&")[0].count("%2C") + 1)

    page.on("request", lambda request: count(request.url))
    timeline = show(crowd)
    expect(page.locator("#headline")).to_contain_text("10,000 tasks")
    labels = page.locator(".lanelabel")
    assert labels.count() < 150
    assert asked
    assert max(asked) < 150
    names = page.locator(".lanelabel[data-kind=task] .name")
    first = names.first.inner_text()
    timeline.lanes.evaluate("element => { element.scrollTo(0, element.scrollHeight / 2); element.scrollIntoView({block: 'end'}); }")
    expect(names.first).not_to_have_text(first)
    middle = names.nth(names.count() // 2).inner_text()
    timeline.click(middle, 0.5)
    expect(timeline.said).to_contain_text(middle)
    assert labels.count() < 200
    timeline.press("ArrowDown")
    expect(page.locator(".lanelabel[data-current]")).to_be_in_viewport()
