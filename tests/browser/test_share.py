"""What leaves the page: links, files in every format, pictures, a chart for notebooks; and a file of its own that needs no server."""

from __future__ import annotations

import base64
import csv
import gzip
import importlib
import io
import json
import random
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import plotly.io
import pytest
from playwright.sync_api import BrowserContext, Download, Page, expect

from app.exports import exported_page
from app.store import Reader
from engine.trace import Lane, Trace
from engine.views import ViewIndex
from tests.browser.conftest import Conduct, leave
from tests.browser.neighbour import Neighbour
from tests.browser.server import Server
from tests.support import synthetic
from tests.support.scene import MS, Recording

HOSTILE = '</script><img src=x onerror="alert(1)">&amp;<b>'
ANSWERS = """async (queries) => {
  const { fileSource } = await import("gilscope/data/file.js");
  const source = fileSource(JSON.parse(document.getElementById("boot").textContent).record);
  const text = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  const told = (columns) => Object.fromEntries([...columns].map(([lane, shares]) => [lane, Object.fromEntries(Object.entries(shares).map(([name, bytes]) => [name, text(bytes)]))]));
  const answers = [];
  for (const query of queries) {
    const { refs, coverage, at_work, ...rest } = await source.view(query);
    answers.push({ ...rest, coverage: told(coverage), holders: told(refs), at_work: at_work && { ...at_work, bytes: text(at_work.bytes) } });
  }
  return answers;
}"""  # noqa: E501


_NO_NETWORK = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}


@pytest.fixture
def offline(browser: BrowserContext) -> Iterator[Callable[[Path], Page]]:
    """Opens a file in a browser without a network. It must not complain, and ask for nothing that is not in it."""
    faults: list[str] = []

    def opened(file: Path) -> Page:
        with browser.expect_page() as window:
            # In a window of its own: what is behind another page is not drawn.
            browser.new_cdp_session(browser.pages[0]).send("Target.createTarget", {"url": "about:blank", "newWindow": True})
        page = window.value
        # This page alone: others go on asking their server.
        browser.new_cdp_session(page).send("Network.emulateNetworkConditions", _NO_NETWORK)
        page.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: faults.append(f"uncaught: {error}"))
        page.on(
            "request", lambda request: faults.append(request.url[:200]) if not request.url.startswith(("file:", "data:", "blob:")) else None
        )
        page.goto(file.as_uri())
        page.wait_for_selector(".plot[data-drawn]")
        return page

    yield opened
    leave(browser)
    assert faults == []


def opened_trace(page: Page, server: Server, trace: str, query: str = "") -> None:
    page.goto(f"{server.url}/t/{trace}{query}")
    expect(page.locator("#timeline-card")).to_have_attribute("data-live", "over")
    page.wait_for_selector(".plot[data-drawn]")


def saved(page: Page, wanted: str, tmp_path: Path) -> Path:
    if page.locator("#share-panel").is_hidden():
        page.click("#share-menu")
    with page.expect_download() as download:
        page.click(f"[data-format={wanted}]")
    return kept(download.value, tmp_path)


def kept(download: Download, tmp_path: Path) -> Path:
    file = tmp_path / download.suggested_filename
    download.save_as(file)
    return file


def with_hostile_names(recording: Recording) -> Recording:
    def hostile(lane: Lane) -> Lane:
        return replace(lane, name=f"{HOSTILE}{lane.id}") if lane.kind in ("thread", "process") else lane

    frames = [replace(frame, lanes=tuple(map(hostile, frame.lanes))) for frame in recording.frames]
    return Recording(recording.record, frames)


def test_the_menu_is_worked_by_keys(neighbour: Neighbour, server: Server, page: Page) -> None:
    opened_trace(page, server, neighbour.finished(synthetic.threads_taking_turns()))
    page.focus("#share-menu")
    page.keyboard.press("Enter")
    expect(page.locator("#share-menu")).to_have_attribute("aria-expanded", "true")
    expect(page.locator("[data-format=html]")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator("[data-format=bundle]")).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#copy-snippet")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#share-panel")).to_be_hidden()
    expect(page.locator("#share-menu")).to_be_focused()


def test_every_format_is_saved_under_a_name_of_its_own(neighbour: Neighbour, server: Server, page: Page, tmp_path: Path) -> None:
    trace = neighbour.finished(synthetic.threads_taking_turns())
    opened_trace(page, server, trace)
    files = {wanted: saved(page, wanted, tmp_path) for wanted in ("html", "bundle", "chrome", "csv", "png", "svg")}
    endings = {"html": ".html", "bundle": ".gilscope", "chrome": ".trace.json.gz", "csv": ".csv", "png": ".png", "svg": ".svg"}
    assert {wanted: file.name for wanted, file in files.items()} == {
        wanted: f"gilscope-{trace}{ending}" for wanted, ending in endings.items()
    }
    assert json.loads(gzip.decompress(files["chrome"].read_bytes()))["traceEvents"]
    assert len(list(csv.reader(io.StringIO(files["csv"].read_bytes().decode(), newline="")))) > 2000
    assert files["bundle"].read_bytes().startswith(b"PK")


