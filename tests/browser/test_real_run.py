"""The main job, for real: a visitor presses Run, sees the picture grow while the workers work, and keeps a link to it."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.server import Server

_MINUTE_MS = 60_000


def run(page: Page, server: Server, model: str, rounds: int, workers: int) -> None:
    page.goto(server.url)
    page.check("#launch input[value=cpu]", force=True)
    page.check(f"#launch input[value={model}]", force=True)
    page.fill("#launch [name=workers]", str(workers))
    page.fill("#launch [name='params.rounds']", str(rounds))
    page.click("#run")
    page.wait_for_url("**/t/*")


def completes(page: Page) -> None:
    expect(page.locator("main")).to_have_attribute("data-status", "complete", timeout=_MINUTE_MS)


def test_threads_are_watched_while_they_take_turns(server: Server, page: Page) -> None:
    run(page, server, "threads", rounds=20_000_000, workers=4)
    expect(page.locator("main")).to_have_attribute("data-status", "running")
    plot = page.locator(".plot")
    pictures: set[bytes] = set()
    while len(pictures) < 3:
        before = plot.get_attribute("data-grown") or "0"
        pictures.add(plot.screenshot())
        assert page.locator("main").get_attribute("data-status") == "running", "the run was over before its picture had changed twice"
        expect(plot).not_to_have_attribute("data-grown", before)
    completes(page)
    expect(page.locator(".lanelabel[data-measured]")).to_have_count(4)
    expect(page.locator(".lanelabel[data-kind=interpreter]")).to_have_count(1)
    expect(page.locator("#headline")).to_contain_text("4 threads, one GIL")
    expect(page.locator("[data-figure='Jobs done']")).to_contain_text("4")
    link = page.url
    said = page.locator("#headline").inner_text()
    page.goto("about:blank")
    server.stop()
    server.start()
    page.goto(link)
    expect(page.locator("#headline")).to_have_text(said)
    expect(page.locator(".lanelabel[data-measured]")).to_have_count(4)


def test_processes_have_a_gil_each_and_share_none(server: Server, page: Page) -> None:
    run(page, server, "processes", rounds=4_000_000, workers=2)
    completes(page)
    expect(page.locator(".lanelabel[data-measured] .name")).to_have_text(["worker-1", "worker-2"])
    expect(page.locator(".lanelabel[data-kind=interpreter]")).to_have_count(2)
    expect(page.locator("#headline")).to_contain_text("2 processes, a GIL each")


def test_a_run_is_cancelled_from_its_page_and_keeps_what_it_has(server: Server, page: Page) -> None:
    run(page, server, "threads", rounds=400_000_000, workers=2)
    expect(page.locator("main")).to_have_attribute("data-status", "running")
    expect(page.locator(".lanelabel[data-measured]")).to_have_count(2)
    page.click("#cancel")
    expect(page.locator("main")).to_have_attribute("data-status", "cancelled")
    expect(page.locator("#condition")).to_contain_text("Cancelled.")
    expect(page.locator(".lanelabel[data-measured]")).to_have_count(2)


def test_back_after_a_run_finds_the_form_as_it_was_and_starts_nothing(server: Server, page: Page) -> None:
    run(page, server, "sequential", rounds=100_000, workers=3)
    completes(page)
    page.go_back()
    expect(page.locator("#launch input[value=sequential]")).to_be_checked()
    expect(page.locator("#launch [name=workers]")).to_have_value("3")
    expect(page.locator(".trace")).to_have_count(1)
