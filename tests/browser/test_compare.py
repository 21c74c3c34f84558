"""Comparisons in the browser: the answer, the charts, strips on one time scale, every state of the page, and the ways to it."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Conduct
from tests.browser.neighbour import Neighbour
from tests.browser.server import Server
from tests.browser.test_home import held_line
from tests.support import synthetic
from tests.support.contest import contest
from tests.support.scene import MS

__all__ = ["held_line"]

WINDOWS = "[...document.querySelectorAll('.striplanes')].map((place) => place.dataset.window)"


@pytest.fixture
def compared(neighbour: Neighbour, server: Server, page: Page) -> list[str]:
    """A page that shows a finished comparison; the ids of its traces."""
    identity, traces = neighbour.compared(contest())
    page.goto(f"{server.url}/c/{identity}")
    return traces


def strip(page: Page, name: str) -> str:
    """The selector of a model's strip."""
    number = page.locator(".strip h3").all_inner_texts().index(name) + 1
    return f".strip:nth-child({number})"


@pytest.mark.usefixtures("compared")
def test_the_answer_stands_on_top_and_says_which_and_why(page: Page) -> None:
    expect(page.locator("#headline")).to_have_text(re.compile("^processes: 1.9.times as fast as sequential"))
    expect(page.locator("#headline b")).to_have_text(["processes"])
    expect(page.locator(".because")).to_contain_text("of 2 cores busy, with no single GIL in the way")
    expect(page.locator(".clauses li")).to_have_count(1)
    expect(page.locator(".clauses li")).to_contain_text("threads: no faster · took turns on the GIL (75 % of worker time")
    expect(page.locator(".notes")).to_contain_text("One run each")


