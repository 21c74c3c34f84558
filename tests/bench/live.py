"""A run that goes on at a steady rate of segments, on a server as it is; and how long an event takes until it is on a screen.

    python -m tests.bench.live --data DIR --segments N

serves, and tells the same synthetic run each time that one is started: every 100 ms the frame of what happened in them. An event's latency
is from its own instant, any one of these 100 ms, until the first picture that has grown past it is painted.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import httpx
from playwright.sync_api import Page

from app.factory import create_app
from app.server import Listening, run_server
from app.settings import Settings
from engine.trace import Frame, RunSpec
from tests.support.imports import ROOT
from tests.support.large import RATE, large
from tests.support.scene import Recording

STARTED = "started"
"""File in the data directory: when the run began, in ns of the clock that everybody has."""
_SERVING = re.compile(r"Serving on (http://127\.0\.0\.1:\d+)/")
_A_FRAME = 20
_SETTLING_MS = 1000


class Paced:
    """What `engine.launch.Run` is for the run queue: frames at their own time, whatever telling them costs."""

    def __init__(self, recording: Recording, data: Path) -> None:
        self._recording = recording
        self._data = data
        self._stopped = threading.Event()

    def frames(self) -> Iterator[Frame]:
        begun = time.time_ns()
        (self._data / STARTED).write_text(str(begun))
        for frame in self._recording.frames:
            self._stopped.wait((begun + frame.t_ns - time.time_ns()) / 1e9)
            yield frame

    def cancel(self) -> None:
        self._stopped.set()

    def close(self) -> None:
        self._stopped.set()


@contextmanager
def live_server(data: Path, segments: int) -> Iterator[tuple[str, int]]:
    """Its URL and its process' id."""
    command = [sys.executable, "-m", "tests.bench.live", "--data", str(data), "--segments", str(segments)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            found = next((match for line in process.stdout if (match := _SERVING.search(line))), None)
            assert found is not None, "the server ended before it served"
            yield found[1], process.pid
        finally:
            process.terminate()


def latencies_ms(page: Page, url: str, data: Path) -> list[float]:
    """Of events spread over a whole run, watched from a second after the first picture to its end."""
    spec = {"workload": "cpu", "model": "threads", "workers": 4}
    trace_id = httpx.post(f"{url}/api/v1/traces", json=spec, timeout=30).json()["id"]
    page.goto(f"{url}/t/{trace_id}")
    page.wait_for_selector("main[data-status=complete]", timeout=300_000)
    begun = int((data / STARTED).read_text()) / 1e6
    seen = page.evaluate("() => bench.pictures.map(({ at, grown }) => [performance.timeOrigin + at, grown])")
    settled = seen[0][0] + _SETTLING_MS
    grown = [(at - begun, ns / 1e6) for (at, ns), (_, before) in zip(seen[1:], seen[:-1], strict=True) if ns > before and at > settled]
    return [
        at - (before + (told - before) * step / _A_FRAME) for (_, before), (at, told) in pairwise(grown) for step in range(1, _A_FRAME + 1)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--segments", type=int, required=True)
    asked = parser.parse_args()
    recording = large(asked.segments, rate=RATE)
    settings = Settings(data=asked.data, port=0)

    def launch(_: RunSpec) -> Paced:
        return Paced(recording, asked.data)

    run_server(create_app(settings, launch), Listening.open(settings))


if __name__ == "__main__":
    main()
