"""The home page: the launch form, the list of runs, bundles."""

from __future__ import annotations

import fcntl
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Conduct
from tests.browser.neighbour import Neighbour
from tests.browser.server import Server
from tests.support import synthetic


@pytest.fixture
def held_line(data: Path) -> Iterator[None]:
    """Somebody else is running something: what is started waits in line."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / "run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.mark.usefixtures("held_line")
def test_without_runs_one_button_starts_the_recommended_one(server: Server, page: Page) -> None:
    page.goto(server.url)
    expect(page.locator("#no-traces")).to_contain_text("No runs yet")
    expect(page.locator("#no-traces button")).to_have_count(1)
    page.click("#recommended")
    page.wait_for_url("**/t/*")
    expect(page.locator("#title")).to_contain_text("cpu · threads ×4")
    expect(page.locator("main")).to_have_attribute("data-status", "queued")


@pytest.mark.usefixtures("held_line")
def test_the_form_sends_what_it_shows(server: Server, page: Page) -> None:
    page.goto(server.url)
    page.check("#launch input[value=mixed]", force=True)
    page.check("#launch input[value=processes]", force=True)
    page.fill("#launch [name=workers]", "3")
    page.fill("#launch [name=jobs]", "6")
    page.select_option("#launch [name=start_method]", "spawn")
    page.click("text=Advanced")
    page.fill("#launch [name=switch_interval]", "1")
    page.fill("#launch [name=label]", "mine")
    page.click("#run")
    page.wait_for_url("**/t/*")
    trace = httpx.get(f"{server.url}/api/v1/traces/{page.url.rsplit('/', 1)[-1]}").json()
    spec = trace["spec"]
    asked = {name: spec[name] for name in ("workload", "model", "workers", "jobs", "start_method", "switch_interval")}
    assert asked == {"workload": "mixed", "model": "processes", "workers": 3, "jobs": 6, "start_method": "spawn", "switch_interval": 0.001}
    assert trace["label"] == "mine"


def test_a_start_method_is_asked_for_only_where_the_model_has_one(server: Server, page: Page) -> None:
    page.goto(server.url)
    expect(page.locator("[name=start_method]")).to_have_count(0)
    page.check("#launch input[value=processes]", force=True)
    expect(page.locator("[name=start_method]")).to_be_visible()
    page.check("#launch input[value=asyncio]", force=True)
    expect(page.locator("[name=start_method]")).to_have_count(0)


def test_every_model_is_offered_and_one_that_needs_a_newer_interpreter_says_so(server: Server, page: Page) -> None:
    models = {model["name"]: model for model in httpx.get(f"{server.url}/api/v1/models").json()["items"]}
    interpreters = httpx.get(f"{server.url}/api/v1/interpreters").json()["items"]
    page.goto(server.url)
    expect(page.locator("#launch input[name=model]")).to_have_count(len(models))
    old = [one for one in interpreters if [int(part) for part in one["version"].split(".")[:2]] < models["interpreters"]["oldest"]]
    new = [one for one in interpreters if one not in old]
    if not (old and new):
        pytest.skip("needs an interpreter with subinterpreters and one without")
    page.check("#launch input[value=interpreters]", force=True)
    page.select_option("#launch [name=interpreter]", old[0]["id"])
    said = f"need CPython 3.13 or later, and this is {old[0]['version']}"
    expect(page.locator("#help-interpreter")).to_contain_text(said)
    expect(page.locator("#launch .summary")).to_contain_text(said)
    page.select_option("#launch [name=interpreter]", new[0]["id"])
    expect(page.locator("#help-interpreter")).to_have_text(f"{new[0]['build']} · {new[0]['path']}")


@pytest.mark.usefixtures("held_line")
def test_a_free_threaded_interpreter_can_be_asked_for_with_its_gil(server: Server, page: Page) -> None:
    page.goto(server.url)
    choice = page.locator("#launch [name=interpreter] option", has_text="free-threaded, GIL on")
    if not choice.count():
        pytest.skip("there is no free-threaded interpreter on this machine")
    page.select_option("#launch [name=interpreter]", choice.first.get_attribute("value"))
    page.check("#launch input[value=threads]", force=True)
    page.click("#run")
    page.wait_for_url("**/t/*")
    expect(page.locator("#title")).to_contain_text(re.compile(r"threads ×4 · 3\.\d+t with GIL"))
    spec = httpx.get(f"{server.url}/api/v1/traces/{page.url.rsplit('/', 1)[-1]}").json()["spec"]
    assert (spec["interpreter"]["free_threaded"], spec["interpreter"]["gil_enabled"]) == (True, True)


def test_what_the_server_refuses_is_said_at_the_field(server: Server, page: Page, conduct: Conduct) -> None:
    conduct.excuse("status of 422")
    page.goto(server.url)
    page.fill("#launch [name=workers]", "999")
    with page.expect_response(lambda response: response.status == 422):
        page.click("#run")
    place = page.locator("[data-field=workers] .error")
    expect(place).to_be_visible()
    expect(place).to_contain_text("64")
    expect(page.locator("[name=workers]")).to_be_focused()
    expect(page.locator("[name=workers]")).to_have_attribute("aria-invalid", "true")


def test_a_parameter_out_of_bounds_is_said_at_its_field(server: Server, page: Page, conduct: Conduct) -> None:
    conduct.excuse("status of 422")
    page.goto(server.url)
    field = page.locator("#parameters .field").first
    field.locator("input").fill("-5")
    with page.expect_response(lambda response: response.status == 422):
        page.click("#run")
    expect(field.locator(".error")).to_be_visible()


def test_runs_of_others_appear_and_finish_in_the_open_list(neighbour: Neighbour, server: Server, page: Page) -> None:
    page.goto(server.url)
    expect(page.locator("#no-traces")).to_be_visible()
    run = neighbour.queue(synthetic.threads_taking_turns(), label="from a terminal")
    run.grow(2)
    row = page.locator(".trace")
    expect(row).to_have_attribute("data-status", "running")
    expect(row).to_contain_text("from a terminal")
    run.finish()
    expect(row).to_have_attribute("data-status", "complete")
    expect(row).to_contain_text("4 threads, one GIL")
    expect(row.locator(".thumb img")).to_be_visible()
    row.locator("a").click()
    expect(page.locator("main")).to_have_attribute("data-status", "complete")


def test_the_list_is_filtered_and_the_filter_is_in_the_address(neighbour: Neighbour, server: Server, page: Page) -> None:
    neighbour.finished(synthetic.threads_taking_turns())
    neighbour.finished(synthetic.processes_at_once())
    neighbour.finished(synthetic.failed())
    page.goto(server.url)
    expect(page.locator(".trace")).to_have_count(3)
    page.select_option("[name=model] >> nth=-1", "processes")
    expect(page.locator(".trace")).to_have_count(1)
    page.reload()
    expect(page.locator(".trace")).to_have_count(1)
    page.select_option("#filters [name=status]", "failed")
    expect(page.locator("#no-traces")).to_contain_text("No run fits")


def test_older_runs_come_by_page(neighbour: Neighbour, server: Server, page: Page) -> None:
    for _ in range(53):
        neighbour.queue(synthetic.threads_taking_turns())
    page.goto(server.url)
    expect(page.locator(".trace")).to_have_count(50)
    page.click("#more")
    expect(page.locator(".trace")).to_have_count(53)
    expect(page.locator("#more")).to_be_hidden()


def test_a_run_is_pinned_labelled_and_deleted_in_the_list(neighbour: Neighbour, server: Server, page: Page) -> None:
    neighbour.finished(synthetic.threads_taking_turns())
    page.goto(server.url)
    row = page.locator(".trace")
    row.hover()
    row.get_by_role("button", name=re.compile("^Pin")).click()
    expect(row).to_have_attribute("data-pinned", "yes")
    row.hover()
    row.get_by_role("button", name=re.compile("^Label")).click()
    page.keyboard.type("first try")
    page.keyboard.press("Enter")
    expect(row).to_contain_text("first try")
    row.hover()
    row.get_by_role("button", name=re.compile("^Delete")).click()
    page.click("text=Keep it")
    expect(row).to_have_count(1)
    row.hover()
    row.get_by_role("button", name=re.compile("^Delete")).click()
    page.click("#confirm-yes")
    expect(row).to_have_count(0)
    expect(page.locator("#no-traces")).to_contain_text("No runs yet")


def test_a_downloaded_bundle_opens_elsewhere_at_the_same_address(neighbour: Neighbour, server: Server, page: Page, tmp_path: Path) -> None:
    trace = neighbour.finished(synthetic.threads_taking_turns())
    page.goto(f"{server.url}/t/{trace}")
    said = page.locator("#headline").inner_text()
    page.click("#share-menu")
    with page.expect_download() as download:
        page.click("[data-format=bundle]")
    bundle = tmp_path / download.value.suggested_filename
    download.value.save_as(bundle)
    with Server(tmp_path / "elsewhere") as other:
        page.goto(other.url)
        page.set_input_files("#import-file", bundle)
        page.wait_for_url(f"{other.url}/t/{trace}")
        expect(page.locator("#headline")).to_have_text(said)
        page.goto("about:blank")


def test_a_file_that_is_no_bundle_is_refused_in_words(server: Server, page: Page, tmp_path: Path, conduct: Conduct) -> None:
    conduct.excuse("status of 4")
    wrong = tmp_path / "holiday.jpg"
    wrong.write_bytes(b"\xff\xd8\xff\xe0 not a bundle")
    page.goto(server.url)
    page.set_input_files("#import-file", wrong)
    expect(page.locator(".toast")).to_contain_text("holiday.jpg")


def test_read_only_shows_runs_and_starts_none(data: Path, neighbour: Neighbour, page: Page) -> None:
    trace = neighbour.finished(synthetic.threads_taking_turns())
    with Server(data, "--read-only") as server:
        page.goto(server.url)
        expect(page.locator("#run")).to_be_disabled()
        expect(page.locator("#import")).to_be_hidden()
        expect(page.locator(".trace .tools")).to_have_count(0)
        page.goto(f"{server.url}/t/{trace}")
        expect(page.locator("#copy")).to_be_visible()
        for action in ("#again", "#delete", "#edit-label"):
            expect(page.locator(action)).to_have_count(0)
        page.goto("about:blank")


def test_the_api_page_names_every_operation(server: Server, page: Page) -> None:
    page.goto(f"{server.url}/docs")
    paths = httpx.get(f"{server.url}/openapi.json").json()["paths"]
    expect(page.locator(".operation")).to_have_count(sum(len(methods) for methods in paths.values()))
