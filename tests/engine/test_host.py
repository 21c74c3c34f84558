"""The machine is described without inventing what it does not tell."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine import host as module
from engine.host import CpuTimes, cores, cpu_times, host


def test_steal_is_the_share_of_all_time_between_two_moments() -> None:
    assert CpuTimes(total=1200, steal=30).steal_ratio(CpuTimes(total=1000, steal=20)) == 0.05


def test_no_time_between_two_moments_has_no_share() -> None:
    assert CpuTimes(5, 1).steal_ratio(CpuTimes(5, 1)) is None


def test_guest_time_is_not_counted_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stat").write_text("cpu  10 1 5 80 2 1 1 4 7 3\ncpu0 10 1 5 80 2 1 1 4 7 3\n")
    monkeypatch.setattr(module, "_PROC", tmp_path)
    assert cpu_times() == CpuTimes(total=104, steal=4)


def test_what_a_system_does_not_tell_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PROC", tmp_path)
    told = host()
    assert told["memory_bytes"] is None
    assert told["steal_ratio"] is None


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
def test_cores_are_those_that_this_process_may_use() -> None:
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert cores() == 1
    finally:
        os.sched_setaffinity(0, before)
    assert host()["cores"] == len(before)