def test_what_is_seen_can_be_saved_alone(neighbour: Neighbour, server: Server, page: Page, tmp_path: Path) -> None:
    opened_trace(page, server, neighbour.finished(synthetic.threads_taking_turns()), "?t0=500000000&t1=520000000")
    page.click("#share-menu")
    page.get_by_label("what you see").check()
    expect(page.locator(".snippet")).to_contain_text("figure?t0=500000000&t1=520000000")
    rows = list(csv.DictReader(io.StringIO(saved(page, "csv", tmp_path).read_bytes().decode(), newline="")))
    assert 0 < len(rows) < 100
    assert all(int(row["end_ns"]) > 500 * MS and int(row["start_ns"]) < 520 * MS for row in rows)


def test_a_picture_stands_on_its_own(neighbour: Neighbour, server: Server, page: Page, tmp_path: Path) -> None:
    trace = neighbour.finished(synthetic.threads_taking_turns(), label="before <b>the fix</b>")
    opened_trace(page, server, trace, "?t0=500000000&t1=600000000")
    drawing = ET.fromstring(saved(page, "svg", tmp_path).read_text())
    texts = {"".join(element.itertext()) for element in drawing.iter("{http://www.w3.org/2000/svg}text")}
    assert "before <b>the fix</b> · cpu · threads ×4 · 3.13" in texts
    assert {"① worker-1", "② worker-2", "③ worker-3", "④ worker-4", "GIL", "cpu 0", "working at once"} <= texts
    assert {"running Python", "waiting for the GIL"} <= texts
    assert any("500.0 ms to 600.0 ms" in text and trace in text for text in texts)
    assert any(text.startswith("520") and text.endswith("ms") for text in texts), "the axis"
    assert list(drawing.iter("{http://www.w3.org/2000/svg}image")), "what lies behind the bars"
    head = saved(page, "png", tmp_path).read_bytes()[:24]
    width, height = struct.unpack(">II", head[16:24])
    assert head.startswith(b"\x89PNG")
    assert width > 2 * 1200
    assert height > 600


def test_the_lines_for_a_notebook_make_the_chart(neighbour: Neighbour, server: Server, page: Page) -> None:
    opened_trace(page, server, neighbour.finished(synthetic.threads_taking_turns()))
    page.click("#share-menu")
    lines = page.locator(".snippet").inner_text()
    shown: list[Any] = []
    told = {"plotly": plotly, "__builtins__": __builtins__}
    exec(lines.replace(".show()", "").replace("plotly.io.from_json(", "made = plotly.io.from_json("), told)
    shown.append(told["made"])
    assert shown[0].layout.title.text.endswith("cpu · threads ×4 · 3.13")


def test_a_run_that_goes_on_says_why_there_is_no_bundle_yet(neighbour: Neighbour, server: Server, page: Page, tmp_path: Path) -> None:
    run = neighbour.queue(synthetic.threads_taking_turns())
    run.grow(3)
    page.goto(f"{server.url}/t/{run.id}")
    page.wait_for_selector(".plot[data-drawn]")
    page.click("#share-menu")
    expect(page.locator("[data-format=bundle]")).to_have_attribute("aria-disabled", "true")
    expect(page.locator("[data-format=bundle]")).to_contain_text("When the run is over")
    assert saved(page, "html", tmp_path).stat().st_size > 4_000_000
    page.click("#share-menu")
    run.finish()
    expect(page.locator("[data-format=bundle]")).not_to_have_attribute("aria-disabled", "true")


def test_the_page_of_its_own_shows_the_same_picture_and_zooms_without_a_network(
    neighbour: Neighbour, server: Server, page: Page, tmp_path: Path, offline: Callable[[Path], Page]
) -> None:
    trace = neighbour.finished(synthetic.threads_taking_turns(), label="mine")
    opened_trace(page, server, trace)
    alone = offline(saved(page, "html", tmp_path))
    for there in ("#title", "#headline", "#keyfigures", "#findings", "#resolution"):
        expect(alone.locator(there)).to_have_text(page.locator(there).inner_text(), use_inner_text=True)
    expect(alone.locator("#label")).to_have_text("mine")
    expect(alone.locator("#facts")).to_contain_text("CPython 3.13.5")
    expect(alone.locator("#breakdown")).to_contain_text("worker-4")

    def pixels(of: Page) -> str:
        found: str = of.eval_on_selector(".backdrop", "(canvas) => canvas.toDataURL()")
        return found

    def window(of: Page) -> str:
        return of.locator("#timeline-card").get_attribute("data-window") or ""

    for keys in ("", "www", "dw", "aas"):
        for shown in (page, alone):
            shown.focus("#timeline")
            for key in keys:
                shown.keyboard.press(key)
        for shown in (page, alone):
            # Two frames on, bars that wait for another view have been moved; when they are not any more, it is here.
            shown.evaluate("() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")
            shown.wait_for_function("() => !document.querySelector('.plot .figure').style.transform")
        expect(alone.locator("#timeline-card")).to_have_attribute("data-window", window(page))
        page.wait_for_function("(wanted) => document.querySelector('.backdrop').toDataURL() === wanted", arg=pixels(alone))
        expect(alone.locator("#resolution")).to_have_text(page.locator("#resolution").inner_text())
    assert window(alone) != f"0-{2034 * MS}"


