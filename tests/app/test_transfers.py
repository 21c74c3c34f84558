"""Whoever goes away in the middle of a long way ends the work: real sockets, closed at the other end."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from app import exports
from app.api import bundles as routes
from app.bundles import export_bundle, import_bundle
from app.context import Context
from app.factory import create_app
from app.settings import Settings
from engine.exports import Extent
from tests.support import synthetic
from tests.support.demo_server import put
from tests.support.puppet import Stage
from tests.support.serving import served
from tests.support.until import until

PATIENCE_S = 20


def test_an_export_ends_when_its_reader_hangs_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def endless(_: Extent) -> Iterator[str]:
        try:
            while True:
                yield "line\r\n" * 50_000
        finally:
            over.set()

    monkeypatch.setitem(exports.TEXTS, "csv", exports.Format("csv", ".csv", "text/csv", lambda _: 80, endless))
    app = create_app(Settings(data=tmp_path), Stage().launch)
    put(app.state.context.store, synthetic.threads_taking_turns())
    with served(app, tmp_path) as url:
        with httpx.stream("GET", f"{url}/api/v1/traces/k3v9m2x7q4ab/export/csv") as response:
            assert next(response.iter_bytes())
            assert not over.is_set()
        assert over.wait(PATIENCE_S), "the server goes on writing for nobody"


def test_an_import_whose_sender_hangs_up_while_it_is_checked_stores_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = create_app(Settings(data=tmp_path / "elsewhere"), Stage().launch).state.context
    put(elsewhere.store, synthetic.threads_taking_turns())
    body = bundled(elsewhere)
    elsewhere.close()
    checking, over = threading.Event(), threading.Event()

    def slow(*arguments: object) -> tuple[str, bool]:
        wanted = arguments[3]
        assert callable(wanted)
        checking.set()
        until(lambda: not wanted())
        try:
            return import_bundle(*arguments)  # type: ignore[arg-type]
        finally:
            over.set()

    monkeypatch.setattr(routes, "import_bundle", slow)
    app = create_app(Settings(data=tmp_path / "data"), Stage().launch)
    context: Context = app.state.context
    with served(app, tmp_path / "data") as url:
        address = urlsplit(url)
        head = f"POST /api/v1/traces/import HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: {len(body)}\r\n\r\n"
        with socket.create_connection((str(address.hostname), address.port or 0)) as line:
            line.sendall(head.encode() + body)
            assert checking.wait(PATIENCE_S)
        assert over.wait(PATIENCE_S)
        assert context.store.row("k3v9m2x7q4ab") is None


def bundled(context: Context) -> bytes:
    row, file = context.row("k3v9m2x7q4ab"), io.BytesIO()
    assert row is not None
    export_bundle(context.store, row, file)
    return file.getvalue()
