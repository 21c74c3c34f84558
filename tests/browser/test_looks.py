"""How pages look, where that decides whether they can be read: patterns, paper, what would run into something else."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.neighbour import Neighbour
from tests.browser.server import Server
from tests.support import synthetic

PAINTED = """async () => {
  const { tile } = await import(new URL("../figures/patterns.js", document.querySelector("script[type=module][src]").src));
  const { readPalette } = await import(new URL("../lib/palette.js", document.querySelector("script[type=module][src]").src));
  const { STATES } = await import(new URL("../lib/states.js", document.querySelector("script[type=module][src]").src));
  return STATES.map(({ name }) => [name, tile(name, readPalette())?.join() ?? "not filled"]);
}"""
GLYPHS = """glyphs => glyphs.map((glyph) => {
  const { backgroundImage, backgroundColor, backgroundSize, outlineStyle } = getComputedStyle(glyph);
  return [glyph.dataset.state, [backgroundImage, backgroundColor, backgroundSize, outlineStyle].join()];
})"""


def alike(looks: list[list[str]]) -> list[tuple[str, str]]:
    """Pairs of states that look the same."""
    return [(one, other) for at, (one, look) in enumerate(looks) for other, same in looks[at + 1 :] if look == same]


def test_no_two_states_look_alike_in_the_picture_or_in_its_legend(server: Server, page: Page, neighbour: Neighbour) -> None:
    page.goto(f"{server.url}/t/{neighbour.finished(synthetic.threads_taking_turns())}")
    painted = page.evaluate(PAINTED)
    assert len(painted) == 12
    assert alike([look for look in painted if look[1] != "not filled"]) == []
    page.get_by_role("button", name="all keys").click()
    glyphs = page.get_by_role("dialog").locator(".glyph[data-state]")
    expect(glyphs).to_have_count(len(painted))
    assert alike(glyphs.evaluate_all(GLYPHS)) == []


def test_on_paper_the_picture_has_its_legend_and_bars_their_numbers(server: Server, page: Page, neighbour: Neighbour) -> None:
    page.goto(f"{server.url}/t/{neighbour.finished(synthetic.threads_taking_turns())}")
    expect(page.locator("#breakdown .share").first).to_be_visible()
    page.emulate_media(media="print")
    expect(page.locator("#timeline-card .legend")).to_contain_text("waiting for the GIL")
    expect(page.locator("#timeline-card .legend")).to_be_visible()
    expect(page.locator("#breakdown .share").first).to_be_visible()
    expect(page.locator("button:visible:not(.fold)")).to_have_count(0)


def test_no_number_reaches_beyond_its_bar(server: Server, page: Page, neighbour: Neighbour) -> None:
    trace = neighbour.finished(synthetic.threads_taking_turns())
    for width in (390, 820, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{server.url}/t/{trace}")
        expect(page.locator("#breakdown .share:visible").first).to_be_visible()
        beyond = """numbers => numbers.filter((number) => number.checkVisibility()
            && number.getBoundingClientRect().right > number.parentElement.getBoundingClientRect().right + 1).length"""
        assert page.locator("#breakdown .share").evaluate_all(beyond) == 0, width


def test_no_figure_runs_into_the_next_one(server: Server, page: Page, neighbour: Neighbour) -> None:
    trace = neighbour.finished(synthetic.threads_taking_turns())
    for width in (820, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{server.url}/t/{trace}")
        expect(page.locator(".keyfigure").first).to_be_visible()
        wide = page.locator(".keyfigure").evaluate_all(
            "cells => cells.filter((cell) => cell.scrollWidth > cell.clientWidth).map((cell) => cell.textContent)"
        )
        assert wide == [], width


def test_an_answer_leaves_the_lanes_in_sight_that_it_speaks_of(server: Server, page: Page, neighbour: Neighbour) -> None:
    trace = neighbour.finished(synthetic.threads_taking_turns(seconds=0.4))
    page.goto(f"{server.url}/t/{trace}?v=2&at=4@45000000&t0=30000000&t1=60000000")
    expect(page.locator("#why .places li").first).to_be_visible()
    page.wait_for_function(
        """() => {
            const panel = document.querySelector("#why").getBoundingClientRect();
            const lanes = [...document.querySelectorAll(".lanelabel")].map((label) => label.getBoundingClientRect());
            return panel.bottom <= innerHeight + 1 && lanes.length > 5 && lanes.every(({ top, bottom }) => top >= 0 && bottom <= panel.top);
        }"""
    )


def test_a_number_and_its_unit_stay_on_one_line(server: Server, page: Page, neighbour: Neighbour) -> None:
    page.goto(f"{server.url}/t/{neighbour.finished(synthetic.threads_taking_turns())}")
    said = page.locator("#headline, #findings p")
    expect(said.first).to_contain_text("%")
    assert [text for text in said.all_text_contents() if " %" in text or " ms" in text] == []


def test_the_sums_of_a_selection_are_in_sight_where_lanes_reach_below_the_window(server: Server, page: Page, neighbour: Neighbour) -> None:
    page.set_viewport_size({"width": 1280, "height": 700})
    page.goto(f"{server.url}/t/{neighbour.finished(synthetic.threads_taking_turns())}?v=2&sel=100000000-300000000")
    expect(page.locator("#selection .sums dd").first).to_have_text("1.00")
    page.wait_for_function(
        """() => {
            const sums = document.querySelector("#selection .sums").getBoundingClientRect();
            const lanes = document.querySelector("#timeline").getBoundingClientRect();
            return scrollY === 0 && lanes.bottom > innerHeight && sums.bottom <= innerHeight && sums.height > 0;
        }"""
    )
