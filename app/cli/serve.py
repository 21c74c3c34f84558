"""`gilscope serve`, and the server that `gilscope open` starts when none runs."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from app.cli.errors import CommandError, UsageError
from app.cli.place import data_directory
from app.cli.terminal import Terminal
from app.server import serve as serve_until_interrupted
from app.settings import Settings, SettingsError
from app.store import StoreError


def serve(options: argparse.Namespace, terminal: Terminal) -> int:
    """Until Ctrl-C."""
    named = options.allow_host or os.environ.get("GILSCOPE_ALLOW_HOST", "").split(",")
    with _told(terminal):
        serve_until_interrupted(
            Settings(
                data=data_directory(options),
                host=options.host,
                port=options.port,
                allow_hosts=tuple(name.strip() for name in named if name.strip()),
                read_only=options.read_only,
                open_browser=not options.no_open and a_browser_may_open(),
            )
        )
    return 0


def serve_page(options: argparse.Namespace, terminal: Terminal, permalink: str) -> int:
    """Serves the data of `options`, beginning with that page, until Ctrl-C."""
    data = data_directory(options)
    terminal.say(f"no server shows {data}: this one does until Ctrl-C; the page is {permalink}")
    with _told(terminal):
        serve_until_interrupted(
            Settings(
                data=data,
                port=options.port,
                open_browser=not options.no_open and a_browser_may_open(),
                first_page=permalink.lstrip("/"),
            )
        )
    return 0


def a_browser_may_open() -> bool:
    """Whether somebody sits here: at a terminal, with a display where one is needed, and not through a remote shell."""
    if not sys.stdout.isatty() or os.environ.get("SSH_CONNECTION"):
        return False
    return sys.platform != "linux" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))


@contextmanager
def _told(terminal: Terminal) -> Iterator[None]:
    try:
        yield
    except SettingsError as error:
        raise UsageError(str(error)) from None
    except StoreError as error:
        raise CommandError(str(error)) from None
    finally:
        terminal.clear()
