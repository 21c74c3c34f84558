"""What programs wait for, from the probes to what a timeline takes in: real programs, watched as a recording watches them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pytest

from engine.probes import perf_event
from engine.probes.perf import Drained
from engine.probes.spawn import spawn_watched
from engine.probes.switches import KernelSwitches, check
from engine.supervisor.waiting import Waiting
from engine.timeline.evidence import WAIT_LOCK, WAIT_SLEEP, Waits, Wakes

may_look_into_the_kernel = pytest.mark.skipif(
    check() is not None or (os.geteuid() != 0 and (perf_event.paranoid() or 0) > 1),
    reason="this user may not see what threads do in the kernel: kernel.perf_event_paranoid must be 1 or less",
)

_PING_PONG = """
import threading, time
there, back = threading.Lock(), threading.Lock()
there.acquire(), back.acquire()
def answer():
    while True:
        there.acquire()
        back.release()
threading.Thread(target=answer, daemon=True).start()
while True:
    there.release()
    back.acquire()
"""


@dataclass(frozen=True, slots=True)
class _Watched:
    pid: int
    waiting: Waiting
    kernel: KernelSwitches | None

    def take(self) -> tuple[Waits | None, Wakes | None]:
        """As a harvest does, but for what is still to come."""
        drained: Drained | None = None
        switch = np.empty((5, 0), np.int64)
        if self.kernel is not None:
            drained = self.kernel.rings.drain(last=True)
            got = self.kernel.take(drained)
            switch = np.stack((got.t, got.cpu, got.pid, got.tid, got.kind))
        return self.waiting.take(drained, switch, ())


@contextmanager
def _watched(source: str, *, switches: bool) -> Iterator[_Watched]:
    waiting = Waiting(lambda _: ())
    opened: list[KernelSwitches] = []

    def watch(tid: int) -> None:
        if switches:
            opened.append(KernelSwitches.open(tid))
        waiting.watch(opened[0].rings if opened else None, tid)

    process = spawn_watched([sys.executable, "-I", "-c", source], watch, stdout=subprocess.DEVNULL)
    try:
        yield _Watched(process.pid, waiting, opened[0] if opened else None)
    finally:
        process.kill()
        process.wait()
        waiting.close()
        for kernel in opened:
            kernel.close()


def _mutual(pairs: set[tuple[int, int]]) -> bool:
    """Whether two threads woke each other."""
    return any((woken, waker) in pairs for waker, woken in pairs)


def test_without_switches_threads_are_looked_at() -> None:
    with _watched("import time\nwhile True: time.sleep(0.02)", switches=False) as watched:
        assert watched.waiting.source == "sampled"
        waits: Waits | None = None
        while waits is None or WAIT_SLEEP not in waits.what:
            time.sleep(watched.waiting.tick([watched.pid], time.monotonic_ns()))
            waits, wakes = watched.take()
            assert wakes is None
        assert set(waits.pid.tolist()) == {watched.pid}


@may_look_into_the_kernel
def test_with_switches_every_wait_is_told_and_for_root_who_ended_it() -> None:
    with _watched(_PING_PONG, switches=True) as watched:
        assert watched.waiting.source == "exact"
        locks: list[int] = []
        pairs: set[tuple[int, int]] = set()
        while len(set(locks)) < 2 or (os.geteuid() == 0 and not _mutual(pairs)):
            time.sleep(0.01)
            waits, wakes = watched.take()
            if waits is not None:
                locks += waits.tid[waits.what == WAIT_LOCK].tolist()
            if wakes is not None:
                both = wakes.waker != 0
                pairs |= set(zip(wakes.waker[both].tolist(), wakes.tid[both].tolist(), strict=True))
        assert watched.pid in locks


@may_look_into_the_kernel
def test_a_flood_of_waits_is_paused_said_and_taken_up_again() -> None:
    with _watched(_PING_PONG, switches=True) as watched:
        while not any("10,000 waits a second" in note for note in watched.waiting.notes):
            time.sleep(0.02)
            watched.take()
        watched.take()
        time.sleep(watched.waiting.tick([watched.pid], time.monotonic_ns()))
        drained = watched.kernel.rings.drain(last=True) if watched.kernel is not None else None
        assert drained is not None
        assert drained.records.calls.shape[1] == drained.records.wakings.shape[1] == 0
        assert drained.records.switch.shape[1] > 0
        told = 0
        while not told:
            time.sleep(0.02)
            watched.take()
            assert watched.kernel is not None
            told = watched.kernel.rings.drain(last=True).records.calls.shape[1]
    assert len(watched.waiting.notes) == 1
