"""What real threads are blocked in, as each way of looking tells it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.probes import perf_event, procfs
from engine.probes.call_sites import CallSites
from engine.probes.perf_records import Ints
from engine.probes.spawn import spawn_watched
from engine.probes.switch_calls import SwitchCalls
from engine.probes.switches import KernelSwitches, check
from engine.probes.syscalls import CALLS, CHILD, FILE, GIL, LOCK, OTHER, POLL, SLEEP, SOCKET, STOPPED
from engine.probes.targets import Targets
from engine.probes.waits import Looks, Row, Waits
from engine.timeline import evidence
from tests.support.blocked import Blocked, blocked
from tests.support.nobody import as_nobody, python_for_all
from tests.support.until import until

_WHY_NOT = check()
_LEVEL = perf_event.paranoid()
may_look_into_the_kernel = pytest.mark.skipif(
    _WHY_NOT is not None or (os.geteuid() != 0 and (_LEVEL is None or _LEVEL > 1)),
    reason="this user may not see what threads do in the kernel: kernel.perf_event_paranoid must be 1 or less",
)
NEVER = 2**62


def _expected(child: Blocked) -> dict[int, tuple[int, str]]:
    return {
        child.pid: (CHILD, f"child {child.child}"),
        child.tids["sleep"]: (SLEEP, ""),
        child.tids["accept"]: (SOCKET, f"socket 127.0.0.1:{child.listener}"),
        child.tids["receive"]: (SOCKET, f"socket 127.0.0.1:{child.peer}"),
        child.tids["receive_in_time"]: (SOCKET, f"socket 127.0.0.1:{child.peer}"),
        child.tids["read"]: (FILE, f"pipe {child.pipe}"),
        child.tids["poll"]: (POLL, ""),
    }


def _state(pid: int) -> str:
    found = procfs.status(pid)
    return "" if found is None else found.state


def _asleep(child: Blocked) -> None:
    """Returns when each thread has come to where it stays: before, it may wait for a GIL."""
    until(lambda: _expected(child).items() <= _told(_look(child)).items())


def _told(rows: list[Row]) -> dict[int, tuple[int, str]]:
    """The last of each thread."""
    return {tid: (what, target) for _, _, tid, what, target in sorted(rows)}


@pytest.fixture
def child() -> Iterator[Blocked]:
    with blocked() as found:
        _asleep(found)
        yield found


def _look(child: Blocked, targets: Targets | None = None) -> list[Row]:
    looks = Looks(targets or Targets())
    try:
        looks.tick([child.pid], time.monotonic_ns())
        return looks.take()
    finally:
        looks.close()


def test_a_kind_of_wait_has_one_number_wherever_it_is_told() -> None:
    told = [getattr(evidence, f"WAIT_{name}") for name in ("OTHER", "GIL", "LOCK", "SLEEP", "SOCKET", "FILE", "POLL", "CHILD", "STOPPED")]
    assert told == [OTHER, GIL, LOCK, SLEEP, SOCKET, FILE, POLL, CHILD, STOPPED]


def test_a_look_tells_what_each_blocked_thread_waits_for(child: Blocked) -> None:
    before = time.monotonic_ns()
    rows = _look(child)
    found = _told(rows)
    assert all(before < t < time.monotonic_ns() and pid in (child.pid, child.child) for t, pid, *_ in rows)
    assert {tid: found[tid] for tid in _expected(child)} == _expected(child)
    assert found[child.tids["acquire"]] == (LOCK, "lock 1")


def test_a_futex_inside_a_gil_is_the_gil(child: Blocked) -> None:
    tid = child.tids["acquire"]
    words = Path(f"/proc/{child.pid}/task/{tid}/syscall").read_text().split()
    gil = int(words[1], 16) - 40
    assert _told(_look(child, Targets(lambda pid: [gil] if pid == child.pid else [])))[tid] == (GIL, "")
    assert _told(_look(child, Targets(lambda _: [gil + 4096])))[tid][0] == LOCK


def test_who_is_on_a_core_or_ready_for_one_is_in_no_call() -> None:
    with subprocess.Popen(["/bin/sh", "-c", "while :; do :; done"]) as process:
        try:
            until(lambda: _state(process.pid) == "R")
            looks = Looks(Targets())
            for _ in range(20):
                looks.tick([process.pid], time.monotonic_ns())
            looks.close()
            # Its pages may still have to be fetched now and then.
            assert {what for *_, what, _ in looks.take()} <= {OTHER}
        finally:
            process.kill()


def test_a_stopped_process_is_told_as_stopped_and_as_waiting_again_when_it_goes_on(child: Blocked) -> None:
    looks = Looks(Targets())
    tids = (child.pid, *child.tids.values())
    try:
        os.kill(child.pid, signal.SIGSTOP)
        until(lambda: _state(child.pid) == "T")
        looks.tick([child.pid], time.monotonic_ns())
        found = _told(looks.take())
        assert {tid: found[tid] for tid in tids} == dict.fromkeys(tids, (STOPPED, ""))
        os.kill(child.pid, signal.SIGCONT)
        until(lambda: _state(child.pid) == "S")
        looks.tick([child.pid], time.monotonic_ns())
        assert _told(looks.take())[child.pid] == (CHILD, f"child {child.child}")
    finally:
        looks.close()


def test_children_are_looked_at_as_well(child: Blocked) -> None:
    assert _told(_look(child))[child.child] == (FILE, f"pipe {child.stdin}")


def test_of_very_many_threads_each_is_looked_at_in_turn() -> None:
    source = "import threading, time\nfor _ in range(119): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\ninput()"
    with subprocess.Popen([sys.executable, "-I", "-c", source], stdin=subprocess.PIPE) as process:
        until(lambda: len(procfs.threads(process.pid)) == 120)
        looks = Looks(Targets())
        now = time.monotonic_ns()
        counts = []
        seen: set[int] = set()
        for _ in range(5):
            looks.tick([process.pid], now)
            rows = looks.take()
            counts.append(len(rows))
            seen |= {tid for _, _, tid, _, _ in rows}
        looks.close()
        process.kill()
    assert max(counts) <= 25
    assert len(seen) == 120


def test_rows_become_columns_in_the_order_of_time() -> None:
    found = Waits.of([(30, 7, 8, SLEEP, ""), (10, 7, 7, LOCK, "lock 2"), (20, 7, 9, LOCK, "lock 1"), (40, 7, 7, LOCK, "lock 2")])
    assert found.t.tolist() == [10, 20, 30, 40]
    assert [found.targets[index] if index >= 0 else "" for index in found.target.tolist()] == ["lock 2", "lock 1", "", "lock 2"]
    assert len(Waits.of([])) == 0


class _Watched:
    """Switches and their calls of what is started with it."""

    def __init__(self) -> None:
        self.targets, self.sites = Targets(), CallSites()

    def start(self, argv: list[str], **options: Any) -> subprocess.Popen[bytes]:
        return spawn_watched(argv, self._open, **options)

    def rows(self) -> tuple[list[Row], Ints]:
        drained = self.kernel.rings.drain(last=True)
        got = self.kernel.take(drained)
        switch = np.stack((got.t, got.cpu, got.pid, got.tid, got.kind))
        return self.calls.take(drained.records.calls, switch, NEVER), switch

    def _open(self, tid: int) -> None:
        self.kernel = KernelSwitches.open(tid)
        self.calls = SwitchCalls(self.kernel.rings, tid, self.sites, self.targets)


@may_look_into_the_kernel
def test_each_switch_off_a_core_tells_what_its_thread_blocks_in() -> None:
    watched = _Watched()
    with blocked(start=watched.start) as child:
        _asleep(child)
        rows, switch = watched.rows()
    found = _told(rows)
    expected = _expected(child)
    # An array of files to poll is gone by the time that it would be read.
    expected[child.tids["receive_in_time"]] = (POLL, "")
    assert {tid: found[tid] for tid in expected} == expected
    assert found[child.tids["acquire"]][0] == LOCK
    blocks = {(t, tid) for t, _, _, tid, kind in switch.T.tolist() if kind == 1}
    assert {(t, tid) for t, _, tid, _, _ in rows} <= blocks
    watched.kernel.close()


_PIPED = """
import os, time
reading, writing = os.pipe()
if os.fork():
    for _ in range(200):
        time.sleep(1e-4)
        os.write(writing, b"x")
    print(flush=True)
    input()
