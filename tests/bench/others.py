"""gilscope beside VizTracer and py-spy: the same programs in the same rounds; how much each slows them, what an event takes, what each saw.

    python -m tests.bench.others [--pairs N] [--tools FOLDER] [NAME …]

The programs (`tests/bench/programs.py`) know what truly happens in them. `--tools` is where the commands `viztracer` and `py-spy` are, by
default beside this interpreter (dependency group `bench`). Elapsed is the program's own clock; what a tool does after its end is not in it.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from app.store import Reader, Store
from engine.trace import State, Trace
from tests.bench.pairs import PROGRAMS, Cost, in_turns, ratio, waited_for

NAMES = ("cpu_threads", "cpu_processes", "lock_ping_pong", "asyncio_steps", "sleeps")
_MISSING = "not installed: `uv sync --group bench`, or name their folder with --tools"


def main() -> None:
    """Prints a row for each program and tool."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--tools", type=Path, default=Path(sys.executable).parent)
    parser.add_argument("names", nargs="*", default=NAMES, metavar="NAME")
    options = parser.parse_args()
    tools: dict[str, Callable[[str], Cost]] = {"gilscope": _gilscope}
    for name, run in (("viztracer", _viztracer), ("py-spy", _py_spy)):
        command = options.tools / name
        if command.exists():
            tools[name] = lambda program, run=run, command=command: run(program, str(command))  # type: ignore[misc]
        else:
            print(f"\n{name.upper()} IS MISSING FROM THIS TABLE: {_MISSING}\n")
    print(
        f"CPython {sys.version.split()[0]}, {os.cpu_count()} cores, {options.pairs} rounds; medians (lowest–highest); {_versions(tools)}\n"
    )
    print("| program: what is true | tool | elapsed / bare | events | bytes an event | what it saw of that |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name in options.names:
        ways: dict[str, Callable[[], Cost]] = {"bare": lambda name=name: _bare(name)}  # type: ignore[misc]
        ways |= {tool: lambda run=run, name=name: run(name) for tool, run in tools.items()}  # type: ignore[misc]
        found = in_turns(options.pairs, ways)
        truth = ", ".join(f"{count:,} {what}" for what, count in found["bare"][-1].more["truth"].items()) or "threads take turns"
        for tool in tools:
            last = found[tool][-1].more
            each = f"{last['bytes'] / last['events']:.1f}" if last["events"] else "none"
            slower = f"{ratio(found[tool], found['bare']):.2f}"
            print(f"| `{name}`: {truth} | {tool} | {slower} | {last['events']:,} | {each} | {last['saw']} |", flush=True)


def _bare(name: str) -> Cost:
    return _cost([sys.executable, str(PROGRAMS), name], {})


def _gilscope(name: str) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder, "trace.json")
        command = [sys.executable, "-m", "app", "record", "--quiet", "--python", sys.executable, "--data", folder, "--json", str(told)]
        cost = _cost([*command, "--", str(PROGRAMS), name], {})
        store = Store(Path(folder))
        try:
            snapshot = Reader(store).snapshot(json.loads(told.read_text())["id"])
            assert snapshot is not None
            trace = snapshot.trace
        finally:
            store.close()
    more = {**cost.more, "events": len(trace.segments), "bytes": len(trace.segments.to_block()), "saw": _seen_by_us(name, trace)}
    return Cost(cost.elapsed_s, cost.cpu_s, more)


def _seen_by_us(name: str, trace: Trace) -> str:
    counters, segments, lanes = trace.counters, trace.segments, trace.lanes.values()
    if name == "asyncio_steps":
        tasks = [lane.id for lane in lanes if lane.kind == "task"]
        ready = sum(lane in tasks for lane in segments.lane[segments.state == State.ready].tolist())
        return f"{ready:,} times that a task was ready to step, each with its wait"
    if name == "sleeps":
        main = next(lane.id for lane in lanes if lane.kind == "thread")
        long = segments.end - segments.start >= 1_000_000
        return f"{int(((segments.lane == main) & (segments.state == State.io_wait) & long).sum()):,} waits"
    if name == "cpu_processes":
        # The standard library's resource tracker is one of them, as is the program itself.
        return f"{sum(lane.kind == 'process' for lane in lanes):,} processes, each with its GIL"
    handoffs = f"{counters.get('gil_seen_handoffs', 0):,} of the {counters.get('gil_handoffs', 0):,} hand-offs that CPython counted"
    notes = {lane.note for lane in lanes if lane.kind == "interpreter" and lane.note}
    return "; ".join((handoffs, *notes))


def _viztracer(name: str, command: str) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "trace.json")
        cost = _cost([command, "--log_async", "--quiet", "--output_file", str(out), "--", str(PROGRAMS), name], {})
        size = out.stat().st_size
        events = [event for event in json.loads(out.read_text())["traceEvents"] if event["ph"] != "M"]
    names = [event.get("name", "") for event in events]
    saw = {
        "asyncio_steps": lambda: f"{sum(one.startswith('_steps ') for one in names):,} steps; no waits to be ready",
        "sleeps": lambda: f"{sum(one.startswith('time.sleep') for one in names):,} waits",
        "cpu_processes": lambda: f"{len({event['pid'] for event in events}):,} processes; no cores, no GIL",
    }.get(name, lambda: "0 hand-offs: calls overlap as if all ran at once")()
    return Cost(cost.elapsed_s, cost.cpu_s, {**cost.more, "events": len(events), "bytes": size, "saw": saw})


def _py_spy(name: str, command: str) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "trace.json")
        options = ["--gil", "--subprocesses", "--format", "chrometrace", "--output", str(out)]
        cost = _cost([command, "record", *options, "--", sys.executable, str(PROGRAMS), name], {}, stderr=subprocess.DEVNULL)
        size = out.stat().st_size
        events = [event for event in json.loads(out.read_text()) if event["ph"] == "B"]
    threads = [(event["pid"], event["tid"]) for event in sorted(events, key=lambda event: event["ts"])]
    changes = sum(one != other for one, other in pairwise(threads))
    saw = {
        "asyncio_steps": lambda: f"{sum(event['name'] == '_steps' for event in events):,} steps",
        "sleeps": lambda: f"{sum('sleep' in event['name'] for event in events):,} waits",
        "cpu_processes": lambda: f"{len({pid for pid, _ in threads}):,} processes; no cores",
    }.get(name, lambda: f"{changes:,} hand-offs, by samples 10 ms apart")()
    return Cost(cost.elapsed_s, cost.cpu_s, {**cost.more, "events": len(events), "bytes": size, "saw": saw})


def _cost(command: list[str], environment: dict[str, str], stderr: Any = None) -> Cost:
    """The program's last line is its own account: see `programs.main`."""
    process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=stderr)
    assert process.stdout is not None
    said = process.stdout.read().decode()
    _, cpu_s = waited_for(process)
    told = json.loads(next(line for line in said.splitlines() if line.startswith('{"elapsed_ns"')))
    return Cost(told.pop("elapsed_ns") / 1e9, cpu_s, {"truth": told})


def _versions(tools: dict[str, Any]) -> str:
    def version(name: str) -> str:
        try:
            return f"{name} {importlib.metadata.version(name)}"
        except importlib.metadata.PackageNotFoundError:
            return name

    return ", ".join(map(version, tools))


if __name__ == "__main__":
    main()
