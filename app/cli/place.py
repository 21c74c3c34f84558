"""Where the data is, and the server on it, if one runs."""

from __future__ import annotations

import argparse
import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.cli.errors import CommandError
from app.ids import is_id
from app.settings import default_data
from app.store import Store, StoreError

_PATIENCE_S = 2.0


def data_directory(options: argparse.Namespace) -> Path:
    """`--data`, `GILSCOPE_DATA`, or the platform's own place; absolute."""
    named: Path | None = options.data
    return (default_data() if named is None else named.expanduser()).absolute()


@contextmanager
def opened_store(data: Path) -> Iterator[Store]:
    """The store of a data directory, made if there is none. Raises CommandError if the directory cannot be used."""
    try:
        store = Store(data)
    except StoreError as error:
        raise CommandError(str(error)) from None
    try:
        yield store
    finally:
        store.close()


def server_url(data: Path) -> str | None:
    """`http://127.0.0.1:8181` of the server that runs on this data directory and answers; None if there is none."""
    try:
        said = json.loads((data / "server.json").read_text())
        url, pid = str(said["url"]).rstrip("/"), int(said["pid"])
        os.kill(pid, 0)
        # Loopback: a proxy of the environment must not be asked.
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{url}/healthz", timeout=_PATIENCE_S):
            return url
    except (OSError, ValueError, KeyError, TypeError, urllib.error.URLError):
        return None


def page_url(data: Path, trace_id: str) -> str | None:
    """Where the trace's page is right now, if a server shows this data directory."""
    url = server_url(data)
    return None if url is None else f"{url}/t/{trace_id}"


def comparison_url(data: Path, comparison_id: str) -> str | None:
    """Likewise of a comparison."""
    url = server_url(data)
    return None if url is None else f"{url}/c/{comparison_id}"


def trace_id(text: str) -> str:
    """The id in an id, a permalink or a page's address. Raises CommandError if there is none."""
    last = text.partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")[2].lower()
    if not is_id(last):
        raise CommandError(f"{text!r} is no id of a trace: `gilscope list` shows them")
    return last


def no_such_trace(trace_id: str, data: Path) -> CommandError:
    """The error to raise when the store knows no such trace."""
    return CommandError(f"there is no trace {trace_id} in {data}: `gilscope list` shows what there is")
