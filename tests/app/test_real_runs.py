"""The whole way for real: the interface, the queue, a supervisor, a measured interpreter, the store, the stream."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.context import Context
from app.factory import create_app
from app.settings import Settings
from tests.support.alive import running
from tests.support.puppet import until
from tests.support.serving import served

LONG = {"workload": "cpu", "model": "processes", "workers": 2, "params": {"rounds": 2_000_000_000}}
SHORT = {"workload": "cpu", "model": "threads", "workers": 3, "params": {"rounds": 2_000_000}}
PROGRAM = (
    "import sys; from pathlib import Path; from app.server import serve; from app.settings import Settings\n"
    "serve(Settings(data=Path(sys.argv[1]), port=0))\n"
)


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    app = create_app(Settings(data=tmp_path))
    with served(app, tmp_path) as base:
        yield base
    context: Context = app.state.context
    context.close()


def started(url: str, wish: dict[str, Any]) -> str:
    response = httpx.post(f"{url}/api/v1/traces", json=wish, timeout=30)
    assert response.status_code == 202, response.text
    return str(response.json()["id"])


def finished(url: str, trace_id: str) -> dict[str, Any]:
    return dict(httpx.get(f"{url}/api/v1/traces/{trace_id}", params={"wait": 60}, timeout=70).json())


def measured_pids(url: str, trace_id: str) -> set[int]:
    """The processes that the trace tells of, once its workers run."""

    def works() -> bool:
        states = httpx.get(f"{url}/api/v1/traces/{trace_id}/metrics", timeout=30).json()["states"]
        return bool(states.get("running"))

    until(works)
    lanes = httpx.get(f"{url}/api/v1/traces/{trace_id}/lanes", timeout=30).json()["items"]
    return {lane["pid"] for lane in lanes if lane["kind"] == "process"}


def test_a_run_from_wish_to_record(url: str) -> None:
    trace_id = started(url, SHORT)
    trace = finished(url, trace_id)
    assert (trace["status"], trace["error"]) == ("complete", None)
    assert trace["metrics"]["jobs"] == {"total": 3, "completed": 3, "failed": 0}
    assert 0 < trace["metrics"]["parallelism"] < 1.1
    assert trace["sources"]["marks"] == "exact"
    assert "gil" in trace["headline"].lower()
    segments = httpx.get(f"{url}/api/v1/traces/{trace_id}/segments", params={"limit": 10_000}, timeout=30).json()["items"]
    lanes = httpx.get(f"{url}/api/v1/traces/{trace_id}/lanes", timeout=30).json()["items"]
    measured = {lane["id"] for lane in lanes if lane["measured"]}
    assert len(measured) == 3
    start, end = trace["metrics"]["t0_ns"], trace["metrics"]["t1_ns"]
    on_core = sum(
        max(0, min(one["end_ns"], end) - max(one["start_ns"], start))
        for one in segments
        if one["lane"] in measured and one["state"] in ("running", "native")
    )
    assert on_core == trace["metrics"]["cpu_ns"]


def test_a_run_is_watched_while_it_goes_on_and_replayed_the_same(url: str) -> None:
    def streamed() -> list[tuple[str, dict[str, Any]]]:
        found, name = [], ""
        with httpx.stream("GET", f"{url}/api/v1/traces/{trace_id}/stream", timeout=60) as response:
            for line in response.iter_lines():
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: "):
                    found.append((name, json.loads(line[6:])))
        return found

    def segments(found: list[tuple[str, dict[str, Any]]]) -> list[tuple[int, int, int, str]]:
        told = [one for name, data in found if name == "frame" for one in data["segments"]]
        return sorted((one["lane"], one["start_ns"], one["end_ns"], one["state"]) for one in told)

    trace_id = started(url, SHORT)
    live = streamed()
    replayed = streamed()
    assert live[-1] == replayed[-1] == ("end", {"id": trace_id, "status": "complete"})
    assert [data["status"] for name, data in live if name == "status"][-2:] == ["running", "complete"]
    assert len([data for name, data in live if name == "frame"]) >= 2
    assert segments(live) == segments(replayed)
    assert len(segments(live)) == len(set(segments(live)))


def test_a_cancelled_run_ends_all_its_processes_and_keeps_what_it_has(url: str) -> None:
    trace_id = started(url, LONG)
    pids = measured_pids(url, trace_id)
    assert httpx.post(f"{url}/api/v1/traces/{trace_id}/cancel", timeout=30).status_code == 202
    trace = finished(url, trace_id)
    assert trace["status"] == "cancelled"
    assert trace["t_ns"] > 0
    until(lambda: not any(running(pid) for pid in pids))
    view = httpx.get(f"{url}/api/v1/traces/{trace_id}/view", timeout=30).json()
    assert view["segments_in_window"] > 0
    assert view["open"] == []


@contextmanager
def server(data: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(data)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process, process.stdout:
        try:
            yield process, process.stdout.readline().split()[-1].rstrip("/")
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_the_server(tmp_path: Path, number: signal.Signals) -> None:
    with server(tmp_path) as (process, url):
        trace_id = started(url, LONG)
        pids = measured_pids(url, trace_id)
        assert all(running(pid) for pid in pids)
        os.kill(process.pid, number)
        process.wait(30)
    until(lambda: not any(running(pid) for pid in pids))
    with server(tmp_path) as (process, url):
        trace = finished(url, trace_id)
        assert trace["status"] == "interrupted"
        assert trace["metrics"]["states"]["running"] > 0
        os.kill(process.pid, signal.SIGINT)
        process.wait(30)


def test_the_second_run_waits_for_the_first_and_speed_up_is_told(url: str) -> None:
    sequential, threads = (started(url, {**SHORT, "jobs": 3, "model": model}) for model in ("sequential", "threads"))
    second = finished(url, threads)
    first = finished(url, sequential)
    assert first["status"] == second["status"] == "complete"
    assert first["clock"]["monotonic_ns"] + first["t_ns"] <= second["clock"]["monotonic_ns"]
    assert second["metrics"]["baseline"] == sequential
    assert second["metrics"]["speedup"] == pytest.approx(first["metrics"]["elapsed_ns"] / second["metrics"]["elapsed_ns"])


def test_a_run_of_the_command_line_is_live_here_and_first_in_the_line(url: str, tmp_path: Path) -> None:
    def listed() -> list[dict[str, Any]]:
        return list(httpx.get(f"{url}/api/v1/traces", timeout=30).json()["items"])

    words = ["run", "cpu", "--model", "threads", "--workers", "2", "--set", "rounds=3000000", "--data", str(tmp_path), "--json"]
    command = subprocess.Popen([sys.executable, "-m", "app", *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert command.stdout is not None
    with command, command.stdout:
        until(lambda: any(item["status"] == "running" for item in listed()))
        theirs = listed()[0]["id"]
        ours = started(url, SHORT)
        assert finished(url, ours)["status"] == "complete"
        told = json.loads(command.stdout.read())
    assert command.returncode == 0
    first, second = finished(url, theirs), finished(url, ours)
    assert told["id"] == theirs
    assert told["metrics"] == first["metrics"]
    assert first["clock"]["monotonic_ns"] + first["t_ns"] <= second["clock"]["monotonic_ns"]
