"""Real comparisons from the command line: what is printed, what is kept, and how they end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.commands import gilscope
from tests.support.imports import ROOT
from tests.support.until import until

QUICK = ("--workers", "2", "--set", "waits=1", "--set", "wait_ms=60")


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A data directory with a comparison of three models, what it printed, and what it said."""
    data = tmp_path_factory.mktemp("data")
    told = gilscope("compare", "sleep", "--models", "sequential,threads,asyncio", *QUICK, "--label", "first", data=data)
    assert told.code == 0, told.err
    return data, told.out, told.err


def test_it_says_which_model_and_why_and_prints_a_table(compared: tuple[Path, str, str]) -> None:
    _, out, err = compared
    assert "times as fast as sequential" in out
    assert "waits overlapped" in " ".join(out.split())
    head = next(line for line in out.splitlines() if line.startswith("MODEL"))
    assert head.split()[:4] == ["MODEL", "TIME", "SPEEDUP", "CORES"]
    for number, model in enumerate(("sequential", "threads", "asyncio"), 1):
        assert f"\n{model} " in out
        assert f"{model} ({number} of 3): " in err, "progress is told on stderr"
    assert "is kept · gilscope open " in err


def test_it_is_listed_shown_and_deleted_and_its_traces_stay(compared: tuple[Path, str, str]) -> None:
    data, out, err = compared
    identity = err.partition("comparison ")[2].split()[0]
    listed = gilscope("list", "--comparisons", data=data)
    assert (listed.out.split()[:4], listed.out.splitlines()[1].split()[0]) == (["ID", "MADE", "STATUS", "COMPARISON"], identity)
    assert "gilscope list --comparisons" in gilscope("list", data=data).err
    assert gilscope("show", identity, data=data).out == out
    shown = json.loads(gilscope("show", f"http://127.0.0.1:8181/c/{identity}", "--json", data=data).out)
    assert [row["name"] for row in shown["rows"]] == ["sequential", "threads", "asyncio"]
    assert shown["rows"][1]["speedup"] > 1.3
    assert json.loads(gilscope("list", "--comparisons", "--json", data=data).out) == shown
    assert gilscope("delete", identity, "--yes", data=data).err == f"deleted {identity}\n"
    assert gilscope("list", "--comparisons", data=data).err.startswith("no comparisons yet")
    assert len(gilscope("list", "--json", data=data).out.splitlines()) == 3


def test_json_is_one_comparison_and_nothing_else_and_repeated_models_take_turns(tmp_path: Path) -> None:
    told = gilscope("compare", "sleep", "--models", "sequential,threads", *QUICK, "--repeat", "2", "--json", data=tmp_path)
    assert told.code == 0, told.err
    comparison = json.loads(told.out)
    assert [trace["name"] for trace in comparison["traces"]] == ["sequential", "threads"] * 2
    assert all(row["spread_ns"][0] <= row["elapsed_ns"] <= row["spread_ns"][1] for row in comparison["rows"])
    clocks = [
        json.loads(gilscope("show", trace["id"], "--json", data=tmp_path).out)["clock"]["monotonic_ns"] for trace in comparison["traces"]
    ]
    assert clocks == sorted(clocks)


def test_a_function_of_ones_own_runs_under_each_model(tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text("import time\ndef job(index):\n    time.sleep(0.05)\n")
    command = ("compare", "work.py:job", "--models", "sequential,threads", "--workers", "2", "--json", "--python", sys.executable)
    told = gilscope(*command, data=tmp_path / "data", cwd=tmp_path)
    assert told.code == 0, told.err
    assert json.loads(told.out)["title"].startswith("work.py:job · 2 models ×2")


def test_a_model_that_fails_is_told_and_the_others_are_compared(tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text(
        "from threading import current_thread, main_thread\n"
        "def job(index):\n    if current_thread() is not main_thread():\n        raise ValueError('no luck')\n"
    )
    command = ("compare", "work.py:job", "--models", "sequential,threads,asyncio", "--workers", "2", "--python", sys.executable)
    told = gilscope(*command, data=tmp_path / "data", cwd=tmp_path)
    assert told.code == 1
    assert re.search(r"threads failed: job [01] failed: ValueError: no luck\.", told.out)
    assert "threads (2 of 3): failed" in told.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("cpu", "--models", "sequential,thredas"), "--models: there is no model 'thredas'"),
        (("cpu", "--models", "threads"), "--models: models must name two at least"),
        (("cpu", "--models", ","), "--models: models must name two at least"),
        (("cpu", "--models", "threads,threads"), "--models: models must differ"),
        (("cpu", "--repeat", "0"), "--repeat: repeat must be between 1 and 20"),
        (("cpu", "--models", "sequential,threads", "--start-method", "fork"), "--start-method: start_method must be left out"),
        (("cpux",), "did you mean cpu"),
        (("nowhere.py:job",), "nowhere.py cannot be read"),
        (("cpu", "--set", "rounds=-1"), "--set: rounds must be between"),
    ],
)
def test_a_command_line_that_cannot_be_meant_is_refused_in_words(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    told = gilscope("compare", *options, data=tmp_path, cwd=tmp_path)
    assert (told.code, told.out) == (2, "")
    assert said in told.err


def test_an_interrupt_cancels_what_is_left_and_keeps_what_ran(tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text("import pathlib, time\ndef job():\n    pathlib.Path('begun').touch()\n    time.sleep(60)\n")
    words = [
        "compare",
        "work.py:job",
        "--models",
        "sequential,threads,asyncio",
        "--workers",
        "1",
        "--json",
        "--data",
        str(tmp_path / "data"),
    ]
    with subprocess.Popen(
        [sys.executable, "-m", "app", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "GILSCOPE_PYTHON": sys.executable},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            until(lambda: (tmp_path / "begun").exists() or process.poll() is not None)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130, err
    assert [trace["status"] for trace in json.loads(out)["traces"]] == ["cancelled"] * 3
    assert err.count("cancelling") == 1
