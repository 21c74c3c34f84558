"""What the page tells of the record beyond the picture: edges, whom a wait was on account of, how much was seen; recorded programs."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.neighbour import Neighbour
from tests.browser.server import Server
from tests.browser.trace.test_timeline import hover, is_drawn
from tests.support import synthetic, synthetic_programs


def test_arrows_are_drawn_when_asked_for(server: Server, page: Page, neighbour: Neighbour) -> None:
    page.goto(f"{server.url}/t/{neighbour.finished(synthetic_programs.pool())}")
    is_drawn(page)
    heads = page.locator(".plot .scatterlayer .point")
    legend = page.locator("#legend .arrow")
    expect(heads).to_have_count(0)
    expect(legend).to_have_count(0)
    page.click("#arrows")
    expect(page.locator("#arrows")).to_have_attribute("aria-pressed", "true")
    expect(legend).to_have_text(["started", "work handed over"])
    expect(page.locator(".plot .scatterlayer .trace")).to_have_count(3)
    expect(page.locator("#arrow-note")).to_be_hidden()
    hover(page, "ThreadPool…utor-0_0", 0.18)
    expect(page.locator("#tooltip .arrival")).to_have_text("started by MainThread, 1.00 ms before")
    page.click("#arrows")
    expect(legend).to_have_count(0)
    expect(page.locator(".plot .scatterlayer .trace")).to_have_count(0)


def test_arrows_that_are_too_many_are_counted_until_one_zooms_in(server: Server, page: Page, neighbour: Neighbour) -> None:
    url = f"{server.url}/t/{neighbour.finished(synthetic_programs.relay(400))}"
    page.goto(url)
    is_drawn(page)
    page.click("#arrows")
    expect(page.locator("#arrow-note")).to_have_text("400 arrows here: zoom in to see them")
    expect(page.locator("#legend .arrow")).to_have_count(0)
    page.goto(f"{url}?t0=0&t1=10000000")
    is_drawn(page)
    page.click("#arrows")
    expect(page.locator("#legend .arrow")).to_have_text(["message"])
    expect(page.locator("#arrow-note")).to_be_hidden()


def test_a_wait_tells_on_account_of_whom(server: Server, page: Page, neighbour: Neighbour) -> None:
    page.goto(f"{server.url}/t/{neighbour.finished(synthetic_programs.program())}")
    is_drawn(page)
    for lane, share, words in (
        ("parser", 0.285, "GIL held by MainThread"),
        ("fetch-2", 0.1, "loop was running fetch-1"),
        ("MainThread", 0.9, "woken by parser"),
    ):
        hover(page, lane, share)
        expect(page.locator("#tooltip .account")).to_have_text(words)


def test_what_a_detail_means_is_said_in_words(server: Server, page: Page, neighbour: Neighbour) -> None:
    page.goto(f"{server.url}/t/{neighbour.finished(synthetic_programs.oddities())}")
    is_drawn(page)
    for share, words in (
        (0.1, "call sleep, blocked while holding the GIL: nobody else could run Python meanwhile"),
        (0.4, "stopped by a signal, until it is told to go on"),
        (0.6, "the interpreter stopped all its threads for a moment (stop-the-world pause)"),
        (0.9, "core 1 was running other"),
    ):
        hover(page, "worker", share)
        expect(page.locator("#tooltip :is(.detail, .account)")).to_have_text(words)
    hover(page, "third", 0.5)
    expect(page.locator("#tooltip .detail")).to_have_text("lock 1")
    expect(page.locator("#tooltip .account")).to_have_text("released by worker")


def test_a_program_is_shown_by_its_command_line_and_without_jobs(server: Server, page: Page, neighbour: Neighbour) -> None:
    page.goto(f"{server.url}/t/{neighbour.finished(synthetic_programs.program(exit_code=3))}")
    is_drawn(page)
    expect(page.locator("#title")).to_have_text("crawl.py --depth 2 'https://example.org/a b' · 3.13")
    expect(page.locator("#headline")).to_contain_text("The program ended with exit code 3.")
    expect(page.locator("[data-figure='Jobs done']")).to_have_count(0)
    expect(page.locator("#again")).to_have_count(0)
    facts = page.locator("#facts")
    expect(facts.locator("div:has(> dt:text-is('program')) dd")).to_have_text("scripts/crawl.py --depth 2 https://example.org/a b")
    expect(facts.locator("div:has(> dt:text-is('exit code')) dd")).to_have_text("3")
    expect(facts.locator("dt:text-is('jobs'), dt:text-is('workers')")).to_have_count(0)
    expect(page.locator(".lanelabel .name")).to_contain_text(
        ["working at once", "python", "GIL", "MainThread", "fetch-1", "fetch-2", "parser"]
    )
    expect(page.locator("#breakdown")).to_contain_text("all threads")


def test_programs_are_in_the_list_and_can_be_filtered_for(server: Server, page: Page, neighbour: Neighbour) -> None:
    identity = neighbour.finished(synthetic_programs.program())
    page.goto(f"{server.url}/?model=program")
    expect(page.locator(f".trace[data-id='{identity}'] .said")).to_contain_text("2 threads with 2 tasks")
    expect(page.locator(".trace[data-status]").first).to_contain_text("crawl.py")
    expect(page.locator("#launch input[value=program]")).to_have_count(0)


def test_every_interpreter_of_a_process_has_a_gil_of_its_own_and_each_lane_says_how_it_was_seen(
    server: Server, page: Page, neighbour: Neighbour
) -> None:
    page.goto(f"{server.url}/t/{neighbour.finished(synthetic_programs.interpreters())}")
    is_drawn(page)
    gils = page.locator(".lanelabel[data-kind=interpreter]")
    expect(gils.locator(".name")).to_have_text(["GIL", "GIL of interpreter 1", "GIL of interpreter 2"])
    expect(gils.nth(2).locator(".quality")).to_have_text("sampled")
    remark = page.locator("#facts div:has(> dt:text-is('GIL of interpreter 2')) dd")
    expect(remark).to_have_text("exact until 120 ms, then sampled: more than 1,000 hand-offs a second")


def test_how_much_was_seen_and_what_it_cost_is_said_below_the_picture(server: Server, page: Page, neighbour: Neighbour) -> None:
    page.goto(f"{server.url}/t/{neighbour.finished(synthetic_programs.program())}")
    line = page.locator("#completeness")
    expect(line).to_have_text(
        "Saw 22 of 40 GIL hand-offs · nothing dropped · every moment observed · recording cost about 400 µs, 0.2 % of the run"
    )
    page.goto(f"{server.url}/t/{neighbour.finished(synthetic.waits_overlapping())}")
    expect(line).to_contain_text("recording cost about 60.0 µs, < 0.1 % of the run")
    page.goto(f"{server.url}/t/{neighbour.finished(synthetic.large(20_000))}")
    expect(line).to_have_text("Nothing dropped · every moment observed · what recording cost is not known")
