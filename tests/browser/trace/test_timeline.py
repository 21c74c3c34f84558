"""The timeline: what is drawn while a run goes on, zoomed in, hovered; and that the window lives in the address."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.neighbour import Neighbour
from tests.browser.server import Server
from tests.support import synthetic

MS = 1_000_000
_BARS_OUT_OF_SIGHT = """() => {
    const plot = document.querySelector(".plot").getBoundingClientRect();
    const boxes = [...document.querySelectorAll(".plot .barlayer .point")].map((bar) => bar.getBoundingClientRect());
    return boxes.filter((box) => box.bottom < plot.top || box.top > plot.bottom).length;
}"""


def is_drawn(page: Page) -> None:
    expect(page.locator(".plot")).to_have_attribute("data-grown", re.compile("[1-9]"))
    expect(page.locator(".plot .main-svg .xtick text").first).to_be_visible()


def window(page: Page) -> tuple[int, int] | None:
    """The window that the timeline shows, by its own account; None for all of the run."""
    if page.locator("#whole").is_disabled():
        return None
    t0, t1 = (page.get_attribute("#timeline-card", "data-window") or "").split("-")
    return int(t0), int(t1)


def hover(page: Page, lane: str, share: float) -> None:
    """The pointer on a lane, at a share of the plot's width."""
    row = page.locator(f".lanelabel:has(.name:text-is('{lane}'))").bounding_box()
    plot = page.locator(".plot .surface").bounding_box()
    assert row is not None
    assert plot is not None
    page.mouse.move(plot["x"] + share * plot["width"], row["y"] + row["height"] / 2)


def test_the_picture_grows_while_the_run_goes_on(neighbour: Neighbour, server: Server, page: Page) -> None:
    run = neighbour.queue(synthetic.threads_taking_turns())
    page.goto(f"{server.url}/t/{run.id}")
    pictures = []
    for _ in range(3):
        run.grow(2)
        expect(page.locator(".plot")).to_have_attribute("data-grown", str(run.grown_ns))
        expect(page.locator("main")).to_have_attribute("data-status", "running")
        pictures.append(page.locator(".plot").screenshot())
    assert len(set(pictures)) == 3
    run.finish()
    expect(page.locator("main")).to_have_attribute("data-status", "complete")


def test_reopened_it_looks_the_same(server: Server, page: Page, turns: str) -> None:
    page.goto(f"{server.url}/t/{turns}")
    is_drawn(page)
    expect(page.locator("#resolution")).not_to_be_empty()
    first = page.locator(".plot").screenshot()
    page.goto("about:blank")
    server.stop()
    server.start()
    page.goto(f"{server.url}/t/{turns}")
    is_drawn(page)
    assert page.locator(".plot").screenshot() == first


def test_zooming_in_shows_exact_segments_and_out_again_the_whole(server: Server, page: Page, neighbour: Neighbour) -> None:
    page.goto(f"{server.url}/t/{neighbour.finished(synthetic.threads_taking_turns(seconds=20))}")
    is_drawn(page)
    badge = page.locator("#resolution")
    expect(badge).to_have_attribute("data-resolution", "aggregated")
    expect(badge).to_contain_text("segments per pixel")
    page.focus("#timeline")
    for _ in range(34):
        page.keyboard.press("w")
    expect(badge).to_have_attribute("data-resolution", "exact")
    bars = page.locator(".plot .barlayer .point")
    assert 4 < bars.count() < 2000
    found = window(page)
    assert found is not None
    page.keyboard.press("d")
    moved = window(page)
    assert moved is not None
    assert moved[0] > found[0]
    assert moved[1] - moved[0] == found[1] - found[0]
    page.keyboard.press("0")
    expect(badge).to_have_attribute("data-resolution", "aggregated")
    assert window(page) is None


def test_the_window_survives_a_reload_and_a_copied_link(server: Server, page: Page, turns: str) -> None:
    page.goto(f"{server.url}/t/{turns}?v=2&t0={500 * MS}&t1={600 * MS}")
    is_drawn(page)
    expect(page.locator(".plot .xtick text").first).to_contain_text("ms")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("#copy")
    expect(page.locator(".toast")).to_contain_text("copied")
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    page.reload()
    is_drawn(page)
    assert window(page) == (500 * MS, 600 * MS)
    expect(page.locator("#whole")).to_be_enabled()
    page.click("#whole")
    assert window(page) is None


