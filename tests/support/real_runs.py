"""Real runs: a supervisor, a measured interpreter, all frames, and the trace that they make."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from engine import catalog
from engine.interpreters import discover
from engine.launch import Run
from engine.metrics import metrics
from engine.scope import Scope, scope_of
from engine.trace import Frame, Interpreter, Lane, Record, RunSpec, State, Trace

VERSIONS = ("3.11", "3.12", "3.13", "3.14", "3.15", "3.13t")


def python(version: str) -> Interpreter:
    """A CPython of this version ("3.13t": free-threaded). Skips the test, saying which one is missing."""
    for one in discover():
        if ".".join(one.version.split(".")[:2]) + "t" * one.free_threaded == version:
            return one
    pytest.skip(f"no CPython {version} on this machine: what is said of it here is not tested")


def spec(workload: str, model: str, workers: int, *, on: Interpreter | None = None, **more: Any) -> RunSpec:
    """`more` are fields of the spec; parameters that are not given have their defaults."""
    params = more.pop("params", {})
    return RunSpec(
        workload,
        model,
        workers,
        more.pop("jobs", workers),
        params=params if ":" in workload else catalog.completed_params(workload, params),
        interpreter=(on or discover()[0]).to_json(),
        **more,
    )


@dataclass(frozen=True, eq=False)
class Told:
    """A run that has ended: its frames, and the trace that they make."""

    frames: list[Frame]
    trace: Trace

    @cached_property
    def metrics(self) -> dict[str, Any]:
        return metrics(self.trace)

    @cached_property
    def scope(self) -> Scope:
        return scope_of(self.trace)

    @cached_property
    def segments(self) -> list[dict[str, Any]]:
        """As they are exported."""
        return self.trace.segments.to_json(self.trace.strings)

    def lanes(self, kind: str, *, measured: bool | None = None) -> list[Lane]:
        return [lane for lane in self.trace.lanes.values() if lane.kind == kind and measured in (None, lane.measured)]

    def spells(self, lane: int, *states: State) -> list[tuple[int, int]]:
        """When a lane was in one of these states, in their order."""
        part = self.trace.segments.take(self.trace.segments.lane == lane)
        return [(start, end) for _, start, end, state, _, _ in part.rows() if state in states]


def ran(wish: RunSpec) -> Told:
    """Runs it to its end."""
    with Run(wish) as run:
        return told(wish, list(run.frames()))


def told(wish: RunSpec, frames: list[Frame]) -> Told:
    return Told(frames, Trace(Record("r2u4n6r8u3ns", "2026-01-02T03:04:05Z", wish)).grown(frames))


def shared(spells: list[tuple[int, int]], others: list[tuple[int, int]]) -> int:
    """How much of the one is also of the other. Each is sorted and disjoint."""
    total, at = 0, 0
    for start, end in spells:
        while at < len(others) and others[at][1] <= start:
            at += 1
        look = at
        while look < len(others) and others[look][0] < end:
            total += min(end, others[look][1]) - max(start, others[look][0])
            look += 1
    return total


@contextmanager
def branded(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Everything that is started inside carries a word in its environment, by which `bearers` finds it."""
    brand = f"brand-{uuid.uuid4()}"
    with monkeypatch.context() as patch:
        patch.setenv("GILSCOPE_TEST_BRAND", brand)
        yield brand


def bearers(brand: str) -> list[str]:
    """The command lines of all living processes that carry the brand."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                if brand.encode() in (entry / "environ").read_bytes():
                    line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    found.append(f"{entry.name} {line}")
            except OSError:
                continue
    return found
