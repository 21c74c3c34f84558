"""A large trace: drawn by its overview while it is being read, and sharp when it is open, without a reader's doing."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from app.store import Store
from engine.overview import LARGE
from tests.browser.server import Server
from tests.support.demo_server import put
from tests.support.large import large


@pytest.fixture
def trace_id(data: Path) -> str:
    recording = large(LARGE + 20_000, 6)
    store = Store(data)
    put(store, recording)
    store.close()
    return recording.record.id


def test_a_large_trace_is_drawn_from_a_cold_server_and_becomes_exact(trace_id: str, server: Server, page: Page) -> None:
    page.goto(f"{server.url}/t/{trace_id}")
    expect(page.locator("#timeline-card")).to_have_attribute("data-resolution", "aggregated")
    expect(page.locator("#resolution")).to_have_text(re.compile("aggregated: .* segments per pixel"))


def test_while_it_is_being_read_the_page_says_how_far_that_is(trace_id: str, server: Server, page: Page) -> None:
    still = threading.Event()

    def slowly(route: Route) -> None:
        """The server's own answers, as if it had only begun to read."""
        answer = route.fetch()
        told = answer.json()
        if not still.is_set() and "px=1&" not in route.request.url:
            told |= {"resolution": "overview", "opened": 0.42}
        route.fulfill(response=answer, json=told)

    page.route("**/view?*", slowly)
    page.goto(f"{server.url}/t/{trace_id}")
    expect(page.locator("#resolution")).to_have_text("opening: 42 %")
    expect(page.locator("#timeline-card")).to_have_attribute("data-resolution", "opening")
    still.set()
    expect(page.locator("#resolution")).to_have_text(re.compile("aggregated"))
