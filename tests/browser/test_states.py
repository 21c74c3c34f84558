"""Every state of the page of a run: what it says, what it offers, and that it goes on by itself."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
from playwright.sync_api import Page, expect

from tests.browser.conftest import Conduct
from tests.browser.neighbour import Neighbour
from tests.browser.server import Server
from tests.support import synthetic


def status(page: Page, name: str) -> None:
    expect(page.locator("main")).to_have_attribute("data-status", name)


def test_a_queued_run_tells_its_place_and_can_be_cancelled(neighbour: Neighbour, server: Server, page: Page) -> None:
    neighbour.queue(synthetic.threads_taking_turns()).starts()
    second = httpx.post(f"{server.url}/api/v1/traces", json={"workload": "cpu", "model": "threads", "workers": 4}).json()
    page.goto(f"{server.url}{second['permalink']}")
    status(page, "queued")
    expect(page.locator("#condition")).to_contain_text("1 run goes first")
    expect(page.locator("#waiting")).to_contain_text("turn")
    expect(page.locator("#delete")).to_have_count(0)
    page.click("#cancel")
    status(page, "cancelled")


def test_a_page_goes_from_queued_to_complete_without_a_reload(neighbour: Neighbour, server: Server, page: Page) -> None:
    run = neighbour.queue(synthetic.threads_taking_turns())
    page.goto(f"{server.url}/t/{run.id}")
    status(page, "queued")
    page.evaluate("globalThis.sameDocument = true")
    run.starts()
    status(page, "starting")
    expect(page.locator("#condition")).to_contain_text("Starting")
    run.grow(2)
    status(page, "running")
    expect(page.locator("#status")).to_contain_text("running, 500 ms")
    expect(page.locator(".lanelabel[data-measured]")).to_have_count(4)
    expect(page.locator("#cancel")).to_be_visible()
    run.finish()
    status(page, "complete")
    expect(page.locator("#headline")).to_contain_text("4 threads, one GIL")
    expect(page.locator("#headline .verdict")).to_have_text("Took turns")
    expect(page.locator("#cancel")).to_have_count(0)
    expect(page.locator("#share-menu")).to_be_visible()
    assert page.evaluate("globalThis.sameDocument") is True


def test_a_complete_run_shows_figures_sources_and_where_the_time_went(neighbour: Neighbour, server: Server, page: Page) -> None:
    page.goto(f"{server.url}/t/{neighbour.finished(synthetic.threads_taking_turns())}")
    status(page, "complete")
    expect(page.locator("[data-figure='Cores used'] .value")).to_have_text("1.00")
    expect(page.locator("[data-figure='GIL hand-offs']")).to_contain_text(re.compile(r"\d+\s*seen of \d+"))
    expect(page.locator("#sources")).to_contain_text("GIL exact")
    expect(page.locator(".bars li.whole")).to_contain_text("75 %")
    page.click("text=The same as a table")
    expect(page.locator("table tbody tr")).to_have_count(4)
    expect(page.locator("#findings")).to_contain_text("took turns")


def test_what_is_not_known_says_so_and_is_never_nought(neighbour: Neighbour, server: Server, page: Page) -> None:
    page.goto(f"{server.url}/t/{neighbour.finished(synthetic.large(2_000))}")
    expect(page.locator("[data-figure='GIL hand-offs'] .value")).to_have_text("not known")


def test_processes_are_seen_to_run_at_once(neighbour: Neighbour, server: Server, page: Page) -> None:
    page.goto(f"{server.url}/t/{neighbour.finished(synthetic.processes_at_once())}")
    expect(page.locator("#headline .verdict")).to_have_text("Ran at once")
    expect(page.locator(".lanelabel[data-measured] .name")).to_have_text(["worker-1", "worker-2"])


def test_a_failed_run_tells_why_and_keeps_the_record_so_far(neighbour: Neighbour, server: Server, page: Page) -> None:
    page.goto(f"{server.url}/t/{neighbour.finished(synthetic.failed())}")
    status(page, "failed")
    expect(page.locator("#condition")).to_contain_text("SIGSEGV")
    expect(page.locator("#legend")).to_contain_text("crashed")
    expect(page.locator(".lanelabel[data-measured]")).to_have_count(3)


def test_a_run_whose_recorder_is_gone_is_interrupted(neighbour: Neighbour, server: Server, page: Page) -> None:
    run = neighbour.queue(synthetic.threads_taking_turns())
    run.grow(3)
    neighbour.close()
    server.stop()
    server.start()
    page.goto(f"{server.url}/t/{run.id}")
    status(page, "interrupted")
    expect(page.locator("#condition")).to_contain_text("Interrupted")
    expect(page.locator(".lanelabel[data-measured]")).to_have_count(4)


def test_a_lost_connection_is_told_and_resumes_by_itself(neighbour: Neighbour, server: Server, page: Page, conduct: Conduct) -> None:
    conduct.excuse("ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE")
    run = neighbour.queue(synthetic.threads_taking_turns())
    run.grow(2)
    page.goto(f"{server.url}/t/{run.id}")
    status(page, "running")
    expect(page.locator("#lost")).to_be_hidden()
    server.stop()
    expect(page.locator("#lost")).to_be_visible()
    expect(page.locator(".lanelabel[data-measured]")).to_have_count(4)
    run.grow(2)
    server.start()
    expect(page.locator("#lost")).to_be_hidden()
    expect(page.locator(".plot")).to_have_attribute("data-grown", str(run.grown_ns))
    run.finish()
    status(page, "complete")


def test_an_unknown_and_a_deleted_run_have_a_page_that_says_so(neighbour: Neighbour, server: Server, page: Page, conduct: Conduct) -> None:
    conduct.excuse("404")
    gone = neighbour.finished(synthetic.threads_taking_turns())
    page.goto(f"{server.url}/t/{gone}")
    page.click("#delete")
    expect(page.locator("#confirm")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#confirm")).to_be_hidden()
    page.click("#delete")
    page.click("#confirm-yes")
    expect(page).to_have_url(f"{server.url}/")
    for address in (gone, "k3v9m2x7q4ab", "../../etc", "%3Cscript%3E"):
        answer = page.goto(f"{server.url}/t/{address}")
        assert answer is not None
        assert answer.status == 404
        expect(page.locator("main h1")).to_have_text("Not Found")


def test_a_name_that_looks_like_markup_stays_text(neighbour: Neighbour, server: Server, page: Page) -> None:
    trace = neighbour.finished(synthetic.threads_taking_turns(), label="<img src=x onerror=alert(1)></script>")
    page.goto(f"{server.url}/t/{trace}")
    expect(page.locator("#label")).to_contain_text("<img src=x onerror=alert(1)></script>")
    page.goto(server.url)
    expect(page.locator(".trace")).to_contain_text("<img src=x onerror=alert(1)></script>")


def test_a_second_tab_shows_the_same(neighbour: Neighbour, server: Server, new_page: Callable[[], Page]) -> None:
    run = neighbour.queue(synthetic.threads_taking_turns())
    run.grow(2)
    tabs = [new_page(), new_page()]
    for tab in tabs:
        tab.goto(f"{server.url}/t/{run.id}")
        status(tab, "running")
    run.finish()
    for tab in tabs:
        status(tab, "complete")
    headlines = {tab.locator("#headline").inner_text() for tab in tabs}
    assert len(headlines) == 1


def test_a_label_is_edited_in_place(neighbour: Neighbour, server: Server, page: Page) -> None:
    page.goto(f"{server.url}/t/{neighbour.finished(synthetic.threads_taking_turns())}")
    page.click("#edit-label")
    page.keyboard.type("the baseline")
    page.keyboard.press("Enter")
    expect(page.locator("#label")).to_contain_text("the baseline")
    page.reload()
    expect(page.locator("#label")).to_contain_text("the baseline")