@pytest.mark.usefixtures("compared")
def test_the_charts_tell_times_and_shares_and_so_does_a_table(page: Page) -> None:
    expect(page.locator("#times[data-drawn]")).to_be_visible()
    times = page.locator("#times .annotation").all_text_contents()
    assert [text for text in times if text.startswith("2.00 s")]
    assert [text for text in times if re.fullmatch(r"1\.0\d s\s+1\.8\d×", text.strip())]
    expect(page.locator("#times .ytick")).to_have_text(["sequential", "threads", "processes"])
    expect(page.locator("#shares .trace.bars")).not_to_have_count(0)
    expect(page.locator("#shares-legend")).to_contain_text("waiting for the GIL")
    told = "all => all.map((one) => [one.dataset.standing, one.parentElement.innerText])"
    standings = page.locator("#times-legend [data-standing]").evaluate_all(told)
    assert standings == [["lead", "faster than sequential"], ["other", "no faster than sequential"], ["base", "sequential"]]
    page.click("text=The same as a table")
    rows = page.locator("#numbers tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(1)).to_contain_text("75 %")


def test_each_model_has_a_strip_with_its_numbers_and_a_link_to_its_own_page(page: Page, compared: list[str]) -> None:
    expect(page.locator(".strip")).to_have_count(3)
    processes = page.locator(strip(page, "processes"))
    expect(processes.locator(".lanelabel[data-measured]")).to_have_count(4)
    expect(processes.locator(".lanelabel:not([data-measured])")).to_have_count(0)
    expect(processes.locator(".speed")).to_have_text("1.89×")
    expect(processes.locator(".why")).to_contain_text("cores busy")
    processes.locator("h3 a").click()
    page.wait_for_url(f"**/t/{compared[2]}")
    expect(page.locator("#timeline .plot[data-drawn]")).to_be_visible()
    # It still asks for sums, and must not find the server gone.
    page.goto("about:blank")


@pytest.mark.usefixtures("compared")
def test_gil_rows_are_shown_on_demand(page: Page) -> None:
    threads = page.locator(strip(page, "threads"))
    expect(threads.locator(".lanelabel[data-measured]")).to_have_count(4)
    page.click("#gils")
    expect(threads.locator(".lanelabel[data-kind=interpreter]")).to_have_count(1)
    page.click("#gils")
    expect(threads.locator(".lanelabel[data-kind=interpreter]")).to_have_count(0)


@pytest.mark.usefixtures("compared")
def test_all_strips_share_one_time_scale_and_zoom_together(page: Page) -> None:
    expect(page.locator(".striplanes .plot[data-drawn]")).to_have_count(3)
    whole = page.evaluate(WINDOWS)
    assert len(set(whole)) == 1
    surface = page.locator(strip(page, "threads")).locator(".surface")
    surface.hover()
    page.keyboard.press("w")
    page.wait_for_function(f"(before) => {WINDOWS}.every((window) => window !== before)", arg=whole[0])
    assert len(set(page.evaluate(WINDOWS))) == 1
    expect(page).to_have_url(re.compile(r"[?&]t0=\d+&t1=\d+"))
    page.click("#zoom-in")
    page.wait_for_function(f"() => new Set({WINDOWS}).size === 1")
    t0, t1 = map(int, page.evaluate(WINDOWS)[0].split("-"))
    assert 0 < t1 - t0 < 1000 * MS
    expect(page).to_have_url(re.compile(rf"[?&]t0={t0}&t1={t1}"))
    page.reload()
    expect(page.locator(".striplanes .plot[data-drawn]")).to_have_count(3)
    assert set(page.evaluate(WINDOWS)) == {f"{t0}-{t1}"}, "a link keeps the window"
    page.click("#whole")
    page.wait_for_function(f"(whole) => {WINDOWS}.every((window) => window === whole)", arg=whole[0])
    expect(page.locator("#whole")).to_be_disabled()


@pytest.mark.usefixtures("compared")
def test_the_link_can_be_copied(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("#zoom-in")
    page.click("#copy")
    expect(page.locator(".toast")).to_contain_text("copied")
    expect(page).to_have_url(re.compile("t0="))
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_a_page_goes_from_queued_to_complete_without_a_reload(neighbour: Neighbour, server: Server, page: Page) -> None:
    identity, (sequential, threads, processes) = neighbour.compare(contest())
    page.goto(f"{server.url}/c/{identity}")
    expect(page.locator("main")).to_have_attribute("data-status", "queued")
    expect(page.locator("#answer")).to_contain_text("In line")
    expect(page.locator(strip(page, "processes")).locator(".stripwait")).to_contain_text("2 runs go first")
    expect(page.locator("#charts")).to_be_hidden()
    page.evaluate("globalThis.sameDocument = true")
    sequential.grow(2)
    expect(page.locator("main")).to_have_attribute("data-status", "running")
    expect(page.locator("#answer .progress")).to_contain_text("Running sequential: 0 of 3 runs are done")
    expect(page.locator(strip(page, "sequential")).locator(".plot")).to_have_attribute("data-grown", str(500 * MS))
    sequential.grow(2)
    expect(page.locator(strip(page, "sequential")).locator(".plot")).to_have_attribute("data-grown", str(1000 * MS))
    sequential.finish()
    expect(page.locator("#answer .progress")).to_contain_text("1 of 3 runs is done")
    expect(page.locator("#charts")).to_be_visible()
    threads.finish()
    expect(page.locator("#headline")).to_contain_text("So far: ")
    processes.starts()
    expect(page.locator(strip(page, "processes")).locator(".status")).to_have_text("starting")
    processes.finish()
    expect(page.locator("main")).to_have_attribute("data-status", "complete")
    expect(page.locator("#headline")).to_have_text(re.compile("^processes: "))
    expect(page.locator("#answer .progress")).to_have_count(0)
    expect(page.locator("#cancel")).to_have_count(0)
    assert page.evaluate("globalThis.sameDocument")


@pytest.mark.usefixtures("held_line")
def test_a_comparison_in_line_can_be_cancelled(server: Server, page: Page) -> None:
    wish = {"workload": "cpu", "models": ["sequential", "threads"], "workers": 2}
    made = httpx.post(f"{server.url}/api/v1/comparisons", json=wish).json()
    page.goto(f"{server.url}{made['permalink']}")
    page.click("#cancel")
    expect(page.locator("main")).to_have_attribute("data-status", "cancelled")
    expect(page.locator("#headline")).to_have_text("No run came to its end: there is nothing to compare")
    expect(page.locator(".notes")).to_contain_text("threads was cancelled.")
    expect(page.locator(".stripwait").first).to_have_text("Nothing was recorded: it was cancelled.")


def test_what_failed_and_what_was_deleted_is_told_where_it_was(neighbour: Neighbour, server: Server, page: Page) -> None:
    broken = synthetic.failed(4)
    identity, traces = neighbour.compared([contest()[0], broken, contest()[2]])
    httpx.delete(f"{server.url}/api/v1/traces/{traces[2]}")
    page.goto(f"{server.url}/c/{identity}")
    expect(page.locator(".notes")).to_contain_text("threads failed: the measured process was ended by SIGSEGV")
    expect(page.locator(".notes")).to_contain_text("The trace of processes was deleted.")
    expect(page.locator("#headline")).to_contain_text("sequential: 2.00 s; the others did not come to their end")
    expect(page.locator(strip(page, "threads")).locator(".status")).to_have_text("failed")
    gone = page.locator(strip(page, "processes"))
    expect(gone.locator(".stripwait")).to_have_text("This trace was deleted.")
    expect(gone.locator("h3 a")).to_have_count(0)


def test_an_unknown_comparison_and_a_choice_that_cannot_be_have_pages_that_say_so(server: Server, page: Page, conduct: Conduct) -> None:
    conduct.excuse("40[04]|422")
    page.goto(f"{server.url}/c/aaaaaaaaaaaa")
    expect(page.locator("main")).to_have_attribute("data-status", "404")
    expect(page.locator("main")).to_contain_text("There is no comparison")
    for ids, said in (
        ("", "none is named"),
        ("k3v9m2x7q4ab", "only one is named"),
        (",".join(f"aaaaaaaaa{n:03d}" for n in range(21)), "21 are named"),
    ):
        page.goto(f"{server.url}/c?ids={ids}")
        expect(page.locator("main")).to_have_attribute("data-status", "422")
        expect(page.locator("h1")).to_have_text("Which runs?")
        expect(page.locator("main")).to_contain_text(said)


def test_a_comparison_is_renamed_deleted_and_leaves_its_runs(page: Page, server: Server, compared: list[str]) -> None:
    page.click("#edit-label")
    page.fill("#label input", "on the new machine")
    page.keyboard.press("Enter")
    expect(page.locator("#label .mark")).to_have_text("on the new machine")
    expect(page).to_have_title("on the new machine · gilscope")
    page.click("#delete")
    page.click("#confirm-yes")
    page.wait_for_url(f"{server.url}/")
    expect(page.locator("#traces > li")).to_have_count(len(compared))
    expect(page.locator("#traces > .comparison")).to_have_count(0)


@pytest.mark.usefixtures("held_line")
def test_one_button_runs_the_work_under_every_model(server: Server, page: Page) -> None:
    page.goto(server.url)
    page.check("#launch input[value=sleep]", force=True)
    page.fill("#launch [name=workers]", "3")
    page.fill("#launch [name='params.waits']", "2")
    page.click("#compare")
    page.wait_for_url("**/c/*")
    made = httpx.get(f"{server.url}/api/v1/comparisons/{page.url.rsplit('/', 1)[-1]}").json()
    assert (made["spec"]["workload"], made["spec"]["workers"], made["spec"]["params"]["waits"]) == ("sleep", 3, 2)
    assert made["spec"]["models"][0] == "sequential"
    expect(page.locator(".strip")).to_have_count(len(made["spec"]["models"]))


def test_a_wish_that_is_refused_is_told_at_its_field(server: Server, page: Page, conduct: Conduct) -> None:
    conduct.excuse("422")
    page.goto(server.url)
    page.fill("#launch [name=workers]", "900")
    page.click("#compare")
    expect(page.locator("#error-workers")).to_contain_text("between 1 and 64")


def test_in_the_list_a_comparison_is_one_entry_that_opens(neighbour: Neighbour, server: Server, page: Page) -> None:
    identity, traces = neighbour.compared(contest(), label="first")
    neighbour.finished(synthetic.tasks_on_a_loop())
    page.goto(server.url)
    expect(page.locator("#traces > li")).to_have_count(2)
    entry = page.locator(f"[data-id='{identity}']")
    expect(entry).to_contain_text("first")
    expect(entry).to_contain_text("processes: 1.9 times as fast as sequential")
    expect(entry.locator("svg rect")).to_have_count(3)
    entry.locator(".members").click()
    expect(page.locator("#traces > li[data-inside]")).to_have_count(3)
    expect(page.locator(f"[data-id='{traces[1]}']")).to_be_visible()
    expect(entry.locator(".members")).to_be_focused()
    entry.locator(".members").press("Enter")
    expect(page.locator("#traces > li")).to_have_count(2)
    page.select_option("#filters [name=model]", "threads")
    expect(page.locator("#traces > li")).to_have_count(1)
    expect(page.locator("#traces > .comparison")).to_have_count(0)


def test_the_list_tells_how_far_a_comparison_is(neighbour: Neighbour, server: Server, page: Page) -> None:
    identity, runs = neighbour.compare(contest())
    page.goto(server.url)
    entry = page.locator(f"[data-id='{identity}']")
    expect(entry).to_contain_text("0 of 3 runs are done")
    runs[0].finish()
    expect(entry).to_contain_text("1 of 3 runs are done")
    for run in runs[1:]:
        run.finish()
    expect(entry).to_contain_text("processes: 1.9 times as fast")


def test_runs_that_are_chosen_in_the_list_are_held_against_each_other(neighbour: Neighbour, server: Server, page: Page) -> None:
    slow, fast = neighbour.finished(synthetic.threads_taking_turns(4, 2)), neighbour.finished(synthetic.processes_at_once(4, 1))
    page.goto(server.url)
    page.click("#choose")
    expect(page.locator("#chosen button[data-act=compare]")).to_be_disabled()
    page.check(f"[name=chosen][value='{fast}']")
    expect(page.locator("#chosen")).to_contain_text("one is chosen")
    page.check(f"[name=chosen][value='{slow}']")
    expect(page.locator("#chosen")).to_contain_text("2 runs are chosen")
    page.click("#chosen button[data-act=compare]")
    page.wait_for_url("**/c?ids=*")
    expect(page.locator("#headline")).to_have_text(re.compile("^processes: 1.9.times as fast as threads"))
    expect(page.locator(".notes")).to_contain_text("There is no sequential run here")
    expect(page.locator(".strip")).to_have_count(2)
    expect(page.locator("#label")).to_be_empty()
    page.click("#zoom-in")
    expect(page).to_have_url(re.compile(r"ids=.*&t0="))
    page.go_back()
    page.click("#choose")
    page.keyboard.press("Escape")
    expect(page.locator("#chosen")).to_be_hidden()


def test_a_read_only_server_shows_it_and_offers_nothing_that_would_change_it(neighbour: Neighbour, data: Path, page: Page) -> None:
    identity, _ = neighbour.compared(contest())
    with Server(data, "--read-only") as server:
        page.goto(f"{server.url}/c/{identity}")
        expect(page.locator("#headline")).to_contain_text("processes")
        expect(page.locator("#actions button")).to_have_text(["Copy link"])
        page.goto(server.url)
        expect(page.locator("#compare")).to_be_disabled()
        page.goto("about:blank")


def test_a_real_comparison_grows_and_answers(server: Server, page: Page) -> None:
    wish = {"workload": "sleep", "workers": 2, "models": ["sequential", "threads", "asyncio"], "params": {"waits": 3, "wait_ms": 100}}
    made = httpx.post(f"{server.url}/api/v1/comparisons", json=wish).json()
    page.goto(f"{server.url}{made['permalink']}")
    expect(page.locator("main")).to_have_attribute("data-status", "complete", timeout=60_000)
    expect(page.locator("#answer")).to_contain_text("times as fast as sequential")
    expect(page.locator("#answer")).to_contain_text("waits overlapped")
    expect(page.locator(strip(page, "asyncio")).locator(".lanelabel[data-measured]")).to_have_count(2)
