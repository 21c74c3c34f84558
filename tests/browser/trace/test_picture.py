"""The picture behind the bars: pixels that say how much of each state there was, and nothing where nothing is known."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Conduct
from tests.browser.neighbour import Neighbour
from tests.browser.server import Server
from tests.browser.trace.opened import Timeline
from tests.support import synthetic
from tests.support.scene import MS

Show = Callable[..., Timeline]

_SHARES = """([lane, from, to]) => {
    const canvas = document.querySelector(".plot .backdrop"), box = canvas.getBoundingClientRect();
    const row = [...document.querySelectorAll(".lanelabel")].find((label) => label.querySelector(".name").textContent === lane);
    const { top, height } = row.getBoundingClientRect();
    const [x0, x1] = [from, to].map((share) => Math.round(share * canvas.width));
    const { data } = canvas.getContext("2d").getImageData(x0, Math.round(top - box.top), x1 - x0, Math.round(height));
    const found = {};
    for (let i = 0; i < data.length; i += 4) {
        const colour = data[i + 3] ? `#${[...data.slice(i, i + 3)].map((value) => value.toString(16).padStart(2, "0")).join("")}` : "none";
        found[colour] = (found[colour] ?? 0) + 4 / data.length;
    }
    return found;
}"""
"""Of a lane's row between two shares of the width: {colour: share of the pixels}."""
RUNNING = "#005a9c"


@pytest.fixture(autouse=True)
def looked_at(conduct: Conduct) -> None:
    """Reading a canvas back is slow, the browser says; it is done here only."""
    conduct.excuse("willReadFrequently")


def shares(page: Page, lane: str, start: float, end: float) -> dict[str, float]:
    found: dict[str, float] = page.evaluate(_SHARES, [lane, start, end])
    return found


def test_threads_that_alternate_faster_than_a_pixel_are_each_a_quarter_full(show: Show, neighbour: Neighbour, page: Page) -> None:
    show(neighbour.finished(synthetic.threads_taking_turns(seconds=60)))
    expect(page.locator("#resolution")).to_have_attribute("data-resolution", "aggregated")
    for lane in ("worker-1", "worker-2", "worker-3", "worker-4"):
        found = shares(page, lane, 0.2, 0.8)
        assert found[RUNNING] == pytest.approx(0.25, abs=0.03)
        assert found.get("none", 0) < 0.02
    at_work = shares(page, "working at once", 0.2, 0.8)
    # One of two is on a core: half the height of a scale that ends at 2.
    assert at_work[RUNNING] == pytest.approx(0.5, abs=0.06)


def test_where_nothing_has_happened_yet_nothing_is_painted(show: Show, neighbour: Neighbour, page: Page) -> None:
    run = neighbour.queue(synthetic.threads_taking_turns())
    run.grow(3)
    timeline = show(run.id)
    expect(page.locator(".plot")).to_have_attribute("data-grown", str(run.grown_ns))
    timeline.shows(0, 800 * MS)
    page.wait_for_function(f"(where) => (({_SHARES})(where).none ?? 0) < 0.05", arg=["worker-2", 0.1, 0.9])
    assert shares(page, "worker-2", 0.96, 1) == {"none": pytest.approx(1)}
    run.finish()


def test_until_a_wider_picture_has_come_the_one_that_is_there_is_not_stretched(show: Show, page: Page, turns: str) -> None:
    timeline = show(turns, t0=1000 * MS, t1=1010 * MS)
    figure = page.locator(".plot .figure")
    place = "(figure) => figure.getBoundingClientRect()"
    wide = figure.evaluate(place)["width"]
    page.route("**/view?**", lambda _: None)
    timeline.press("0")
    expect(figure).to_have_attribute("style", re.compile("scaleX"))
    assert shares(page, "worker-2", 0, 0.4) == {"none": pytest.approx(1)}
    assert shares(page, "worker-2", 0.6, 1) == {"none": pytest.approx(1)}
    # The bars go where their time is: 10 ms of the whole.
    t0, t1 = timeline.window
    carried, surface = figure.evaluate(place), timeline.surface.evaluate(place)
    assert carried["width"] == pytest.approx(wide * 10 * MS / (t1 - t0), abs=1)
    assert carried["x"] - surface["x"] == pytest.approx(surface["width"] * 1000 * MS / (t1 - t0), abs=1)
    page.unroute_all(behavior="ignoreErrors")
    timeline.press("w")
    expect(figure).not_to_have_attribute("style", re.compile("scaleX"))
    assert figure.evaluate(place)["width"] == pytest.approx(wide)


def test_the_picture_is_there_before_plotly_is_and_without_it(neighbour: Neighbour, server: Server, page: Page, conduct: Conduct) -> None:
    conduct.excuse("ERR_FAILED")
    page.route("**/vendor/plotly*", lambda route: route.abort())
    page.goto(f"{server.url}/t/{neighbour.finished(synthetic.threads_taking_turns())}")
    expect(page.locator(".plot")).to_contain_text("plotly.js did not load")
    assert shares(page, "worker-1", 0.2, 0.8)[RUNNING] == pytest.approx(0.25, abs=0.05)