def written(neighbour: Neighbour, recording: Recording, tmp_path: Path) -> Path:
    """The page of its own of a recording, as the server would send it."""
    snapshot = Reader(neighbour.store).snapshot(neighbour.finished(recording))
    assert snapshot is not None
    file = tmp_path / f"{snapshot.row.id}.html"
    file.write_bytes(b"".join(exported_page(snapshot).pieces))
    return file


def test_the_page_of_its_own_answers_as_the_server_does_byte_for_byte(
    neighbour: Neighbour, tmp_path: Path, offline: Callable[[Path], Page]
) -> None:
    for recording in (
        synthetic.threads_taking_turns(),
        synthetic.tasks_on_a_loop(),
        synthetic.processes_at_once(3),
        synthetic.large(40_000),
    ):
        alone = offline(written(neighbour, recording, tmp_path))
        index, chance = ViewIndex(recording.trace), random.Random(7)
        queries = [{}, *(query(recording.trace, chance) for _ in range(20))]
        for asked, answer in zip(queries, alone.evaluate(ANSWERS, queries), strict=True):
            lanes = [int(lane) for lane in asked["lanes"].split(",")] if "lanes" in asked else None
            view = index.view(
                asked.get("t0"), asked.get("t1"), asked.get("px", 1000), lanes, asked.get("budget", 2000), asked.get("at_work", False)
            )
            assert answer == json.loads(json.dumps(view | index.edges(view, asked.get("edges", 0)))), asked


