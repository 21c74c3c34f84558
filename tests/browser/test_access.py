"""What an automated check of accessibility (axe-core) finds on each page, light and dark: nothing.

It sees contrast, names, roles and structure. That keys reach everything, and that the table says what the picture shows, other tests tell.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.neighbour import Neighbour
from tests.browser.server import Server
from tests.support import synthetic
from tests.support.contest import contest

AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
SCHEMES = ("light", "dark")


@pytest.fixture(params=SCHEMES)
def themed(page: Page, request: pytest.FixtureRequest) -> Page:
    page.emulate_media(color_scheme=request.param)
    return page


def violations(page: Page) -> list[str]:
    """What axe-core finds on the page as it is now, a line for each element."""
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{rule['impact']} · {rule['id']}: {node['html'][:160]} ({' '.join(str(node['failureSummary']).split())[:300]})"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def test_the_check_finds_what_it_is_to_find(server: Server, page: Page) -> None:
    page.goto(server.url)
    page.evaluate("document.body.append(Object.assign(document.createElement('img'), {src: '/static/favicon.svg'}))")
    assert any("image-alt" in said for said in violations(page))


def test_the_list_of_runs_with_and_without_runs(neighbour: Neighbour, server: Server, themed: Page) -> None:
    themed.goto(server.url)
    expect(themed.locator("#no-traces")).to_be_visible()
    assert violations(themed) == []
    neighbour.finished(synthetic.threads_taking_turns(), label="before the fix")
    neighbour.finished(synthetic.failed())
    themed.reload()
    expect(themed.locator("#traces > li")).to_have_count(2)
    assert violations(themed) == []


@pytest.mark.parametrize("make", [synthetic.threads_taking_turns, synthetic.processes_at_once, synthetic.failed])
def test_the_page_of_a_run(neighbour: Neighbour, server: Server, themed: Page, make: Callable[[], Any]) -> None:
    themed.goto(f"{server.url}/t/{neighbour.finished(make())}")
    expect(themed.locator("#timeline .plot[data-drawn]")).to_be_visible()
    assert violations(themed) == []


def test_the_page_of_a_run_that_goes_on(neighbour: Neighbour, server: Server, themed: Page) -> None:
    run = neighbour.queue(synthetic.threads_taking_turns())
    run.grow(2)
    themed.goto(f"{server.url}/t/{run.id}")
    expect(themed.locator("#timeline .plot[data-drawn]")).to_be_visible()
    assert violations(themed) == []


def test_a_comparison_and_the_choice_of_one(neighbour: Neighbour, server: Server, themed: Page) -> None:
    identity, _ = neighbour.compared(contest(), label="first")
    themed.goto(f"{server.url}/c/{identity}")
    expect(themed.locator(".striplanes .plot[data-drawn]")).to_have_count(3)
    themed.click("text=The same as a table")
    assert violations(themed) == []
    themed.goto(server.url)
    expect(themed.locator("#traces > .comparison")).to_be_visible()
    themed.click("#traces .members")
    assert violations(themed) == []
    themed.click("#choose")
    assert violations(themed) == []


def test_a_comparison_that_goes_on(neighbour: Neighbour, server: Server, themed: Page) -> None:
    identity, runs = neighbour.compare(contest())
    runs[0].finish()
    runs[1].grow(2)
    themed.goto(f"{server.url}/c/{identity}")
    expect(themed.locator(".striplanes .plot[data-drawn]")).to_have_count(2)
    assert violations(themed) == []


def test_the_documentation_and_an_error(server: Server, themed: Page, conduct: Any) -> None:
    themed.goto(f"{server.url}/docs")
    assert violations(themed) == []
    conduct.excuse("404")
    themed.goto(f"{server.url}/t/k3v9m2x7q4ab")
    assert violations(themed) == []


def test_the_menu_that_shares_a_run_and_the_page_of_its_own(neighbour: Neighbour, server: Server, themed: Page, tmp_path: Path) -> None:
    trace = neighbour.finished(synthetic.threads_taking_turns(), label="before the fix")
    themed.goto(f"{server.url}/t/{trace}?t0=500000000&t1=600000000")
    expect(themed.locator("#timeline .plot[data-drawn]")).to_be_visible()
    themed.click("#share-menu")
    assert violations(themed) == []
    with themed.expect_download() as download:
        themed.click("[data-format=html]")
    download.value.save_as(tmp_path / "page.html")
    alone = themed.context.new_page()
    alone.goto((tmp_path / "page.html").as_uri())
    expect(alone.locator("#timeline .plot[data-drawn]")).to_be_visible()
    assert violations(alone) == []
