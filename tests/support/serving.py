"""A real uvicorn in a thread, for what needs sockets: streams, disconnects, raw requests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi import FastAPI

from app.server import Listening, Server, configured
from app.settings import Settings


@contextmanager
def served(app: FastAPI, data: Path) -> Iterator[str]:
    """Its base URL, without the last slash. Leaving ends it as Ctrl-C would."""
    listening = Listening.open(Settings(data=data, port=0))
    answering = threading.Event()
    server = Server(configured(app), app.state.context, listening, on_ready=answering.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening.socket]}, daemon=True)
    thread.start()
    assert answering.wait(20), "the server did not start"
    try:
        yield listening.url.rstrip("/")
    finally:
        server.stop()
        thread.join(20)
        listening.socket.close()
        assert not thread.is_alive(), "the server did not end"
