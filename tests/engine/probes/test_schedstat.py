"""The kernel's account of threads, held against the threads' own clocks."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import numpy as np

from engine.probes import procfs
from engine.probes.schedstat import SchedStat

_WORKER = """
import os, sys, threading, time
def work(go_on):
    if sys.argv[1] == "compute":
        while time.thread_time() < 0.2:
            pass
    print(threading.get_native_id(), time.clock_gettime_ns(time.CLOCK_THREAD_CPUTIME_ID), flush=True)
    go_on.wait()
go_on = threading.Event()
threads = [threading.Thread(target=work, args=(go_on,)) for _ in range(2)]
for line in sys.stdin:
    if line == "begin\\n":
        for thread in threads:
            thread.start()
    else:
        go_on.set()
        for thread in threads:
            thread.join()
        while len(os.listdir("/proc/self/task")) > 1:
            pass  # The kernel's thread ends a little after Python's.
        print("ended", flush=True)
"""


class _Program:
    """A program that goes on only when told to, so that readings fall where the test wants them."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.pid = process.pid
        self._process = process

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def hear(self) -> list[str]:
        assert self._process.stdout is not None
        return self._process.stdout.readline().split()


@contextmanager
def _program(how: str) -> Iterator[_Program]:
    argv = [sys.executable, "-I", "-c", _WORKER, how]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield _Program(process)
        finally:
            process.kill()


def _until_it_rests(pid: int, tid: int) -> None:
    """What a running thread has used since the last tick is not yet in its account."""
    while (status := procfs.status(pid, tid)) and status.state == "R":
        pass


def test_time_on_a_core_is_the_threads_own_clock_within_two_percent() -> None:
    with SchedStat(time.monotonic_ns()) as account, _program("compute") as program:
        program.tell("begin")
        clocks = [[int(number) for number in program.hear()] for _ in range(2)]
        for tid, _ in clocks:
            _until_it_rests(program.pid, tid)
        account.read([program.pid])
        for tid, clock_ns in clocks:
            assert 0.98 * clock_ns <= account.totals[program.pid, tid].oncpu_ns <= 1.02 * clock_ns + 1_000_000


def test_intervals_follow_one_another_and_add_up_to_the_totals() -> None:
    began = time.monotonic_ns()
    with SchedStat(began) as account, _program("compute") as program:
        read = [account.read([program.pid])]
        program.tell("begin")
        read.append(account.read([program.pid]))
        program.hear()
        read.append(account.read([program.pid]))
        program.hear()
        read.append(account.read([program.pid]))
        ended = time.monotonic_ns()
        for (pid, tid), total in account.totals.items():
            mine = [(got, int(row)) for got in read for row in np.flatnonzero(got.tid == tid)]
            assert pid == program.pid
            assert sum(int(got.oncpu_ns[row]) for got, row in mine) == total.oncpu_ns
            assert sum(int(got.waited_ns[row]) for got, row in mine) == total.waited_ns
            assert sum(int(got.slices[row]) for got, row in mine) == total.slices > 0
            for (before, one), (after, other) in pairwise(mine):
                assert before.t1[one] == after.t0[other]
            first, row = mine[0]
            assert began <= first.t0[row] < first.t1[row] <= total.t <= ended


def test_a_thread_found_later_begins_at_the_reading_before() -> None:
    with SchedStat(0) as account, _program("rest") as program:
        account.read([program.pid])
        between = time.monotonic_ns()
        program.tell("begin")
        newcomers = {int(program.hear()[0]) for _ in range(2)}
        got = account.read([program.pid])
        new = np.isin(got.tid, list(newcomers))
        assert np.count_nonzero(new) == 2
        assert np.all((got.t0[new] > 0) & (got.t0[new] <= between))
        assert np.all(got.t1[new] > between)


def test_a_thread_that_has_ended_keeps_its_last_totals_and_gets_no_rows() -> None:
    with SchedStat(time.monotonic_ns()) as account, _program("compute") as program:
        program.tell("begin")
        ended = [int(program.hear()[0]) for _ in range(2)]
        account.read([program.pid])
        before = {tid: account.totals[program.pid, tid] for tid in ended}
        program.tell("end")
        assert program.hear() == ["ended"]
        got = account.read([program.pid])
        assert got.tid.tolist() == [program.pid]
        assert {tid: account.totals[program.pid, tid] for tid in ended} == before
    assert min(total.oncpu_ns for total in before.values()) > 190_000_000


def test_a_process_that_is_not_there_has_no_rows() -> None:
    with SchedStat(0) as account:
        assert len(account.read([2**22 + 1])) == 0


def test_the_instant_state_and_core_of_each_thread_come_with_the_reading() -> None:
    with SchedStat(0) as account, _program("rest") as program:
        program.tell("begin")
        program.hear()
        got = account.read([program.pid])
        assert set(got.state.tolist()) <= {ord(letter) for letter in "RSD"}
        assert np.all(got.cpu >= 0)
