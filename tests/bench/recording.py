"""What recording costs: elapsed time of the same work recorded and bare, in pairs that take turns; ratios pair by pair.

    python -m tests.bench.recording [--pairs N] [--python NAME] [WORKLOAD:MODEL …]

`elapsed` is what the measured program itself reads: from asking the model to start until every result is in hand. `supervisor` is the
supervisor's CPU time as a share of one core over the run. Nothing else should run on the machine meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from engine.catalog import completed_params
from engine.interpreters import find, own
from engine.launch import Run
from engine.supervisor.helper import HttpHelper
from engine.supervisor.measured import AGENT
from engine.trace import Interpreter, RunSpec

DEFAULT = (
    "cpu:threads",
    "cpu:processes",
    "cpu:asyncio",
    "native:threads",
    "http:sequential",
    "http:threads",
    "http:asyncio",
    "http:processes",
)


def main() -> None:
    """Prints a row for each pair of workload and model."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--python", help="the interpreter to measure (default: our own)")
    parser.add_argument("cases", nargs="*", default=DEFAULT, metavar="WORKLOAD:MODEL")
    options = parser.parse_args()
    interpreter = find(options.python) if options.python else own()
    print(f"CPython {interpreter.version}, {os.cpu_count()} cores, {options.pairs} pairs; medians (lowest–highest)\n")
    print("| workload, model | bare | recorded | recorded / bare | supervisor |")
    print("| --- | --- | --- | --- | --- |")
    for case in options.cases:
        workload, _, model = case.partition(":")
        print(row(workload, model, interpreter, options.pairs), flush=True)


def row(workload: str, model: str, interpreter: Interpreter, pairs: int) -> str:
    """Runs the pairs, after one that is not counted."""
    spec = RunSpec(workload, model, 4, 4, completed_params(workload, {}), interpreter.to_json())
    bare_s, recorded_s, ratios, shares = [], [], [], []
    for number in range(pairs + 1):
        bare = bare_elapsed(spec)
        recorded, share = recorded_elapsed(spec)
        if number:
            bare_s.append(bare)
            recorded_s.append(recorded)
            ratios.append(recorded / bare)
            shares.append(share)
    return (
        f"| `{workload}`, {model} | {statistics.median(bare_s):.3f} s | {statistics.median(recorded_s):.3f} s "
        f"| {statistics.median(ratios):.3f} ({min(ratios):.3f}–{max(ratios):.3f}) | {statistics.median(shares):.1%} |"
    )


def bare_elapsed(spec: RunSpec) -> float:
    """Seconds of the run with nobody watching and no marks."""
    with tempfile.TemporaryDirectory() as folder, HttpHelper() as helper:
        plan, result = Path(folder, "plan.json"), Path(folder, "result.json")
        names = ("workload", "model", "params", "workers", "jobs", "start_method", "switch_interval")
        plan.write_text(json.dumps({**{name: getattr(spec, name) for name in names}, "server": helper.address}))
        environment = {**os.environ, "PYTHONPATH": str(AGENT)}
        command = [spec.interpreter["path"], "-P", "-m", "_gilscope", str(plan), str(result)]
        subprocess.run(command, env=environment, check=True)
        return float(json.loads(result.read_text())["elapsed_ns"]) / 1e9


def recorded_elapsed(spec: RunSpec) -> tuple[float, float]:
    """Seconds of the same run recorded, and the supervisor's share of one core."""
    counters: dict[str, int] = {}
    with Run(replace(spec)) as run:
        for frame in run.frames():
            counters.update(frame.counters)
            length = frame.t_ns
            if frame.changes.get("error"):
                sys.exit(f"{spec.workload} under {spec.model} failed: {frame.changes['error']['message']}")
    return counters["elapsed_ns"] / 1e9, counters["recorder_cpu_ns"] / length


if __name__ == "__main__":
    main()
