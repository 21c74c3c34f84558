"""Runs small Python programs under the GIL probe, and keeps all that was told of them."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from engine.interpreters import discover
from engine.probes import ProbeUnavailable
from engine.probes.gil import GilLimits, GilProbe
from engine.probes.gil.calibrations import Calibrations
from engine.probes.gil.events import GilAccount, GilEvents, SourceChange
from engine.probes.perf import Rings
from engine.probes.spawn import spawn_watched

WANTED = ("3.11", "3.12", "3.13", "3.13t", "3.14", "3.15")
PATIENCE_S = 60
_TICK_S = 0.001
_CALIBRATIONS = {True: Calibrations(watch=True), False: Calibrations(watch=False)}

CPU = """
import json, os, threading, time
until = time.monotonic() + 0.6
def spin():
    while time.monotonic() < until:
        pass
threads = [threading.Thread(target=spin) for _ in range(4)]
for thread in threads: thread.start()
ids = [thread.native_id for thread in threads]
for thread in threads: thread.join()
print(json.dumps(ids))
"""


def interpreter(version: str) -> str:
    """The path of a CPython of this version ("3.13t": free-threaded). Skips the test, saying which one is missing."""
    for one in discover():
        if ".".join(one.version.split(".")[:2]) + "t" * one.free_threaded == version:
            return one.path
    pytest.skip(f"no CPython {version} on this machine: what is said of it here is not tested")


@dataclass
class Seen:
    """Everything that the probe told of one program. Rows are (t, pid, tid), sorted by t, and for `own` GILs of interpreters other than the
    main one (t, pid, tid, interpreter); `said`: one JSON value a line that it printed."""

    pid: int
    said: list[Any] = field(default_factory=list)
    holds: list[tuple[int, int, int]] = field(default_factory=list)
    own: list[tuple[int, int, int, int]] = field(default_factory=list)
    asks: list[tuple[int, int, int]] = field(default_factory=list)
    changes: list[SourceChange] = field(default_factory=list)
    accounts: dict[int, GilAccount] = field(default_factory=dict)
    own_accounts: dict[tuple[int, int], GilAccount] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    watermark_ns: int = 0

    def add(self, events: GilEvents) -> None:
        assert events.watermark_ns >= self.watermark_ns, "the watermark went back"
        holds, asks = events.holds, events.asks
        held = list(zip(*(column.tolist() for column in (holds.t, holds.pid, holds.tid, holds.interpreter)), strict=True))
        asked = list(zip(*(column.tolist() for column in (asks.t, asks.pid, asks.tid)), strict=True))
        assert all(self.watermark_ns <= row[0] < events.watermark_ns for row in held + asked), "a row lies outside what its batch may tell"
        self.holds += [row[:3] for row in held if not row[3]]
        self.own += [row for row in held if row[3]]
        self.asks += asked
        self.changes += events.changes
        self.watermark_ns = events.watermark_ns

    def holders(self, pid: int) -> set[int]:
        return {tid for _, of, tid in self.holds if of == pid and tid > 0}


def see(
    python: str,
    source: str,
    *arguments: str,
    options: tuple[str, ...] = (),
    exact: bool = True,
    follow: bool = True,
    spare_lone: bool = False,
    limits: GilLimits | None = None,
    enough: Callable[[Seen], bool] | None = None,
) -> Seen:
    """Runs `source` to its end, or until `enough`, when its standard input is closed."""
    opened: list[Rings] = []
    process = spawn_watched(
        [python, "-I", *options, "-c", source, *arguments],
        lambda tid: opened.append(Rings(tid, switches=False)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    alarm = threading.Timer(PATIENCE_S, process.kill)
    alarm.start()
    seen = Seen(process.pid)
    assert process.stdin is not None
    assert process.stdout is not None
    with process, opened[0] as rings:
        probe = GilProbe(rings, exact=exact, follow=follow, spare_lone=spare_lone, limits=limits, calibrations=_CALIBRATIONS[exact])
        probe.attach(process.pid)
        # It may not have mapped what it runs yet; however seldom we tick later, that is not to be missed.
        while probe.source(process.pid) is None and process.poll() is None:
            probe.tick(time.monotonic_ns())
            time.sleep(0.001)
        ticks = 0
        while process.poll() is None:
            probe.tick(time.monotonic_ns())
            ticks += 1
            if ticks % 10 == 0:
                seen.add(probe.drain(rings.drain()))
                if enough is not None and enough(seen) and not process.stdin.closed:
                    process.stdin.close()
            time.sleep(_TICK_S)
        seen.add(probe.drain(rings.drain(last=True)))
        seen.said = [json.loads(line) for line in process.stdout]
        seen.accounts = {pid: account for (pid, interpreter), account in probe.accounts().items() if not interpreter}
        seen.own_accounts = {key: account for key, account in probe.accounts().items() if key[1]}
        seen.notes = probe.notes
        probe.close()
        alarm.cancel()
    assert process.returncode == 0
    return seen


def calibrated(python: str, *, exact: bool = True) -> None:
    """Learns it beforehand, so that a program is watched from its first moment on."""
    _CALIBRATIONS[exact].get(python)


def forget_calibrations() -> None:
    """They are made anew, by whoever this process is now."""
    _CALIBRATIONS.update({watch: Calibrations(watch=watch) for watch in (True, False)})


def why_not_exact() -> str | None:
    """Why the GIL cannot be watched here, or None."""
    python = os.path.realpath(discover()[0].path)
    try:
        return _CALIBRATIONS[True].get(python).unwatchable or None
    except ProbeUnavailable as error:
        return str(error)
