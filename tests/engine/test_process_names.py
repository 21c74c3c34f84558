"""What processes are taken for, by their command lines."""

from __future__ import annotations

import os

import pytest

from engine.probes import procfs
from engine.probes.perf_records import Exec
from engine.supervisor.programs import Programs
from engine.timeline.evidence import BECAME_HELPER


def test_a_command_line_that_comes_a_moment_after_its_exec_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = iter([(), (), ("python3", "-c", "from multiprocessing.forkserver import main; main(...)")])
    monkeypatch.setattr(procfs, "command_line", lambda _: next(lines))
    (became,) = Programs(every=False).news([Exec(1, os.getpid(), os.getpid(), "python3")], [])
    assert (became.kind, became.name) == (BECAME_HELPER, "fork server")


def test_of_one_that_has_ended_nothing_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = iter([()])
    monkeypatch.setattr(procfs, "command_line", lambda _: next(lines))
    monkeypatch.setattr(procfs, "status", lambda _: None)
    (became,) = Programs(every=True).news([Exec(1, 4_000_000, 4_000_000, "make")], [])
    assert became.name == "make"