else:
    for _ in range(200):
        os.read(reading, 1)
    os._exit(0)
"""


@may_look_into_the_kernel
def test_nearly_every_block_has_its_call() -> None:
    watched = _Watched()
    with watched.start([sys.executable, "-I", "-c", _PIPED], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        rows, switch = watched.rows()
        process.communicate(b"\n")
    watched.kernel.close()
    mine = [what for _, _, tid, what, _ in rows if tid == process.pid]
    blocks = int(np.count_nonzero((switch[4] == 1) & (switch[3] == process.pid)))
    assert 200 <= mine.count(SLEEP) <= blocks
    assert len(mine) > 0.9 * blocks


@may_look_into_the_kernel
def test_a_switch_that_is_told_later_than_its_call_is_waited_for() -> None:
    watched = _Watched()
    watched.start([sys.executable, "-I", "-c", ""]).wait()
    call = np.array([[100, 7, 8, 0, 0, 5, 0, 0]], np.int64).T
    out = np.array([[130, 0, 7, 8, 1]], np.int64).T
    watched.sites.learn(7, 0, next(number for number, one in CALLS.items() if one.name == "nanosleep"))
    nothing = np.empty((8, 0), np.int64)
    assert watched.calls.take(call, np.empty((5, 0), np.int64), 120) == []
    assert watched.calls.take(nothing, out, 200) == [(130, 7, 8, SLEEP, "")]
    assert watched.calls.take(nothing, out + 100, 400) == []
    watched.kernel.close()


def test_an_ordinary_user_sees_what_his_own_processes_wait_for() -> None:
    """As root, this process becomes `nobody` in a fork; as anybody else, all other tests say it already."""
    python = python_for_all()
    with blocked(python=python) as child:
        _asleep(child)
        _look(child)  # Loads what nobody may not be able to read.

    def looks() -> None:
        with blocked(python=python) as child:
            _asleep(child)
            found = _told(_look(child))
            assert {tid: found[tid] for tid in _expected(child)} == _expected(child)

    as_nobody(looks)
