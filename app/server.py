"""Serves the application with uvicorn, and ends in good order.

Ctrl-C → uvicorn's handle_exit → the hub closes, so that every open stream ends by itself
                               → the run that is going on is ended, and with it everything measured
"""

from __future__ import annotations

import contextlib
import errno
import gc
import json
import os
import socket
import threading
import webbrowser
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Self

import uvicorn
from fastapi import FastAPI

from app.context import Context
from app.factory import create_app
from app.settings import DEFAULT_PORT, Settings, SettingsError

NOTE = "server.json"
"""In the data directory while a server shows it: `{"url", "pid"}`, so that commands can tell permalinks."""
_FURTHER_PORTS = 20
_GRACE_S = 2


def serve(settings: Settings) -> None:
    """Until Ctrl-C. Prints one line, `Serving on http://HOST:PORT/`, when it answers. Raises SettingsError and StoreError before that."""
    listening = Listening.open(settings)
    try:
        app = create_app(settings)
    except BaseException:
        listening.socket.close()
        raise
    run_server(app, listening, settings.first_page if settings.open_browser else None)


@dataclass(frozen=True, slots=True)
class Listening:
    """A socket that is bound already, and the URL that it answers to."""

    socket: socket.socket
    url: str

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """On the port asked for; by default 8181 or the next free one. Raises SettingsError if that cannot be."""
        bound = _bound(settings)
        port = bound.getsockname()[1]
        name = f"[{settings.host}]" if ":" in settings.host else settings.host
        return cls(bound, f"http://{name}:{port}/")


class Server(uvicorn.Server):
    """Uvicorn's, with a word to the streams before it waits for them, and to the data directory while it answers."""

    def __init__(self, config: uvicorn.Config, context: Context, listening: Listening, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._context = context
        self._listening = listening
        self._on_ready = on_ready
        self._note = context.settings.data / NOTE

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            # All that is there by now stays: to look through it for garbage holds up an answer for 40 ms again and again.
            gc.freeze()
            self._note.write_text(json.dumps({"url": self._listening.url, "pid": os.getpid()}))
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._note.unlink(missing_ok=True)
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._context.hub.close()
        super().handle_exit(sig, frame)

    def stop(self) -> None:
        """What a signal does, from any thread."""
        self._context.hub.close()
        self.should_exit = True


def configured(app: FastAPI) -> uvicorn.Config:
    """Uvicorn's settings: quiet, trusting no proxy's word, and patient with open requests for two seconds at the end."""
    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE_S,
        ws="none",
    )


def run_server(app: FastAPI, listening: Listening, page: str | None = None) -> None:
    """Serves `app` on a bound socket until a signal ends it. `page`, relative to the root, is opened in a browser once it answers."""
    context: Context = app.state.context

    def ready() -> None:
        print(f"Serving on {listening.url}", flush=True)  # noqa: T201 - the one line that `serve` promises
        if page is not None:
            threading.Thread(target=webbrowser.open, args=(listening.url + page,), daemon=True).start()

    with _closing(context, listening), contextlib.suppress(KeyboardInterrupt):
        Server(configured(app), context, listening, ready).run(sockets=[listening.socket])


@contextlib.contextmanager
def _closing(context: Context, listening: Listening) -> Iterator[None]:
    try:
        yield
    finally:
        context.close()
        listening.socket.close()


def _bound(settings: Settings) -> socket.socket:
    first = DEFAULT_PORT if settings.port is None else settings.port
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    ports = range(first, first + _FURTHER_PORTS) if settings.port is None else [first]
    for port in ports:
        candidate = socket.socket(family, socket.SOCK_STREAM)
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((settings.host, port))
            candidate.listen(128)
        except OSError as error:
            candidate.close()
            if error.errno == errno.EADDRINUSE:
                continue
            raise SettingsError(f"--host {settings.host} --port {port} cannot be served on: {error.strerror}") from None
        return candidate
    if settings.port is None:
        raise SettingsError(f"the ports {first} to {ports[-1]} are all in use: name a free one with --port, or --port 0 for any")
    raise SettingsError(f"port {settings.port} is in use: name another one with --port, or --port 0 for any free one")
