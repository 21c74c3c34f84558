"""One server for all tests of what the page of a run can do: each looks at runs of its own, or at one that nobody changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.neighbour import Neighbour
from tests.browser.server import Server
from tests.browser.trace.opened import Timeline
from tests.support import synthetic


@pytest.fixture(scope="package")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("timelines") / "data"


@pytest.fixture(scope="package")
def server(data: Path) -> Iterator[Server]:
    with Server(data) as started:
        yield started


@pytest.fixture(scope="package")
def neighbour(data: Path) -> Iterator[Neighbour]:
    made = Neighbour(data)
    yield made
    made.close()


@pytest.fixture(scope="package")
def turns(neighbour: Neighbour) -> str:
    """The id of 4 threads taking turns of 5 ms for 2 s."""
    return neighbour.finished(synthetic.threads_taking_turns())


@pytest.fixture
def show(server: Server, page: Page) -> Callable[..., Timeline]:
    """Opens a trace, with what its address says of the view: `show(trace, t0=…, t1=…)`."""

    def opened(trace: str, **query: object) -> Timeline:
        timeline = Timeline(page, f"{server.url}/t/{trace}")
        timeline.open(**query)
        return timeline

    return opened
