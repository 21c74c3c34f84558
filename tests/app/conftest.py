"""An application over a real SQLite file in a fresh directory; runs are synthetic recordings unless a test asks for real ones."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from app.context import Context
from app.factory import create_app
from app.settings import Settings
from app.store import Store
from tests.support import synthetic
from tests.support.demo_server import put
from tests.support.puppet import Stage
from tests.support.scene import Recording


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "data")
    yield made
    made.close()


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def context(settings: Settings, stage: Stage) -> Iterator[Context]:
    """Of an application whose runs are puppets on `stage`."""
    app = create_app(settings, stage.launch)
    made: Context = app.state.context
    stage.app = app
    yield made
    made.close()


@pytest.fixture
async def client(context: Context, stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    """Without a socket; the server's own failures are raised in the test."""
    assert context.queue is not None
    transport = httpx.ASGITransport(app=stage.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8181") as made:
        yield made


@pytest.fixture
def recording(context: Context) -> Recording:
    """4 threads taking turns for 3 s, in the store of `context`, under the id `k3v9m2x7q4ab`."""
    made = synthetic.threads_taking_turns(3)
    put(context.store, made)
    return made
