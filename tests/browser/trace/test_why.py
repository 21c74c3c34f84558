"""Why: a segment is asked about, the answer comes in words below the timeline and is drawn in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.neighbour import Neighbour
from tests.browser.server import Server
from tests.browser.test_access import violations
from tests.support import synthetic

MS = 1_000_000
WAITING, HOLDING = 4, 5
"""worker-1 waits for the GIL from 37 ms to 52 ms; first worker-2 has it."""


@pytest.fixture(scope="module")
def turns(neighbour: Neighbour) -> str:
    """The id of 4 threads taking turns of 5 ms."""
    return neighbour.finished(synthetic.threads_taking_turns(seconds=0.4))


def asks(page: Page, server: Server, trace: str, lane: int, t: int, more: str = "") -> None:
    """Opens a link that asks."""
    page.goto(f"{server.url}/t/{trace}?v=2&at={lane}@{t}{more}")
    expect(page.locator(".plot")).to_have_attribute("data-grown", re.compile("[1-9]"))


def test_a_link_that_asks_is_answered_and_drawn(server: Server, page: Page, turns: str) -> None:
    asks(page, server, turns, WAITING, 45 * MS, f"&t0={30 * MS}&t1={60 * MS}")
    why = page.locator("#why")
    expect(why.locator(".answer")).to_have_text(
        "worker-1 waited 15.0 ms for the GIL: worker-2 (4.99 ms), worker-3 (4.99 ms) and worker-4 (4.99 ms) held it in turn; "
        "worker-4 gave it up only when made to, after the switch interval of 5.00 ms."
    )
    expect(why.locator("header")).to_contain_text("waiting for the GIL")
    expect(why.locator("header")).to_contain_text("worker-1, 15.0 ms from 37.0")
    expect(why.locator(".places .who")).to_have_text(["worker-2", "worker-3", "worker-4"])
    expect(why.locator(".places .edge")).to_contain_text("GIL let go by worker-4")
    expect(why.locator(".advice")).to_contain_text("take turns on one GIL")
    expect(page.locator(".overlay .lit")).to_have_count(3)
    expect(page.locator(".overlay .lit-edge")).to_have_count(1)
    expect(page.locator("#why [role=status]")).to_have_text(re.compile("^worker-1 waited 15.0 ms for the GIL"))


def test_a_line_of_the_answer_lights_only_what_it_is_about(server: Server, page: Page, turns: str) -> None:
    asks(page, server, turns, WAITING, 45 * MS, f"&t0={30 * MS}&t1={60 * MS}")
    expect(page.locator(".overlay .lit")).to_have_count(3)
    page.locator("#why .places li").first.hover()
    expect(page.locator(".overlay .lit")).to_have_count(1)
    expect(page.locator(".overlay .lit-edge")).to_have_count(0)
    page.locator("#why .answer").hover()
    expect(page.locator(".overlay .lit")).to_have_count(3)


def test_a_click_on_a_segment_asks_and_escape_asks_no_more(server: Server, page: Page, turns: str) -> None:
    page.goto(f"{server.url}/t/{turns}?v=2&t0={30 * MS}&t1={60 * MS}")
    expect(page.locator(".plot")).to_have_attribute("data-grown", re.compile("[1-9]"))
    expect(page.locator("#why")).to_be_hidden()
    row = page.locator(".lanelabel:has(.name:text-is('worker-1'))").bounding_box()
    plot = page.locator(".plot .surface").bounding_box()
    assert row is not None
    assert plot is not None
    page.mouse.click(plot["x"] + plot["width"] / 2, row["y"] + row["height"] / 2)
    expect(page.locator("#why .answer")).to_contain_text("worker-1 waited 15.0 ms for the GIL")
    expect(page).to_have_url(re.compile(rf"[?&]at={WAITING}%40\d+"))
    page.focus("#timeline")
    page.keyboard.press("Escape")
    expect(page.locator("#why")).to_be_hidden()
    expect(page.locator(".overlay .lit")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("[?&]at="))


def test_the_keyboard_alone_asks_looks_and_asks_on(server: Server, page: Page, turns: str) -> None:
    page.goto(f"{server.url}/t/{turns}?v=2&t0={30 * MS}&t1={60 * MS}")
    expect(page.locator(".plot")).to_have_attribute("data-grown", re.compile("[1-9]"))
    page.focus("#timeline")
    lanes: list[str] = page.locator(".lanelabel[data-lane]").evaluate_all("labels => labels.map((label) => label.dataset.lane)")
    for lane in lanes[: lanes.index(str(WAITING)) + 1]:
        page.keyboard.press("ArrowDown")
        expect(page.locator(".lanelabel[data-current]")).to_have_attribute("data-lane", lane)
    page.keyboard.press("Enter")
    expect(page.locator("#why .answer")).to_contain_text("worker-1 waited 15.0 ms for the GIL")
    show = page.get_by_role("button", name="Show worker-2 there")
    show.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#timeline-card")).not_to_have_attribute("data-window", f"{30 * MS}-{60 * MS}")
    t0, t1 = (int(word) for word in (page.get_attribute("#timeline-card", "data-window") or "").split("-"))
    assert t0 <= 37 * MS < 42 * MS <= t1 < 60 * MS
    expect(show).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Why? Ask about worker-2 then")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#why .answer")).to_contain_text(
        "worker-2 ran Python for 4.99 ms on cpu 1; then it had to give the GIL to worker-3."
    )
    expect(page).to_have_url(re.compile(rf"[?&]at={HOLDING}%40"))


def test_the_link_of_an_answer_is_copied(server: Server, page: Page, turns: str) -> None:
    asks(page, server, turns, WAITING, 45 * MS)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#why").get_by_role("button", name="Copy link").click()
    expect(page.locator(".toast")).to_contain_text("copied")
    link = page.evaluate("navigator.clipboard.readText()")
    page.goto("about:blank")
    page.goto(link)
    expect(page.locator("#why .answer")).to_contain_text("worker-1 waited 15.0 ms for the GIL")


def test_zoom_to_it_shows_the_segment_and_close_hides_the_answer(server: Server, page: Page, turns: str) -> None:
    asks(page, server, turns, WAITING, 45 * MS)
    why = page.locator("#why")
    why.get_by_role("button", name="Zoom to it").click()
    expect(page.locator("#timeline-card")).to_have_attribute("data-window", re.compile(r"^3\d{7}-5\d{7}$"))
    why.get_by_role("button", name="Close").click()
    expect(why).to_be_hidden()


def test_where_nothing_was_the_words_say_so(server: Server, page: Page, turns: str) -> None:
    asks(page, server, turns, WAITING, 1 * MS)
    expect(page.locator("#why .answer")).to_have_text("worker-1 was not there yet: it began at 31.000 ms.")
    expect(page.locator("#why").get_by_role("button", name="Zoom to it")).to_have_count(0)


def test_a_lane_that_is_not_there_and_a_time_beyond_are_told(server: Server, page: Page, conduct: Any, turns: str) -> None:
    conduct.excuse("404|422")
    asks(page, server, turns, 999, 45 * MS)
    expect(page.locator("#why .notice")).to_have_text("This trace has no lane 999: its list of lanes tells which there are.")
    page.goto("about:blank")
    asks(page, server, turns, WAITING, 99_000 * MS)
    expect(page.locator("#why .notice")).to_have_text("The question is about 99.000 s, of which this run has no record.")


def test_without_a_server_it_is_asked_again(data: Path, page: Page, conduct: Any, turns: str) -> None:
    conduct.excuse("ERR_CONNECTION_REFUSED|net::")
    with Server(data) as server:
        asks(page, server, turns, WAITING, 45 * MS, f"&t0={30 * MS}&t1={60 * MS}")
        expect(page.locator("#why .answer")).to_be_visible()
        server.stop()
        page.locator("#why").get_by_role("button", name="Why? Ask about worker-2 then").click()
        expect(page.locator("#why .notice")).to_have_text("The server cannot be reached.")
        server.start()
        page.get_by_role("button", name="Ask again").click()
        expect(page.locator("#why .answer")).to_contain_text("worker-2 ran Python")


def test_an_answer_about_what_goes_on_grows_with_the_run(server: Server, page: Page, neighbour: Neighbour) -> None:
    run = neighbour.queue(synthetic.threads_taking_turns(seconds=2))
    run.grow(2)
    main, joins = 3, 40 * MS
    page.goto(f"{server.url}/t/{run.id}?v=2&at={main}@{joins}")
    answer = page.locator("#why .answer")
    expect(answer).to_have_text("MainThread has waited 468 ms so far for others to end.")
    run.grow(2)
    expect(answer).to_have_text("MainThread has waited 968 ms so far for others to end.")
    run.finish()
    expect(answer).to_have_text("MainThread waited 2.00 s for others to end; worker-4 was the last that did.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_answer_has_no_barriers(server: Server, page: Page, turns: str, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    asks(page, server, turns, WAITING, 45 * MS)
    expect(page.locator("#why .places li")).to_have_count(4)
    assert violations(page) == []


@pytest.mark.parametrize("width", [768, 1280, 1920])
def test_the_answer_lies_within_the_page_and_leaves_the_asked_lane_in_sight(server: Server, page: Page, turns: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    asks(page, server, turns, WAITING, 45 * MS)
    expect(page.locator("#why .places li")).to_have_count(4)
    page.wait_for_function("""() => {
        const label = document.querySelector('.lanelabel[data-lane="4"]').getBoundingClientRect();
        return label.bottom <= document.querySelector('#why').getBoundingClientRect().top;
    }""")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("[...document.querySelectorAll('#why *')].every((one) => one.getBoundingClientRect().right <= innerWidth)")
