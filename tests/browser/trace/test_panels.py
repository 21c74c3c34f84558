"""Beside the picture: what a selection adds up to, the search, the table, the help; by pointer and by keys."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Conduct
from tests.browser.neighbour import Neighbour
from tests.browser.server import Server
from tests.browser.test_access import violations
from tests.support import synthetic, synthetic_programs
from tests.support.large import large

MS = 1_000_000
WINDOW = "v=2&t0=100000000&t1=500000000"
SELECTED = "v=2&sel=100000000-500000000"


def told(server: Server, trace_id: str, path: str) -> dict[str, object]:
    answer: dict[str, object] = httpx.get(f"{server.url}/api/v1/traces/{trace_id}/{path}").raise_for_status().json()
    return answer


def opened(page: Page, server: Server, trace_id: str, query: str = "") -> None:
    """The page, drawn and listening."""
    page.goto(f"{server.url}/t/{trace_id}?{query}")
    expect(page.locator(".plot")).to_have_attribute("data-grown", re.compile("[1-9]"))


def state(page: Page, name: str) -> str | None:
    """What the address says; it is written a little later than it is so."""
    return parse_qs(urlsplit(page.url).query).get(name, [None])[0]


def figure(page: Page, name: str) -> Locator:
    return page.locator("#selection .sums div", has=page.get_by_text(name, exact=True)).locator("dd")


def test_a_selection_in_the_address_is_added_up(server: Server, page: Page, turns: str) -> None:
    opened(page, server, turns, SELECTED)
    panel = page.locator("#selection")
    expect(panel.locator("header")).to_contain_text("from 100 ms to 500 ms, 400 ms long, on all lanes")
    figures = told(server, turns, "selection?t0=100000000&t1=500000000")
    expect(figure(page, "Cores used")).to_have_text(f"{figures['parallelism']:.2f}")
    expect(figure(page, "GIL hand-offs")).to_have_text(str(figures["handoffs"]))
    expect(figure(page, "Longest wait")).to_contain_text("15.0 ms waiting for the GIL")
    expect(panel.locator("tbody th")).to_have_text(["worker-1", "worker-2", "worker-3", "worker-4"])
    expect(panel.locator("tfoot th")).to_have_text("together")
    expect(panel.get_by_role("status")).to_contain_text("Selected 400 ms on 9 lanes: 1.00 cores used")


def test_without_a_selection_there_is_no_panel(server: Server, page: Page, turns: str) -> None:
    opened(page, server, turns)
    expect(page.locator("#selection")).to_be_hidden()


def test_what_is_on_screen_is_selected_zoomed_to_and_let_go(server: Server, page: Page, turns: str) -> None:
    opened(page, server, turns, WINDOW)
    page.get_by_role("button", name="Sum up").click()
    panel = page.locator("#selection")
    expect(panel.locator("header")).to_contain_text("from 100 ms to 500 ms")
    page.get_by_role("button", name="Whole run").click()
    expect(panel.locator("header")).to_contain_text("from 100 ms to 500 ms")
    panel.get_by_role("button", name="Zoom to it").click()
    expect(page).to_have_url(re.compile("t0=100000000&t1=500000000"))
    panel.get_by_role("button", name="Clear").click()
    expect(panel).to_be_hidden()
    expect(page.get_by_role("button", name="Sum up")).to_be_focused()
    expect(page).not_to_have_url(re.compile("sel="))


def test_the_csv_has_the_numbers_of_the_panel(server: Server, page: Page, turns: str, tmp_path: Path) -> None:
    opened(page, server, turns, f"{SELECTED}~4.5")
    with page.expect_download() as download:
        page.locator("#selection").get_by_role("link", name="CSV").click()
    download.value.save_as(tmp_path / "selection.csv")
    together, *lanes = csv.DictReader((tmp_path / "selection.csv").read_text().splitlines())
    assert download.value.suggested_filename == f"{turns}-100000000-500000000.csv"
    assert [line["name"] for line in lanes] == ["worker-1", "worker-2"]
    expect(figure(page, "Cores used")).to_have_text(f"{float(together['parallelism']):.2f}")
    expect(figure(page, "Segments")).to_have_text(together["segments"])


def test_the_longest_wait_is_a_way_to_it(server: Server, page: Page, turns: str) -> None:
    opened(page, server, turns, SELECTED)
    figure(page, "Longest wait").get_by_role("button").click()
    expect(page).to_have_url(re.compile(r"at=\d+(%40|@)\d+"))


def test_a_selection_that_lies_outside_or_on_no_lanes_says_so(server: Server, page: Page, turns: str, conduct: Conduct) -> None:
    conduct.excuse("status of 422")
    opened(page, server, turns, "v=2&sel=3600000000000-3700000000000")
    expect(page.locator("#selection .notice")).to_contain_text("the trace ends at")
    page.locator("#selection").get_by_role("button", name="Clear").click()
    expect(page.locator("#selection")).to_be_hidden()
    opened(page, server, turns, f"{SELECTED}~77")
    expect(page.locator("#selection .notice")).to_contain_text("names lanes that this run does not have")


def test_a_selection_grows_with_the_run(server: Server, page: Page, neighbour: Neighbour) -> None:
    run = neighbour.queue(synthetic.threads_taking_turns())
    run.grow(2)
    opened(page, server, run.id, "v=2&sel=100000000-1500000000")
    segments = figure(page, "Segments")
    expect(segments).to_have_text(re.compile(r"\d"))
    before = segments.inner_text()
    run.grow(2)
    expect(segments).not_to_have_text(before)
    run.finish()
    expect(segments).to_have_text(re.compile(r"^1.9\d\d$"))


def field(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Search lanes and segments")


def hits(page: Page) -> Locator:
    return page.locator("#search").get_by_role("option")


def test_a_stroke_starts_a_search_and_typing_filters_the_lanes(server: Server, page: Page, turns: str) -> None:
    opened(page, server, turns)
    page.keyboard.press("/")
    expect(field(page)).to_be_focused()
    page.keyboard.type("worker-2")
    expect(hits(page)).to_have_text(["threadworker-2"])
    expect(page.locator(".lanelabel .name", has_text="worker-1")).to_have_count(0)
    expect(page.locator(".lanelabel .name", has_text="worker-2")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator(".lanelabel .name", has_text="worker-1")).to_have_count(1)
    expect(field(page)).to_have_value("")
    expect(page).not_to_have_url(re.compile("find="))


def test_a_filter_in_the_address_is_in_the_field(server: Server, page: Page, turns: str) -> None:
    opened(page, server, turns, "v=2&find=worker-3")
    expect(field(page)).to_have_value("worker-3")
    expect(page.locator(".lanelabel .name", has_text="worker-1")).to_have_count(0)


def test_enter_goes_from_one_hit_to_the_next_and_back(server: Server, page: Page, turns: str) -> None:
    """States may be called what the legend calls them."""
    found = told(server, turns, "search?q=gil_wait+%3E+5ms&limit=3")
    places = [f"{item['lane']}@{item['start_ns']}" for item in found["items"]]  # type: ignore[attr-defined]
    opened(page, server, turns)
    page.keyboard.press("/")
    page.keyboard.insert_text("waiting for the GIL > 5ms")
    expect(page.locator("#search .hitnote")).to_have_text(f"{found['segments_found']} segments, the longest first")
    for key, place in (("Enter", places[0]), ("Enter", places[1]), ("Enter", places[2]), ("Shift+Enter", places[1])):
        page.keyboard.press(key)
        expect(page.locator("#timeline-card")).to_have_attribute("data-chosen", place)
    expect(page.locator("#search .place")).to_have_text(f"2 of {found['segments_found']}")
    expect(hits(page).first).to_be_hidden()
    start, end = (int(part) for part in (page.locator("#timeline-card").get_attribute("data-window") or "").split("-"))
    at = int(places[1].partition("@")[2])
    assert start <= at < end < 2_000 * MS
    expect(page).to_have_url(re.compile("t0="))
    assert state(page, "find") is None


def test_arrows_choose_among_hits_before_enter_goes_there(server: Server, page: Page, turns: str) -> None:
    found = told(server, turns, "search?q=gil_wait&limit=3")
    third = found["items"][2]  # type: ignore[index]
    opened(page, server, turns)
    page.keyboard.press("/")
    page.keyboard.type("gil_wait")
    expect(hits(page).first).to_be_visible()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    expect(hits(page).nth(2)).to_have_attribute("aria-selected", "true")
    expect(field(page)).to_have_attribute("aria-activedescendant", "search-hit-2")
    page.keyboard.press("Enter")
    expect(page.locator("#timeline-card")).to_have_attribute("data-chosen", f"{third['lane']}@{third['start_ns']}")


def test_a_hit_in_a_lane_that_is_not_shown_brings_it_back(server: Server, page: Page, turns: str) -> None:
    opened(page, server, turns)
    main = page.locator(".lanelabel .name", has_text="MainThread")
    expect(main).to_have_count(0)
    page.keyboard.press("/")
    page.keyboard.type("join")
    hits(page).first.click()
    expect(main).to_have_count(1)
    expect(page.locator("#timeline-card")).to_have_attribute("data-chosen", re.compile("^3@"))
    expect(field(page)).to_have_value("join")


def test_a_query_that_means_nothing_is_told_how_to_be_written(server: Server, page: Page, turns: str, conduct: Conduct) -> None:
    conduct.excuse("status of 422")
    opened(page, server, turns)
    page.keyboard.press("/")
    page.keyboard.insert_text("gil_wait > 5")
    expect(page.locator("#search .hitnote")).to_contain_text("a duration has a unit")
    expect(field(page)).to_have_attribute("aria-invalid", "true")
    page.keyboard.insert_text("ms")
    expect(hits(page).first).to_be_visible()
    expect(field(page)).to_have_attribute("aria-invalid", "false")


def test_what_is_not_there_is_said_and_filters_nothing(server: Server, page: Page, turns: str) -> None:
    opened(page, server, turns)
    page.keyboard.press("/")
    page.keyboard.type("nobody")
    expect(page.locator("#search .hitnote")).to_contain_text("Nothing is called that here")
    expect(page.locator(".lanelabel .name", has_text="worker-1")).to_have_count(1)


def rows(page: Page) -> Locator:
    return page.locator("#table tbody tr")


def test_the_table_says_the_picture_in_numbers(server: Server, page: Page, turns: str) -> None:
    opened(page, server, turns, WINDOW)
    toggle = page.get_by_role("button", name="Table", exact=True)
    expect(page.locator("#table")).to_be_hidden()
    toggle.click()
    expect(toggle).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#table h2")).to_have_text("Lanes from 100 ms to 500 ms")
    expect(rows(page).locator("th button")).to_have_text(
        ["worker-1", "worker-2", "worker-3", "worker-4", "python", "GIL", "MainThread", "cpu 0", "cpu 1"]
    )
    waits = [f"waiting for {what}" for what in ("the GIL", "a core", "a lock")]
    others = ["idle", "held", "free", "busy", "alive", "segments", "longest wait"]
    expect(page.get_by_role("columnheader")).to_have_text(["lane", "running Python", *waits, *others])
    expect(page.locator("#table caption")).to_contain_text("how long each was in each state")
    expect(page).to_have_url(re.compile("table=1"))
    page.reload()
    expect(rows(page)).to_have_count(9)
    toggle.click()
    expect(page.locator("#table")).to_be_hidden()


def test_the_table_follows_the_window(server: Server, page: Page, turns: str) -> None:
    opened(page, server, turns, f"{WINDOW}&table=1")
    expect(page.locator("#table h2")).to_have_text("Lanes from 100 ms to 500 ms")
    page.get_by_role("button", name="Whole run").click()
    expect(page.locator("#table h2")).to_have_text("Lanes from 0 s to 2.04 s")


def test_headings_sort_the_largest_first_then_the_smallest_then_as_it_was(server: Server, page: Page, turns: str) -> None:
    opened(page, server, turns, "v=2&table=1")
    heading = page.get_by_role("columnheader", name="running Python")
    sorter = heading.get_by_role("button")
    first = rows(page).first.locator("th button")
    expect(first).to_have_text("worker-1")
    sorter.click()
    expect(first).to_have_text(re.compile("worker-[1-4]"))
    expect(heading).to_have_attribute("aria-sort", "descending")
    expect(sorter).to_be_focused()
    sorter.click()
    expect(first).to_have_text("python")
    expect(heading).to_have_attribute("aria-sort", "ascending")
    sorter.click()
    expect(first).to_have_text("worker-1")
    expect(heading).not_to_have_attribute("aria-sort", re.compile("."))


def test_a_lane_is_told_segment_by_segment_and_its_rows_choose(server: Server, page: Page, turns: str) -> None:
    opened(page, server, turns, f"{WINDOW}&table=1")
    rows(page).nth(1).locator("th button").click()
    expect(page.locator("#table h2")).to_have_text("worker-2")
    exact = told(server, turns, "lanes/5/segments?t0=100000000&t1=500000000")
    items: list[dict[str, int]] = exact["items"]  # type: ignore[assignment]
    expect(rows(page)).to_have_count(len(items))
    expect(rows(page).nth(1)).to_contain_text("waiting for the GIL")
    expect(rows(page).nth(1)).to_contain_text("GIL held by worker-1")
    rows(page).nth(1).locator("th button").click()
    expect(page.locator("#timeline-card")).to_have_attribute("data-chosen", f"5@{items[1]['start_ns']}")
    expect(rows(page).nth(1)).to_have_attribute("aria-current", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(rows(page).nth(2)).to_have_attribute("aria-current", "true")
    expect(rows(page).nth(1)).not_to_have_attribute("aria-current", re.compile("."))
    page.locator("#table").get_by_role("button", name="All lanes").click()
    expect(rows(page).nth(1).locator("th button")).to_be_focused()


def test_segments_of_one_state_only(server: Server, page: Page, turns: str) -> None:
    opened(page, server, turns, f"{WINDOW}&table=1")
    rows(page).nth(0).locator("th button").click()
    page.get_by_role("combobox", name="Only segments that are").select_option("waiting for the GIL")
    exact = told(server, turns, "lanes/4/segments?t0=100000000&t1=500000000&state=gil_wait")
    expect(page.locator("#table .pager")).to_contain_text(f"{exact['total']} segments")
    expect(rows(page)).to_have_count(int(str(exact["total"])))
    page.get_by_role("combobox", name="Only segments that are").select_option("waiting for I/O")
    expect(page.locator("#table")).to_contain_text("It was never waiting for I/O in this window.")


def test_long_lanes_and_many_lanes_come_in_pages(server: Server, page: Page, turns: str, neighbour: Neighbour) -> None:
    opened(page, server, turns, "v=2&table=1")
    rows(page).nth(0).locator("th button").click()
    pager = page.locator("#table .pager")
    expect(pager).to_contain_text(re.compile(r"1–100 of 30\d segments"))
    expect(pager.get_by_role("button", name="Previous")).to_be_disabled()
    pager.get_by_role("button", name="Next").click()
    expect(pager).to_contain_text(re.compile(r"101–200 of 30\d segments"))
    pager.get_by_role("button", name="Previous").click()
    expect(pager).to_contain_text(re.compile(r"1–100 of 30\d segments"))
    opened(page, server, neighbour.finished(large(segments=30_000, lanes=4, tasks=996)), "v=2&table=1")
    expect(pager).to_contain_text("1–100 of 1")
    expect(rows(page)).to_have_count(100)
    pager.get_by_role("button", name="Next").click()
    expect(pager).to_contain_text("101–200 of 1")


def test_the_table_tells_only_the_lanes_that_are_searched_for(server: Server, page: Page, turns: str) -> None:
    opened(page, server, turns, "v=2&table=1&find=worker")
    expect(rows(page).locator("th button")).to_have_text(["worker-1", "worker-2", "worker-3", "worker-4"])
    expect(page.locator("#table header")).to_contain_text("whose names hold “worker”")


def test_details_and_accounts_are_in_the_table(server: Server, page: Page, neighbour: Neighbour) -> None:
    opened(page, server, neighbour.finished(synthetic_programs.program()), "v=2&table=1")
    rows(page).locator("th button", has_text="MainThread").click()
    expect(page.locator("#table tbody")).to_contain_text("waiting for a lock")
    expect(page.locator("#table tbody")).to_contain_text("GIL held by parser")


def test_the_help_lists_keys_patterns_and_arrows_and_gives_the_focus_back(server: Server, page: Page, turns: str) -> None:
    opened(page, server, turns)
    page.locator("#timeline").focus()
    page.keyboard.press("?")
    help_ = page.get_by_role("dialog", name="Reading the timeline")
    expect(help_).to_be_visible()
    for text in (
        "zoom in at the pointer",
        "waiting for the GIL",
        "gil_wait",
        "blocked on a lock, queue, condition or join",
        "lock released",
    ):
        expect(help_).to_contain_text(text)
    page.keyboard.press("Escape")
    expect(help_).to_be_hidden()
    expect(page.locator("#timeline")).to_be_focused()


def test_a_question_mark_in_the_search_is_text(server: Server, page: Page, turns: str) -> None:
    opened(page, server, turns)
    page.keyboard.press("/")
    page.keyboard.type("a?/")
    expect(field(page)).to_have_value("a?/")
    expect(page.locator("#help")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everyone_can_use_them(server: Server, page: Page, turns: str, scheme: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=scheme)
    opened(page, server, turns, f"{SELECTED}&table=1")
    expect(page.locator("#selection tbody tr")).to_have_count(4)
    expect(rows(page)).to_have_count(9)
    page.keyboard.press("/")
    page.keyboard.type("gil_wait")
    expect(hits(page).first).to_be_visible()
    page.keyboard.press("ArrowDown")
    assert violations(page) == []
    page.keyboard.press("Escape")
    rows(page).first.locator("th button").click()
    expect(rows(page)).to_have_count(100)
    rows(page).first.locator("th button").click()
    expect(rows(page).first).to_have_attribute("aria-current", "true")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    assert violations(page) == []
