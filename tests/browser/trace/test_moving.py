"""Moving about: keys, history, the strip of the whole run, fingers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.trace.opened import Timeline
from tests.support.scene import MS

Show = Callable[..., Timeline]
WHOLE = 2_035 * MS


def test_zoom_keys_keep_the_instant_under_the_pointer_in_place(show: Show, turns: str, page: Page) -> None:
    timeline = show(turns, t0=400 * MS, t1=800 * MS)
    page.mouse.move(*timeline.place("worker-2", 0.25))
    timeline.press("w", "w", "w")
    t0, t1 = timeline.window
    assert t1 - t0 == pytest.approx(400 * MS / 1.35**3, rel=0.001)
    assert t0 + 0.25 * (t1 - t0) == pytest.approx(500 * MS, abs=2 * MS)
    timeline.press("s", "s", "s")
    assert timeline.window == pytest.approx((400 * MS, 800 * MS), abs=1000)


def test_keys_are_heard_wherever_nothing_else_wants_them(show: Show, turns: str, page: Page) -> None:
    timeline = show(turns)
    page.locator("body").press("w")
    assert timeline.window != (0, WHOLE)
    before = timeline.window
    page.click("#kinds summary")
    page.fill("#lanefind", "")
    page.locator("#lanefind").press_sequentially("wd")
    assert timeline.window == before
    expect(page.locator("#lanefind")).to_have_value("wd")


def test_history_goes_back_and_forth_by_keys_and_buttons(show: Show, turns: str, page: Page) -> None:
    timeline = show(turns)
    back, forward = page.locator("#back"), page.locator("#forward")
    expect(back).to_be_disabled()
    page.locator(".minimap .edge.start").focus()
    page.keyboard.press("PageUp")
    first = timeline.window
    assert first[0] > 0
    page.click("#whole")
    timeline.shows(0, WHOLE)
    page.click("#back")
    timeline.shows(*first)
    timeline.press("[")
    timeline.shows(0, WHOLE)
    expect(back).to_be_disabled()
    timeline.press("]")
    timeline.shows(*first)
    expect(forward).to_be_enabled()
    page.click("#forward")
    timeline.shows(0, WHOLE)
    expect(forward).to_be_disabled()


def test_the_strip_moves_and_stretches_the_window_by_pointer(show: Show, turns: str, page: Page) -> None:
    timeline = show(turns, t0=500 * MS, t1=700 * MS)
    strip = page.locator("#minimap").bounding_box()
    assert strip is not None

    def at(ns: float) -> tuple[float, float]:
        return strip["x"] + ns / WHOLE * strip["width"], strip["y"] + strip["height"] - 5

    timeline.drag(at(600 * MS), at(1000 * MS))
    assert timeline.window == pytest.approx((900 * MS, 1100 * MS), abs=5 * MS)
    timeline.drag((at(1100 * MS)[0], strip["y"] + strip["height"] / 2), (at(1500 * MS)[0], strip["y"] + strip["height"] / 2))
    assert timeline.window == pytest.approx((900 * MS, 1500 * MS), abs=8 * MS)
    timeline.drag(at(200 * MS), at(400 * MS))
    assert timeline.window == pytest.approx((200 * MS, 400 * MS), abs=5 * MS)
    page.mouse.click(*at(1200 * MS))
    assert timeline.window == pytest.approx((1100 * MS, 1300 * MS), abs=8 * MS)


def test_the_strip_moves_and_stretches_the_window_by_keys_and_says_so(show: Show, turns: str, page: Page) -> None:
    timeline = show(turns, t0=500 * MS, t1=700 * MS)
    brush = page.locator(".minimap .brush")
    expect(brush).to_have_role("slider")
    brush.focus()
    page.keyboard.press("ArrowRight")
    timeline.shows(520 * MS, 720 * MS)
    expect(brush).to_have_attribute("aria-valuetext", "from 520 ms, 200 ms long")
    page.keyboard.press("End")
    timeline.shows(WHOLE - 200 * MS, WHOLE)
    page.keyboard.press("Home")
    timeline.shows(0, 200 * MS)
    page.locator(".minimap .edge.end").focus()
    page.keyboard.press("ArrowRight")
    timeline.shows(0, round(200 * MS + 0.02 * WHOLE))


def test_the_wheel_without_ctrl_scrolls_the_page_and_sideways_moves(show: Show, turns: str, page: Page) -> None:
    timeline = show(turns, t0=500 * MS, t1=600 * MS)
    page.mouse.move(*timeline.place("worker-2", 0.5))
    plot = timeline.surface.bounding_box()
    assert plot is not None
    page.mouse.wheel(0.5 * plot["width"], 0)
    expect(timeline.card).to_have_attribute("data-window", f"{550 * MS}-{650 * MS}")


_FINGERS = """(surface, [from, to]) => {
    const box = surface.getBoundingClientRect();
    const tell = (type, id, [x, y]) => surface.dispatchEvent(new PointerEvent(type, {
        pointerId: id, pointerType: "touch", isPrimary: id === 11, bubbles: true, cancelable: true, button: 0, buttons: 1,
        clientX: box.left + x * box.width, clientY: box.top + y * box.height}));
    surface.setPointerCapture = () => {};
    from.forEach((at, i) => tell("pointerdown", 11 + i, at));
    for (let step = 1; step <= 5; step += 1) {
        from.forEach(([x, y], i) => tell("pointermove", 11 + i, [x + (to[i][0] - x) * step / 5, y + (to[i][1] - y) * step / 5]));
    }
    to.forEach((at, i) => tell("pointerup", 11 + i, at));
}"""


def test_two_fingers_zoom_and_one_moves(show: Show, turns: str) -> None:
    timeline = show(turns, t0=400 * MS, t1=800 * MS)
    timeline.surface.evaluate(_FINGERS, [[[0.45, 0.5], [0.55, 0.5]], [[0.3, 0.5], [0.7, 0.5]]])
    t0, t1 = timeline.window
    assert t1 - t0 == pytest.approx(100 * MS, rel=0.02)
    assert (t0 + t1) / 2 == pytest.approx(600 * MS, abs=5 * MS)
    timeline.surface.evaluate(_FINGERS, [[[0.8, 0.5]], [[0.3, 0.5]]])
    moved = timeline.window
    assert moved[0] - t0 == pytest.approx(50 * MS, rel=0.05)
    assert moved[1] - moved[0] == pytest.approx(t1 - t0, abs=2)
