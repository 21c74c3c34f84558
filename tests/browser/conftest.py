"""A real browser on a real server. Without Chromium these tests are skipped, and say what to install."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, ViewportSize, expect, sync_playwright

from tests.browser.neighbour import Neighbour
from tests.browser.server import Server

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 30_000


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """One for all tests, with a profile on disk as a person's has: so it keeps what it has compiled, which of plotly.js takes a second."""
    named = os.environ.get("GILSCOPE_CHROMIUM")
    found = named or next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("the pages need a Chromium to be tested: `apt-get install chromium`, or name one in GILSCOPE_CHROMIUM")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        profile = tmp_path_factory.mktemp("profile")
        viewport: ViewportSize = {"width": 1280, "height": 900}
        launched = playwright.chromium.launch_persistent_context(profile, executable_path=found, args=list(_FLAGS), viewport=viewport)
        launched.set_default_timeout(PATIENCE_MS)
        yield launched
        launched.close()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def server(data: Path) -> Iterator[Server]:
    with Server(data) as started:
        yield started


@pytest.fixture
def neighbour(data: Path) -> Iterator[Neighbour]:
    made = Neighbour(data)
    yield made
    made.close()


class Conduct:
    """What a page did that no page should: complaints on its console (the browser's about our policy, too), and calls to other hosts."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        self.excused: list[str] = []

    def excuse(self, pattern: str) -> None:
        """A complaint that the test itself provokes."""
        self.excused.append(pattern)

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.text} ({message.location.get('url')})")

    def see(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob") and address.hostname != "127.0.0.1":
            self.foreign.append(request.url)

    @property
    def faults(self) -> list[str]:
        inexcusable = [said for said in self.complaints if not any(re.search(pattern, said) for pattern in self.excused)]
        return inexcusable + [f"asked another host: {url}" for url in self.foreign]


@pytest.fixture
def conduct() -> Conduct:
    return Conduct()


@pytest.fixture
def new_page(browser: BrowserContext, conduct: Conduct) -> Iterator[Callable[[], Page]]:
    """Makes pages (tabs). In the end none of them may have complained, nor asked another host for anything."""

    def made() -> Page:
        page = browser.new_page()
        page.on("console", conduct.hear)
        page.on("pageerror", lambda error: conduct.complaints.append(f"uncaught: {error}"))
        page.on("request", conduct.see)
        return page

    yield made
    leave(browser)
    assert conduct.faults == []


def leave(browser: BrowserContext) -> None:
    """Closes the pages of a test, and takes back what it has allowed them."""
    for page in browser.pages[1:]:  # Without the first one the browser would end.
        page.close()
    browser.clear_permissions()
    browser.clear_cookies()


@pytest.fixture
def page(new_page: Callable[[], Page]) -> Page:
    return new_page()
