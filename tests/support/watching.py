"""Runs small Python programs under the kernel's switches, and keeps all that was told of them."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.probes.perf_records import IN, Birth, Exec, Exit, Ints
from engine.probes.spawn import spawn_watched
from engine.probes.switches import KernelSwitches, Switches

PATIENCE_S = 60


@dataclass(frozen=True, eq=False)
class Watched:
    """A program from its first instant to its last: what it printed, and every record. `rows`: t, cpu, pid, tid, kind."""

    pid: int
    said: list[Any]
    rows: Ints
    births: list[Birth]
    exits: list[Exit]
    execs: list[Exec]
    lost: int

    def spells(self) -> Ints:
        """Rows `start, end, cpu, pid, tid` of every time that a thread was on a core: from an in to the next out or exit."""
        ends = {(end.pid, end.tid): end.t for end in self.exits}
        began: dict[tuple[int, int], tuple[int, int]] = {}
        found: list[tuple[int, int, int, int, int]] = []
        for t, cpu, pid, tid, kind in self.rows.T.tolist():
            if kind == IN:
                assert (pid, tid) not in began, "a thread came in twice"
                began[pid, tid] = t, cpu
            elif (pid, tid) in began:
                start, there = began.pop((pid, tid))
                assert there == cpu, "a thread left a core that it was not on"
                found.append((start, t, cpu, pid, tid))
        found.extend((start, ends[who], cpu, *who) for who, (start, cpu) in began.items())
        return np.array(sorted(found), np.int64).reshape(-1, 5).T


def watch(source: str, *arguments: str, interpreter: str = sys.executable) -> Watched:
    """Runs `source` to its end; it prints one JSON value a line."""
    opened: list[KernelSwitches] = []
    process = spawn_watched(
        [interpreter, "-I", "-c", source, *arguments],
        lambda tid: opened.append(KernelSwitches.open(tid)),
        stdout=subprocess.PIPE,
    )
    told: list[Switches] = []
    with opened[0] as switches, process:
        try:
            while process.poll() is None:
                try:
                    process.wait(0.02)
                except subprocess.TimeoutExpired:
                    told.append(switches.drain())
        finally:
            process.kill()
        assert process.stdout is not None
        said = [json.loads(line) for line in process.stdout]
        told.append(switches.drain())
    assert process.returncode == 0
    rows = np.concatenate([np.stack([got.t, got.cpu, got.pid, got.tid, got.kind]) for got in told], axis=1)
    return Watched(
        process.pid,
        said,
        rows[:, np.argsort(rows[0], kind="stable")],
        [birth for got in told for birth in got.births],
        [end for got in told for end in got.exits],
        [act for got in told for act in got.execs],
        sum(got.lost for got in told),
    )
