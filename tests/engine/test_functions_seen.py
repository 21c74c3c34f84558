"""That a recording tells in which functions the threads of one's own code were."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.trace import State
from tests.support.real_runs import Told, python, ran, spec

_OWN = """
import time
class Store:
    def search(self):
        while time.thread_time() < 0.5:
            pass
def job(*_):
    Store().search()
"""


def run(version: str, folder: Path, workload: str | None = None, **more: object) -> Told:
    program = folder / "shop.py"
    program.write_text(_OWN)
    return ran(spec(workload or f"{program}:job", "threads", 1, on=python(version), **more))


@pytest.mark.parametrize("version", ["3.13", "3.13t", "3.14", "3.15"])
def test_work_is_told_by_the_function_that_ran(version: str, tmp_path: Path) -> None:
    told = run(version, tmp_path)
    assert told.trace.record.sources["functions"] == "sampled"
    (worker,) = (lane.id for lane in told.lanes("thread", measured=True))
    mine = [row for row in told.trace.segments.take(told.trace.segments.lane == worker).rows() if row[3] == State.running]
    named = {told.trace.strings[row[4]] for row in mine if row[4] >= 0}
    assert "Store.search (shop.py)" in named
    assert not [name for name in named if "perform" in name or "worker.py" in name], "a function of gilscope was told"


@pytest.mark.parametrize("version", ["3.11", "3.12"])
def test_an_interpreter_that_cannot_be_looked_at_has_no_such_source(version: str, tmp_path: Path) -> None:
    told = run(version, tmp_path)
    assert "functions" not in told.trace.record.sources
    assert [note for note in told.trace.record.notes if "3.13, 3.14 and 3.15" in note]


def test_nothing_is_looked_at_where_marks_alone_are_wanted_or_tell_it_all(tmp_path: Path) -> None:
    assert "functions" not in run("3.14", tmp_path, sources=("marks",)).trace.record.sources
    assert "functions" not in run("3.14", tmp_path, "sleep").trace.record.sources
