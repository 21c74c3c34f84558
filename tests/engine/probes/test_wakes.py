"""Who wakes whom, as the kernel tells it of real threads."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from engine.probes.spawn import spawn_watched
from engine.probes.switches import KernelSwitches
from engine.probes.wakes import Wakes, WakeTrace

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the kernel tells who wakes whom to root only")

_PING_PONG = """
import json, os, time
there, back = os.pipe(), os.pipe()
child = os.fork()
if not child:
    for _ in range(100):
        os.read(there[0], 1)
        os.write(back[1], b"x")
    os._exit(0)
for _ in range(100):
    time.sleep(1e-4)
    os.write(there[1], b"x")
    os.read(back[0], 1)
print(json.dumps([os.getpid(), child]))
"""


def _watched(source: str) -> tuple[Wakes, list[int]]:
    opened: list[tuple[KernelSwitches, WakeTrace]] = []

    def watch(tid: int) -> None:
        kernel = KernelSwitches.open(tid)
        opened.append((kernel, WakeTrace(kernel.rings, tid)))

    process = spawn_watched([sys.executable, "-I", "-c", source], watch, stdout=subprocess.PIPE)
    said, _ = process.communicate()
    kernel, wakes = opened[0]
    with kernel:
        drained = kernel.rings.drain(last=True)
        return wakes.take(drained.records.wakings, os.getpid(), drained.watermark_ns), json.loads(said)


def test_each_message_wakes_who_waits_for_it() -> None:
    wakes, (parent, child) = _watched(_PING_PONG)
    assert np.all(np.diff(wakes.t) >= 0)
    there = int(np.count_nonzero((wakes.waker == parent) & (wakes.tid == child)))
    back = int(np.count_nonzero((wakes.waker == child) & (wakes.tid == parent)))
    # Now and then one has the answer before it has begun to wait; nobody need be woken then.
    assert 50 <= there <= 110
    assert 50 <= back <= 110


def test_what_a_timer_wakes_nobody_has_woken() -> None:
    """Only where the interrupt meets a watched thread is it told at all: two that spin, on as many cores as there are, meet nearly all."""
    wakes, (sleeper,) = _watched(
        """
import json, os, time
end = time.monotonic() + 0.3
for _ in range(os.cpu_count()):
    if not os.fork():
        while time.monotonic() < end: pass
        os._exit(0)
while time.monotonic() < end: time.sleep(0.002)
for _ in range(os.cpu_count()): os.wait()
print(json.dumps([os.getpid()]))
"""
    )
    mine = wakes.waker[wakes.tid == sleeper]
    assert np.count_nonzero(mine == 0) > 0.8 * len(mine) > 0


def test_what_is_later_than_the_watermark_is_told_next_time() -> None:
    trace = WakeTrace.__new__(WakeTrace)
    trace._held = np.empty((5, 0), np.int64)
    rows = np.array([[50, 7, 71, 0, 72], [20, 7, 72, 8, 71], [30, 9, 9, 0, 7]], np.int64).T
    first = trace.take(rows, 9, 40)
    assert [first.t.tolist(), first.tid.tolist(), first.waker.tolist()] == [[20], [71], [0]]
    then = trace.take(np.empty((5, 0), np.int64), 9, 60)
    assert [then.t.tolist(), then.tid.tolist(), then.waker.tolist()] == [[50], [72], [71]]
