"""Choosing: a segment by pointer or keys, its neighbours, its lane's neighbours; and what a screen reader is told of it."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from engine.trace import State
from tests.browser.neighbour import Neighbour
from tests.browser.trace.opened import Timeline
from tests.support import synthetic
from tests.support.scene import MS, Recording, S, Scene

Show = Callable[..., Timeline]


def test_a_press_on_a_segment_chooses_outlines_and_tells_it(show: Show, turns: str, page: Page) -> None:
    timeline = show(turns, t0=500 * MS, t1=560 * MS)
    timeline.click("worker-2", 0.3)
    expect(timeline.card).to_have_attribute("data-chosen", re.compile(r"^\d+@5\d{8}$"))
    expect(page.locator(".overlay .chosen:not(.halo)")).to_have_count(1)
    expect(timeline.said).to_have_text(
        re.compile(r"^worker-2, (running Python|waiting for the GIL).*, (5\.00|4\.99|15\.0) ms, from 0?\.?[45]\d+")
    )
    lane = timeline.label("worker-2").get_attribute("data-lane")
    chosen = timeline.chosen()
    assert chosen is not None
    assert str(chosen[0]) == lane
    timeline.in_address("at", f"{chosen[0]}@{chosen[1]}")
    page.keyboard.press("Escape")
    expect(timeline.card).to_have_attribute("data-chosen", "")
    expect(page.locator(".overlay .chosen")).to_have_count(0)
    timeline.in_address("at", None)


def test_the_chosen_segment_survives_a_reload(show: Show, turns: str, page: Page) -> None:
    timeline = show(turns, t0=500 * MS, t1=560 * MS)
    timeline.click("worker-3", 0.5)
    chosen = timeline.chosen()
    assert chosen is not None
    timeline.in_address("at", f"{chosen[0]}@{chosen[1]}")
    page.reload()
    timeline.is_drawn()
    assert timeline.chosen() == chosen
    expect(page.locator(".overlay .chosen:not(.halo)")).to_have_count(1)
    expect(timeline.said).to_contain_text("worker-3")


def test_full_stop_and_comma_step_through_the_lane_and_back(show: Show, turns: str) -> None:
    timeline = show(turns, t0=500 * MS, t1=560 * MS)
    timeline.click("worker-2", 0.5)
    expect(timeline.said).to_contain_text("worker-2")
    told = [timeline.said.inner_text()]
    for _ in range(3):
        timeline.press(".")
        expect(timeline.said).not_to_have_text(told[-1])
        told.append(timeline.said.inner_text())
    assert len(set(told)) == 4
    for before in reversed(told[:-1]):
        timeline.press(",")
        expect(timeline.said).to_have_text(before)


def test_stepping_goes_on_beyond_what_is_loaded_and_moves_the_window_along(show: Show, neighbour: Neighbour) -> None:
    timeline = show(neighbour.finished(far_apart()), t0=0, t1=10 * MS)
    timeline.click("main", 0.05)
    expect(timeline.said).to_contain_text("running Python")
    for second in (1, 2, 3):
        timeline.press(".")
        expect(timeline.said).to_have_text(re.compile(rf"from {second}\.0* s$"))
        t0, t1 = timeline.window
        assert t0 <= second * S < t1
        assert t1 - t0 == 10 * MS
    timeline.press(".")
    expect(timeline.said).to_have_text("This is the last segment of its lane.")


def far_apart() -> Recording:
    """One segment of 1 ms a second, with nothing in between: out of each other's sight when one is seen well."""
    scene = Scene()
    process = scene.lane("process", "python", pid=4242)
    main = scene.lane("thread", "main", parent=process, pid=4242, tid=4242, measured=True)
    for second in range(4):
        scene.spell(main, second * S, second * S + MS, State.running)
    scene.spell(process, 0, 3 * S + MS, State.running)
    scene.job(main, 0, 0, 3 * S + MS)
    return Recording(synthetic.record("cpu", "sequential", 1), scene.frames({"status": "complete"}, synthetic.beginning()))


def test_arrows_go_from_lane_to_lane_and_enter_chooses(show: Show, turns: str, page: Page) -> None:
    timeline = show(turns, t0=500 * MS, t1=560 * MS)
    timeline.press("ArrowDown")
    current = page.locator(".lanelabel[data-current]")
    expect(current).to_have_count(1)
    for name in ("GIL", "worker-1", "worker-2"):
        timeline.press("ArrowDown")
        expect(current.locator(".name")).to_have_text(name)
    expect(timeline.said).to_contain_text(name)
    expect(timeline.tooltip).to_contain_text(name)
    timeline.press("Enter")
    chosen = timeline.chosen()
    assert chosen is not None
    assert str(chosen[0]) == current.get_attribute("data-lane")
    timeline.press("ArrowUp")
    expect(current.locator(".name")).not_to_have_text(name)


def test_f_centres_the_chosen_segment_and_then_fits_it(show: Show, turns: str) -> None:
    timeline = show(turns, t0=500 * MS, t1=700 * MS)
    timeline.click("worker-2", 0.1)
    expect(timeline.said).to_contain_text("worker-2")
    timeline.press("f")
    t0, t1 = timeline.window
    assert t1 - t0 == 200 * MS
    assert t0 < 500 * MS
    timeline.press("f")
    near, far = timeline.window
    assert far - near < 30 * MS
    assert abs((near + far) - (t0 + t1)) < MS
