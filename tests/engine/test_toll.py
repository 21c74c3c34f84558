"""The recorder's own cost, estimated."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from engine.interpreters import own
from engine.launch import Run
from engine.supervisor.toll import Toll
from engine.supervisor.unit_costs import UnitCosts, unit_costs
from engine.trace import RunSpec

COSTS = UnitCosts(mark=100, step=500, start=4e6, trap=11_000, switch=600)


def test_the_estimate_is_what_was_counted_times_what_each_costs() -> None:
    assert Toll(COSTS, marks=1000, steps=200, starts=1, traps=10, switches=50).ns == 100_000 + 100_000 + 4_000_000 + 110_000 + 30_000


def test_what_never_happened_costs_nothing_even_where_its_cost_is_unknown() -> None:
    assert Toll(replace(COSTS, trap=None, switch=None), marks=1000).ns == 100_000
    assert Toll(UnitCosts()).ns == 0


def test_the_estimate_is_unknown_where_something_happened_whose_cost_is_not_known() -> None:
    assert Toll(replace(COSTS, trap=None), marks=1000, traps=1).ns is None


def test_an_interpreter_that_cannot_run_has_no_costs_and_none_are_kept(tmp_path: Path) -> None:
    costs = unit_costs(str(tmp_path / "python"), tmp_path / "cache")
    assert (costs.mark, costs.step, costs.start) == (None, None, None)
    assert not (tmp_path / "cache").exists()


def test_costs_are_measured_once_and_remembered(tmp_path: Path) -> None:
    first = unit_costs(sys.executable, tmp_path)
    assert first.mark is not None
    assert first.step is not None
    # A step leaves several marks, and starting an interpreter with marks runs thousands of instructions more.
    assert 0 < first.mark < first.step < (first.start or 0)
    assert unit_costs(sys.executable, tmp_path) == first


def test_costs_are_measured_anew_when_what_they_depend_on_has_changed(tmp_path: Path) -> None:
    unit_costs(sys.executable, tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.write_text(kept.read_text().replace('"machine": "', '"machine": "another than '))
    stale = kept.read_text()
    unit_costs(sys.executable, tmp_path)
    assert kept.read_text() != stale


def test_a_run_that_marks_more_is_told_to_cost_more(tmp_path: Path) -> None:
    """Both runs begin one interpreter; of what costs something only the marks differ by much."""
    more = 5_000
    script = tmp_path / "script.py"
    script.write_text(
        f"import asyncio\nasync def few(): await asyncio.sleep(0)\nasync def many():\n    for _ in range({more}): await asyncio.sleep(0)\n"
    )
    few, many = (_recorded(f"{script}:{name}") for name in ("few", "many"))
    assert many["marks"] > few["marks"] + more
    assert few["overhead_ns"] > 0
    assert many["overhead_ns"] - few["overhead_ns"] > more * 100  # ns: no machine marks a step for less


def _recorded(workload: str) -> dict[str, int]:
    counters: dict[str, int] = {}
    spec = RunSpec(workload, "asyncio", 1, 1, {}, own().to_json(), sources=("marks",))
    with Run(spec) as run:
        for frame in run.frames():
            counters.update(frame.counters)
    return counters
