"""How often the supervisor tells, given what the kernel says of its own thread."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from engine.supervisor import pace as module
from engine.supervisor.pace import FRAME_S, SPARING_FRAME_S, Pace


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "schedstat"
    path.write_text("0 0 0\n")
    monkeypatch.setattr(module, "_ACCOUNT", path)
    return path


def test_frames_are_fewer_while_it_waits_longer_for_a_core_than_it_uses_one(account: Path) -> None:
    pace = Pace()
    account.write_text("1000 900 5\n")
    assert pace.next_frame_s() == FRAME_S
    account.write_text("2000 2900 9\n")
    assert pace.next_frame_s() == SPARING_FRAME_S
    account.write_text("3000 2900 12\n")
    assert pace.next_frame_s() == FRAME_S, "what it waited for before does not count"


@pytest.mark.usefixtures("account")
def test_where_nobody_looks_on_they_are_fewer_once_jobs_are_done() -> None:
    pace = Pace(watched=False)
    assert pace.next_frame_s(begun=False) == FRAME_S
    assert pace.next_frame_s(begun=True) == SPARING_FRAME_S
    assert Pace(watched=True).next_frame_s(begun=True) == FRAME_S


@pytest.mark.parametrize("text", ["", "no account of this kind\n"])
def test_without_such_an_account_a_core_is_taken_to_be_free(account: Path, text: str) -> None:
    account.write_text(text)
    assert Pace().next_frame_s() == FRAME_S
    account.unlink()
    assert Pace().next_frame_s() == FRAME_S


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
