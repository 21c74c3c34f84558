"""The harness of all benchmarks: the same work done in several ways, which take turns, so that what else the machine does hits all alike.

    round 0   bare  recorded  other      not counted: it warms caches, and calibrates
    round 1   recorded  other  bare      each round begins with another one
    round 2   other  bare  recorded …

Ratios are taken within a round and then their median: what slows a whole round does not matter.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.catalog import completed_params
from engine.functions import names_a_function
from engine.launch import Run
from engine.supervisor.helper import HttpHelper
from engine.supervisor.measured import AGENT
from engine.trace import Interpreter, Record, RunSpec, Trace

PROGRAMS, FLOODS = (Path(__file__).with_name(name) for name in ("programs.py", "floods.py"))


@dataclass(frozen=True)
class Cost:
    """One run. `elapsed_s`: as the measured program's own clock tells, from its work's begin to its end; `cpu_s`: user and system time of
    it and its children; `more`: what else is known of this run."""

    elapsed_s: float
    cpu_s: float
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Spread:
    """Some measurements of one thing."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def __format__(self, form: str) -> str:
        return f"{self.median:{form}} ({min(self.values):{form}}–{max(self.values):{form}})"


def in_turns(rounds: int, ways: Mapping[str, Callable[[], Cost]]) -> dict[str, list[Cost]]:
    """The costs of each way, round by round."""
    names = list(ways)
    found: dict[str, list[Cost]] = {name: [] for name in names}
    for number in range(rounds + 1):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            cost = ways[name]()
            if number:
                found[name].append(cost)
    return found


def ratio(costs: list[Cost], to: list[Cost], of: str = "elapsed_s") -> Spread:
    """Round by round; `of` is `elapsed_s` or `cpu_s`."""
    return Spread(tuple(getattr(one, of) / getattr(other, of) for one, other in zip(costs, to, strict=True)))


def spec_of(workload: str, model: str, interpreter: Interpreter, **more: Any) -> RunSpec:
    """A built-in workload with its own parameters, or `FILE.py:function`; four workers."""
    params = {} if names_a_function(workload) else completed_params(workload, more.pop("params", {}))
    return RunSpec(workload, model, more.pop("workers", 4), more.pop("jobs", 4), params, interpreter.to_json(), **more)


def bare(spec: RunSpec) -> Cost:
    """The run with nobody watching and no marks."""
    with tempfile.TemporaryDirectory() as folder, HttpHelper() as helper:
        plan, result = Path(folder, "plan.json"), Path(folder, "result.json")
        names = ("workload", "model", "params", "workers", "jobs", "start_method", "switch_interval")
        plan.write_text(json.dumps({**{name: getattr(spec, name) for name in names}, "server": helper.address}))
        environment = {**os.environ, "PYTHONPATH": str(AGENT)}
        command = [spec.interpreter["path"], "-P", "-m", "_gilscope", str(plan), str(result)]
        _, cpu_s = waited_for(subprocess.Popen(command, env=environment, start_new_session=True))
        return Cost(json.loads(result.read_text())["elapsed_ns"] / 1e9, cpu_s)


def recorded(spec: RunSpec) -> Cost:
    """The same run recorded. `more`: `trace`, `bytes` of its segments as stored, `share` of a core that the supervisor took meanwhile."""
    trace = Trace(Record("bench", "now", spec))
    frames = []
    with Run(spec) as run:
        for frame in run.frames():
            frames.append(frame)
            if frame.changes.get("error"):
                sys.exit(f"{spec.workload} under {spec.model} failed: {frame.changes['error']['message']}")
    trace = trace.grown(frames)
    return Cost(
        trace.counters["elapsed_ns"] / 1e9,
        trace.record.usage["cpu_ns"] / 1e9,
        {
            "trace": trace,
            "bytes": len(trace.segments.to_block()),
            "share": trace.counters["recorder_cpu_ns"] / frames[-1].t_ns,
        },
    )


def waited_for(process: subprocess.Popen[Any]) -> tuple[float, float]:
    """Waits for its end: the seconds until then, and those of processor time that it and its children took. Exits if it fails."""
    begun = time.monotonic()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{process.args!r} ended with exit code {process.returncode}")
    return time.monotonic() - begun, usage.ru_utime + usage.ru_stime