def query(trace: Trace, chance: random.Random) -> dict[str, Any]:
    start, length = chance.randrange(trace.t_ns), round(10 ** chance.uniform(2, 9.3))
    asked: dict[str, Any] = {
        "t0": start,
        "t1": min(start + length, trace.t_ns + length // 2) + 1,
        "px": chance.choice([1, 7, 300, 1500]),
        "edges": chance.choice([0, 2, 300]),
        "at_work": chance.random() < 0.5,
        "budget": chance.choice([0, 5, 2000]),
    }
    if chance.random() < 0.4:
        asked["lanes"] = ",".join(map(str, chance.sample(sorted(trace.lanes), 3)))
    return asked


def test_the_page_of_its_own_of_a_huge_trace_holds_shares_and_says_so(
    neighbour: Neighbour, tmp_path: Path, offline: Callable[[Path], Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.import_module("engine.exports.embedded"), "MOST_SEGMENTS", 1000)
    recording = synthetic.large(50_000, lanes=4)
    trace, file = recording.trace, written(neighbour, recording, tmp_path)
    alone = offline(file)
    expect(alone.locator("#viewproblem")).to_contain_text("50,001 segments in it, more than a file can hold")
    expect(alone.locator("#resolution")).to_contain_text("aggregated")
    index, queries = ViewIndex(trace), [{"px": 500}, {"t0": trace.t_ns // 3, "t1": trace.t_ns // 2, "px": 300, "at_work": True}]
    for asked, answer in zip(queries, alone.evaluate(ANSWERS, queries), strict=True):
        view = index.view(asked.get("t0"), asked.get("t1"), int(asked["px"]), at_work=bool(asked.get("at_work")))
        assert (answer["t0_ns"], answer["columns"], answer["segments"]) == (view["t0_ns"], view["columns"], [])
        for lane, states in view["coverage"].items():
            for state, exact in states.items():
                apart = np.abs(columns(answer["coverage"][lane][state]) - columns(exact))
                assert apart.max() <= 4, (lane, state)
    before = alone.locator("#timeline-card").get_attribute("data-window")
    alone.focus("#timeline")
    alone.keyboard.press("w")
    expect(alone.locator("#timeline-card")).not_to_have_attribute("data-window", before or "")


def columns(text: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.frombuffer(base64.b64decode(text), np.uint8).astype(np.int64)


def test_the_page_of_its_own_holds_a_window_and_says_so(
    neighbour: Neighbour, server: Server, page: Page, tmp_path: Path, offline: Callable[[Path], Page]
) -> None:
    opened_trace(page, server, neighbour.finished(synthetic.threads_taking_turns()), "?t0=500000000&t1=600000000")
    page.click("#share-menu")
    page.get_by_label("what you see").check()
    alone = offline(saved(page, "html", tmp_path))
    expect(alone.locator("#viewproblem")).to_contain_text("500.0 ms to 600.0 ms of a run that is 2.04 s long")
    expect(alone.locator("#timeline-card")).to_have_attribute("data-window", "500000000-600000000")


def test_names_that_would_run_are_only_names_in_the_page_of_its_own(
    neighbour: Neighbour, server: Server, page: Page, tmp_path: Path, offline: Callable[[Path], Page]
) -> None:
    opened_trace(page, server, neighbour.finished(with_hostile_names(synthetic.threads_taking_turns()), label=HOSTILE))
    alone = offline(saved(page, "html", tmp_path))
    expect(alone.locator("#label")).to_have_text(HOSTILE)
    assert alone.locator("img").count() == 0
    assert alone.title() == f"{HOSTILE} · gilscope"


def throttled(page: Page, up: int = -1, down: int = -1) -> None:
    """Bytes a second, so that a way is long enough to be seen; -1: as fast as can be."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", {"offline": False, "latency": 0, "uploadThroughput": up, "downloadThroughput": down})


def test_a_long_export_shows_how_far_it_is_and_can_be_cancelled(neighbour: Neighbour, server: Server, page: Page) -> None:
    opened_trace(page, server, neighbour.finished(synthetic.large(60_000)))
    throttled(page, down=400_000)
    page.click("#share-menu")
    page.click("[data-format=csv]")
    card = page.locator(".transfer")
    expect(card).to_contain_text(re.compile(r"[\d.]+ of [45]\.\d MB"))
    assert 0 < float(card.locator("progress").evaluate("(bar) => bar.value / bar.max")) < 1
    card.get_by_role("button", name="Cancel").click()
    expect(card).to_have_count(0)
    expect(page.locator(".toast")).to_contain_text("nothing was saved")


def test_a_long_import_shows_how_far_it_is_and_can_be_cancelled(neighbour: Neighbour, server: Server, page: Page, tmp_path: Path) -> None:
    trace = neighbour.finished(synthetic.large(60_000))
    opened_trace(page, server, trace)
    bundle = saved(page, "bundle", tmp_path)
    with Server(tmp_path / "elsewhere") as other:
        page.goto(other.url)
        throttled(page, up=20_000)
        page.set_input_files("#import-file", bundle)
        card = page.locator(".transfer")
        expect(card).to_contain_text(bundle.name)
        expect(card).to_contain_text(re.compile(r"[\d.]+ of 0\.\d MB"))
        card.get_by_role("button", name="Cancel").click()
        expect(page.locator(".toast")).to_contain_text("nothing was imported")
        expect(page.locator("#no-traces")).to_contain_text("No runs yet")
        page.goto("about:blank")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_lists_show_a_small_picture_of_every_run(neighbour: Neighbour, server: Server, page: Page, theme: Any) -> None:
    page.emulate_media(color_scheme=theme)
    names = {neighbour.finished(synthetic.threads_taking_turns()), neighbour.finished(synthetic.failed())}
    live = neighbour.queue(synthetic.processes_at_once())
    live.grow(4)
    page.goto(server.url)
    for trace in (*names, live.id):
        picture = page.locator(f".trace[data-id='{trace}'] .thumb img")
        expect(picture).to_have_attribute("alt", re.compile("^Timeline of cpu · "))
        expect(picture).to_have_attribute("src", re.compile(f"thumbnail.theme={theme}"))
        expect(picture).to_have_js_property("complete", True)
        assert picture.evaluate("(image) => image.naturalWidth") == 264


def test_a_run_in_line_has_no_picture_yet(neighbour: Neighbour, server: Server, page: Page, conduct: Conduct) -> None:
    run = neighbour.queue(synthetic.threads_taking_turns())
    page.goto(server.url)
    expect(page.locator(f".trace[data-id='{run.id}'] .thumb")).to_have_count(1)
    expect(page.locator(".thumb img")).to_have_count(0)
    assert conduct.faults == []


def test_the_page_of_its_own_of_a_failed_run_says_why_it_failed(
    neighbour: Neighbour, server: Server, page: Page, tmp_path: Path, offline: Callable[[Path], Page]
) -> None:
    opened_trace(page, server, neighbour.finished(synthetic.failed()))
    alone = offline(saved(page, "html", tmp_path))
    expect(alone.locator("#condition")).to_contain_text("The run failed. The measured process was ended by SIGSEGV")