def test_dragging_moves_the_window(server: Server, page: Page, turns: str) -> None:
    page.goto(f"{server.url}/t/{turns}?t0={500 * MS}&t1={600 * MS}")
    is_drawn(page)
    plot = page.locator(".plot .surface").bounding_box()
    assert plot is not None
    page.mouse.move(plot["x"] + 500, plot["y"] + 100)
    page.mouse.down()
    page.mouse.move(plot["x"] + 300, plot["y"] + 100, steps=4)
    page.mouse.up()
    expect(page).not_to_have_url(re.compile(f"t0={500 * MS}&"))
    found = window(page)
    assert found is not None
    assert found[0] == pytest.approx(500 * MS + 200 / plot["width"] * 100 * MS, abs=MS)
    assert found[1] - found[0] == pytest.approx(100 * MS, abs=2)


def test_the_wheel_zooms_at_the_pointer_only_with_ctrl(server: Server, page: Page, turns: str) -> None:
    page.goto(f"{server.url}/t/{turns}")
    is_drawn(page)
    hover(page, "worker-2", 0.75)
    page.keyboard.down("Control")
    for _ in range(6):
        page.mouse.wheel(0, -60)
    page.keyboard.up("Control")
    expect(page).to_have_url(re.compile("t0="))
    found = window(page)
    assert found is not None
    assert found[0] < 0.75 * 2_000 * MS < found[1]
    assert found[0] > 0.25 * 2_000 * MS


def test_hovering_a_wait_tells_who_held_the_gil(server: Server, page: Page, turns: str) -> None:
    page.goto(f"{server.url}/t/{turns}?t0={500 * MS}&t1={560 * MS}")
    is_drawn(page)
    texts = []
    for step in range(20):
        hover(page, "worker-2", (step + 0.5) / 20)
        expect(page.locator("#tooltip")).to_be_visible()
        texts.append(page.locator("#tooltip").inner_text())
    waiting = [text for text in texts if "waiting for the GIL" in text]
    assert waiting
    assert any("running Python" in text for text in texts)
    for text in waiting:
        assert "worker-2" in text
        assert "meanwhile the GIL was held by" in text
        assert re.search(r"worker-[134]\s+\d+(\.\d+)? (ms|µs)", text)
    page.mouse.move(5, 5)
    expect(page.locator("#tooltip")).to_be_hidden()


def test_hovering_the_gil_and_a_core_tells_their_holder(server: Server, page: Page, turns: str) -> None:
    page.goto(f"{server.url}/t/{turns}?t0={500 * MS}&t1={560 * MS}")
    is_drawn(page)
    hover(page, "GIL", 0.5)
    expect(page.locator("#tooltip")).to_contain_text(re.compile(r"held by worker-\d"))


def test_hovering_what_is_aggregated_tells_shares(server: Server, page: Page, neighbour: Neighbour) -> None:
    page.goto(f"{server.url}/t/{neighbour.finished(synthetic.threads_taking_turns(seconds=20))}")
    is_drawn(page)
    hover(page, "worker-3", 0.5)
    expect(page.locator("#tooltip")).to_contain_text(re.compile(r"waiting for the GIL\s*\d+ %"))


def test_lanes_fold_and_those_without_jobs_can_be_shown(server: Server, page: Page, turns: str) -> None:
    page.goto(f"{server.url}/t/{turns}")
    is_drawn(page)
    labels = page.locator(".lanelabel")
    before = labels.count()
    page.click("#quiet")
    expect(labels).not_to_have_count(before)
    page.click("#quiet")
    expect(labels).to_have_count(before)
    page.click(".lanelabel[data-kind=process] .fold")
    expect(page.locator(".lanelabel[data-measured]")).to_have_count(0)


def test_many_lanes_scroll_and_only_those_on_screen_are_drawn(server: Server, page: Page, neighbour: Neighbour) -> None:
    page.goto(f"{server.url}/t/{neighbour.finished(synthetic.processes_at_once(workers=40, seconds=1))}")
    is_drawn(page)
    shown, whole = page.evaluate("[document.querySelector('#timeline').clientHeight, document.querySelector('#timeline').scrollHeight]")
    assert shown < 0.8 * 900 < whole
    first = page.locator(".plot").screenshot()
    page.locator("#timeline").evaluate("element => element.scrollTo(0, element.scrollHeight)")
    page.locator("#timeline").evaluate("element => element.scrollIntoView({block: 'end'})")
    expect(page.locator(".lanelabel[data-kind=cpu]").first).to_be_in_viewport()
    expect(page.locator(".plot .xtick text").first).to_be_in_viewport()
    assert page.locator(".plot .barlayer .point").count() > 10
    assert page.evaluate(_BARS_OUT_OF_SIGHT) == 0
    assert page.locator(".plot").screenshot() != first


def test_a_finding_shows_its_place(server: Server, page: Page, neighbour: Neighbour) -> None:
    page.goto(f"{server.url}/t/{neighbour.finished(synthetic.tasks_on_a_loop())}")
    is_drawn(page)
    page.click("text=Show it")
    expect(page).to_have_url(re.compile("t0="))
    expect(page.locator("#breakdown-note")).to_contain_text("in the window")
