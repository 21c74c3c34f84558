"""Real runs from the command line: what is printed, what is kept, and how a run ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.probes import procfs
from tests.support.commands import gilscope
from tests.support.imports import ROOT
from tests.support.until import until

QUICK = ("--set", "rounds=200000")


def test_a_run_prints_the_timeline_and_is_kept(tmp_path: Path) -> None:
    told = gilscope("run", "cpu", "--model", "threads", "--workers", "2", *QUICK, "--label", "first", data=tmp_path)
    assert told.code == 0, told.err
    for part in ("first", "worker-1", "worker-2", "2 of 2 jobs completed"):
        assert part in told.out
    (line,) = gilscope("list", "--json", data=tmp_path).out.splitlines()
    kept = json.loads(line)
    assert (kept["status"], kept["label"]) == ("complete", "first")
    assert kept["id"] in told.err


def test_json_is_one_trace_object_a_line_and_nothing_else(tmp_path: Path) -> None:
    told = gilscope("run", "cpu", "--model", "sequential", "--workers", "2", *QUICK, "--repeat", "2", "--json", data=tmp_path)
    assert told.code == 0, told.err
    first, second = map(json.loads, told.out.splitlines())
    assert first["id"] != second["id"]
    for trace in (first, second):
        assert trace["status"] == "complete"
        assert trace["spec"]["params"]["rounds"] == 200_000
        assert trace["metrics"]["jobs"] == {"total": 2, "completed": 2, "failed": 0}
        assert trace["digest"].startswith("sha256:")
        assert trace["permalink"] == f"/t/{trace['id']}"


def test_sources_that_are_left_out_are_not_used(tmp_path: Path) -> None:
    told = gilscope("run", "cpu", "--model", "threads", "--workers", "2", *QUICK, "--sources", "marks", "--json", data=tmp_path)
    sources = json.loads(told.out)["sources"]
    assert sources["marks"] == "exact"
    assert sources["kernel"] != "exact"
    assert sources["gil"] not in ("exact", "sampled")


@pytest.mark.parametrize(
    ("function", "model", "values"),
    [
        ("plain", "threads", ["0", "1", "2"]),
        ("without", "threads", ["'none'", "'none'", "'none'"]),
        ("waits", "asyncio", ["0", "10", "20"]),
        ("waits", "processes", ["0", "10", "20"]),
        ("plain", "asyncio", ["0", "1", "2"]),
    ],
)
def test_the_users_function_is_called_once_per_job(tmp_path: Path, function: str, model: str, values: list[str]) -> None:
    (tmp_path / "work.py").write_text(
        "import asyncio\n"
        "def plain(index): return index\n"
        "def without(): return 'none'\n"
        "async def waits(index):\n    await asyncio.sleep(0.01)\n    return 10 * index\n"
    )
    command = ("run", f"work.py:{function}", "--model", model, "--workers", "3", "--json", "--python", sys.executable)
    told = gilscope(*command, data=tmp_path / "data", cwd=tmp_path)
    assert told.code == 0, told.err
    assert json.loads(told.out)["result"] == {"values": values}


def test_a_job_that_raises_fails_the_run_and_keeps_the_trace(tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text("def job(index):\n    if index == 1:\n        raise ValueError('no luck')\n")
    command = ("run", f"{tmp_path}/work.py:job", "--model", "threads", "--workers", "2", "--python", sys.executable)
    told = gilscope(*command, data=tmp_path / "data")
    assert told.code == 1
    assert "no luck" in told.out
    assert "work.py" in told.out, "the traceback tells where"
    (kept,) = map(json.loads, gilscope("list", "--json", data=tmp_path / "data").out.splitlines())
    assert kept["status"] == "failed"
    assert kept["metrics"]["jobs"]["failed"] == 1
    assert "no luck" in kept["error"]["message"]


@contextmanager
def running(tmp_path: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A run that would last a minute, caught in the middle, and the id of its trace."""
    (tmp_path / "work.py").write_text("import pathlib, time\ndef job():\n    pathlib.Path('begun').touch()\n    time.sleep(60)\n")
    data = tmp_path / "data"
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "run", "work.py:job", "--model", "threads", "--workers", "1", "--data", str(data), *options],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "GILSCOPE_PYTHON": sys.executable},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until(lambda: _begun(process, tmp_path / "begun"))
        (kept,) = map(json.loads, gilscope("list", "--json", data=data).out.splitlines())
        yield process, kept["id"]
    finally:
        process.kill()
        process.communicate()


def _begun(process: subprocess.Popen[str], sign: Path) -> bool:
    assert process.poll() is None, process.communicate()
    return sign.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_cancels_the_run_and_keeps_what_was_recorded(tmp_path: Path, number: signal.Signals) -> None:
    with running(tmp_path, "--json") as (process, identity):
        children = procfs.descendants(process.pid)
        assert children
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 130, err
        trace = json.loads(out)
        assert (trace["id"], trace["status"]) == (identity, "cancelled")
        assert "cancelling" in err
        assert [pid for pid in children if procfs.status(pid)] == []
    assert "worker-1" in gilscope("show", identity, data=tmp_path / "data").out


def test_a_run_whose_program_is_killed_is_interrupted_and_takes_nothing_along(tmp_path: Path) -> None:
    with running(tmp_path) as (process, identity):
        children = procfs.descendants(process.pid)
        process.kill()
        process.communicate()
        until(lambda: not any(procfs.status(pid) for pid in children))
        kept = json.loads(gilscope("show", identity, "--json", data=tmp_path / "data").out)
        assert kept["status"] == "interrupted"
        assert "everything up to then is kept" in kept["error"]["message"]


def test_two_runs_on_one_data_directory_take_turns(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "app", "run", "cpu", "--model", "threads", "--workers", "1", *QUICK, "--json", "--data", str(tmp_path)]
    both = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    traces = [json.loads(process.communicate()[0]) for process in both]
    first, second = sorted(traces, key=lambda trace: trace["clock"]["monotonic_ns"])
    assert first["clock"]["monotonic_ns"] + first["t_ns"] <= second["clock"]["monotonic_ns"]
