"""How often the supervisor tells, given what the kernel says of its own thread."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from engine.launch import Run
from engine.supervisor import pace as module
from engine.supervisor.pace import FRAME_S, SPARING_FRAME_S, UNSEEN_FRAME_S, Pace
from tests.support.real_runs import spec


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "schedstat"
    path.write_text("0 0 0\n")
    monkeypatch.setattr(module, "_ACCOUNT", path)
    return path


def test_frames_are_fewer_while_it_waits_longer_for_a_core_than_it_uses_one(account: Path) -> None:
    pace = Pace()
    account.write_text("1000 900 5\n")
    assert pace.look_s() == FRAME_S
    account.write_text("2000 2900 9\n")
    assert pace.look_s() == SPARING_FRAME_S
    account.write_text("3000 2900 12\n")
    assert pace.look_s() == FRAME_S, "what it waited for before does not count"


@pytest.mark.usefixtures("account")
def test_where_nobody_looks_on_they_are_fewer_once_jobs_are_done() -> None:
    unseen, foreign, watched = Pace(watched=False), Pace(watched=False, foreign=True), Pace(watched=True)
    assert {pace.look_s(settled=False) for pace in (unseen, foreign, watched)} == {FRAME_S}
    assert unseen.look_s(settled=True) == UNSEEN_FRAME_S
    assert foreign.look_s(settled=True) == SPARING_FRAME_S, "what it starts and ends is to be met alive"
    assert watched.look_s(settled=True) == FRAME_S
    assert [pace.draws(SPARING_FRAME_S) for pace in (unseen, foreign, watched)] == [False, False, True]
    assert unseen.draws(UNSEEN_FRAME_S)


@pytest.mark.parametrize("watched", [False, True])
def test_a_run_tells_more_often_what_somebody_looks_at(watched: bool) -> None:
    with Run(spec("cpu", "sequential", 1, params={"rounds": 30_000_000}), watched=watched) as run:
        frames = list(run.frames())
    (begins,) = (number for number, frame in enumerate(frames) if frame.changes.get("status") == "running")
    *between, _, last = [frame.t_ns / 1e9 for frame in frames[begins:]]  # The last two only close.
    pauses = [later - earlier for earlier, later in pairwise(between)]
    assert last - between[0] > UNSEEN_FRAME_S, "it was to take longer"
    assert any(pause < UNSEEN_FRAME_S / 2 for pause in pauses) is watched


@pytest.mark.parametrize("text", ["", "no account of this kind\n"])
def test_without_such_an_account_a_core_is_taken_to_be_free(account: Path, text: str) -> None:
    account.write_text(text)
    assert Pace().look_s() == FRAME_S
    account.unlink()
    assert Pace().look_s() == FRAME_S


def test_even_sparing_frames_come_as_often_as_is_promised() -> None:
    assert SPARING_FRAME_S < 0.25


@pytest.mark.skipif(sys.platform != "linux", reason="scheduling policies are Linux's")
def test_giving_way_is_for_what_starts_from_then_on_and_not_before() -> None:
    source = """
import json, os, subprocess, sys
from engine.supervisor.pace import give_way
tell = "import os; input(); print(os.nice(0), os.sched_getscheduler(0))"
start = lambda: subprocess.Popen([sys.executable, "-c", tell], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
first, before = start(), os.nice(0)
give_way()
second = start()
print(json.dumps([before, *(list(map(int, one.communicate("\\n")[0].split())) for one in (first, second))]))
"""
    said = json.loads(subprocess.run([sys.executable, "-c", source], check=True, stdout=subprocess.PIPE, text=True).stdout)
    before, first, second = said
    assert first == [before, 0]
    assert second[0] == min(19, before + 10)
    assert second[1] == 3  # SCHED_BATCH


def test_a_backlog_of_marks_is_told_at_once_though_nobody_looks(tmp_path: Path) -> None:
    source = tmp_path / "flood.py"
    source.write_text("import asyncio\nasync def steps():\n    for _ in range(250_000):\n        await asyncio.sleep(0)\n")
    with Run(spec(f"{source}:steps", "asyncio", 1), watched=False) as run:
        frames = list(run.frames())
    assert frames[-1].counters["marks"] > 400_000
    assert frames[-1].counters["dropped"] == 0
    told = [frame.t_ns / 1e9 for frame in frames if len(frame.segments)]
    assert any(later - earlier < UNSEEN_FRAME_S / 2 for earlier, later in pairwise(told[:-2]))
