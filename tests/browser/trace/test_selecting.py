"""Selecting a stretch of time: by pointer, by keys, some lanes of it, its edges; and that it lives in the address."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.trace.opened import Timeline
from tests.support.scene import MS

Show = Callable[..., Timeline]


def selection(timeline: Timeline) -> tuple[int, int]:
    t0, t1 = (timeline.card.get_attribute("data-selection") or "").split("-")
    return int(t0), int(t1)


def test_a_drag_with_shift_selects_and_does_not_move_the_window(show: Show, turns: str, page: Page) -> None:
    timeline = show(turns, t0=500 * MS, t1=600 * MS)
    page.keyboard.down("Shift")
    timeline.drag(timeline.place("worker-2", 0.2), timeline.place("worker-2", 0.6))
    page.keyboard.up("Shift")
    t0, t1 = selection(timeline)
    assert t0 == pytest.approx(520 * MS, abs=MS // 2)
    assert t1 == pytest.approx(560 * MS, abs=MS // 2)
    timeline.shows(500 * MS, 600 * MS)
    expect(page.locator(".overlay .band")).to_have_count(1)
    timeline.in_address("sel", f"{t0}-{t1}")
    page.reload()
    timeline.is_drawn()
    assert selection(timeline) == (t0, t1)
    timeline.press("Escape")
    expect(timeline.card).to_have_attribute("data-selection", "")
    expect(page.locator(".overlay .band")).to_have_count(0)


def test_a_selection_across_some_lanes_is_of_those(show: Show, turns: str, page: Page) -> None:
    timeline = show(turns, t0=500 * MS, t1=600 * MS)
    ids = [timeline.label(f"worker-{n}").get_attribute("data-lane") for n in (2, 3)]
    page.keyboard.down("Shift")
    timeline.drag(timeline.place("worker-2", 0.2), timeline.place("worker-3", 0.6))
    page.keyboard.up("Shift")
    t0, t1 = selection(timeline)
    timeline.in_address("sel", f"{t0}-{t1}~{'.'.join(str(one) for one in ids)}")
    expect(page.locator(".overlay .band:not(.faint)")).to_have_count(2)


def test_the_select_button_makes_a_plain_drag_select_once(show: Show, turns: str, page: Page) -> None:
    timeline = show(turns, t0=500 * MS, t1=600 * MS)
    page.click("#select")
    expect(page.locator("#select")).to_have_attribute("aria-pressed", "true")
    timeline.drag(timeline.place("worker-2", 0.2), timeline.place("worker-2", 0.6))
    assert selection(timeline)[1] - selection(timeline)[0] == pytest.approx(40 * MS, abs=MS)
    expect(page.locator("#select")).to_have_attribute("aria-pressed", "false")
    timeline.shows(500 * MS, 600 * MS)


def test_m_selects_the_window_or_the_chosen_segment(show: Show, turns: str) -> None:
    timeline = show(turns, t0=500 * MS, t1=600 * MS)
    timeline.press("m")
    assert selection(timeline) == (500 * MS, 600 * MS)
    timeline.click("worker-2", 0.5)
    expect(timeline.said).to_contain_text("worker-2")
    timeline.press("m")
    t0, t1 = selection(timeline)
    assert t1 - t0 < 16 * MS
    assert t0 <= 550 * MS <= t1


def test_the_edges_of_a_selection_are_moved_by_pointer_and_by_keys(show: Show, turns: str, page: Page) -> None:
    timeline = show(turns, t0=500 * MS, t1=600 * MS, sel=f"{520 * MS}-{540 * MS}", v=2)
    end = page.locator(".grip[data-grip=end]")
    expect(end).to_have_role("slider")
    end.focus()
    page.keyboard.press("ArrowRight")
    assert selection(timeline) == (520 * MS, 541 * MS)
    expect(end).to_have_attribute("aria-valuetext", "541.0 ms, 21.0 ms selected")
    box, plot = end.bounding_box(), timeline.surface.bounding_box()
    assert box is not None
    assert plot is not None
    grip = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    timeline.drag(grip, (grip[0] + 0.1 * plot["width"], grip[1]))
    assert selection(timeline)[0] == 520 * MS
    assert selection(timeline)[1] == pytest.approx(551 * MS, abs=MS // 2)
    timeline.shows(500 * MS, 600 * MS)
