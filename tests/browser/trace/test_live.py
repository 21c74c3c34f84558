"""While a run goes on: following its newest, holding the picture, and going on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from engine.trace import Segments
from tests.browser.neighbour import Neighbour, Run
from tests.browser.trace.opened import Timeline
from tests.support import synthetic

Show = Callable[..., Timeline]


@pytest.fixture
def run(neighbour: Neighbour) -> Iterator[Run]:
    """A run of which the first second is told."""
    made = neighbour.queue(synthetic.threads_taking_turns(seconds=6))
    made.grow(4)
    yield made
    made.finish()


def grown(page: Page, ns: int) -> None:
    expect(page.locator(".plot")).to_have_attribute("data-grown", str(ns))


def test_a_window_that_follows_keeps_the_newest_at_its_right_edge(show: Show, run: Run, page: Page) -> None:
    timeline = show(run.id)
    expect(timeline.card).to_have_attribute("data-live", "growing")
    timeline.press("w", "w", "w")
    expect(page.locator("#follow")).to_have_attribute("aria-pressed", "false")
    width = timeline.window[1] - timeline.window[0]
    timeline.press("l")
    expect(page.locator("#follow")).to_have_attribute("aria-pressed", "true")
    for _ in range(2):
        run.grow(2)
        timeline.shows(run.grown_ns - width, run.grown_ns)
    timeline.press("a")
    expect(page.locator("#follow")).to_have_attribute("aria-pressed", "false")
    stays = timeline.window
    run.grow(2)
    grown(page, run.grown_ns)
    assert timeline.window == stays


def test_a_held_picture_stays_as_it_is_while_the_run_goes_on(show: Show, run: Run, page: Page) -> None:
    timeline = show(run.id)
    grown(page, run.grown_ns)
    page.click("#pause")
    expect(timeline.card).to_have_attribute("data-live", "paused")
    expect(page.locator("#pause")).to_have_text("Resume")
    page.mouse.move(5, 5)
    held, window, before = timeline.surface.screenshot(), timeline.window, run.grown_ns
    run.grow(8)
    expect(page.locator("#status")).to_contain_text(f"{run.grown_ns / 1e9:.1f} s")
    assert timeline.window == window
    grown(page, before)
    assert timeline.surface.screenshot() == held
    timeline.press(" ")
    expect(timeline.card).to_have_attribute("data-live", "growing")
    grown(page, run.grown_ns)
    assert timeline.surface.screenshot() != held


def test_a_finished_run_has_nothing_to_follow_or_hold(show: Show, turns: str, page: Page) -> None:
    timeline = show(turns)
    expect(timeline.card).to_have_attribute("data-live", "over")
    expect(page.locator("#follow")).to_be_hidden()
    expect(page.locator("#pause")).to_be_hidden()


def test_lanes_that_begin_later_appear_however_many_there_are(show: Show, neighbour: Neighbour, page: Page) -> None:
    whole = synthetic.processes_at_once(workers=64, seconds=1)
    first = whole.frames[0]
    begun = tuple(lane for lane in first.lanes if lane.id <= 150)
    later = tuple(lane for lane in first.lanes if lane.id > 150)
    assert later, "all lanes begin in the first frame of this recording"
    frames = [replace(first, lanes=begun, segments=_of(first.segments, 150), open=_of(first.open, 150)), *whole.frames[1:]]
    frames[1] = replace(frames[1], lanes=(*later, *frames[1].lanes))
    made = neighbour.queue(whole._replace(frames=frames))
    made.grow(1)
    show(made.id)
    labels = page.locator(".lanelabel[data-measured]")
    expect(labels.filter(has_text="worker-1").first).to_be_attached()
    page.locator("#kinds summary").click()
    page.fill("#lanefind", "worker-64")
    expect(labels).to_have_count(0)
    made.grow(1)
    expect(labels).to_have_count(1)
    made.finish()


def _of(segments: Segments, last: int) -> Segments:
    return segments.take(segments.lane <= last)
