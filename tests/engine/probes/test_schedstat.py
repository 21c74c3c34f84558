"""The kernel's account of threads, held against the threads' own clocks."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import pytest

from engine.probes import procfs
from engine.probes.schedstat import Reading, SchedStat

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


def _read(account: SchedStat, pid: int) -> Reading:
    account.look([pid])
    return account.read()()


def test_time_on_a_core_is_the_threads_own_clock_within_two_percent() -> None:
    with SchedStat(time.monotonic_ns()) as account, _program("compute") as program:
        program.tell("begin")
        clocks = [[int(number) for number in program.hear()] for _ in range(2)]
        for tid, _ in clocks:
            _until_it_rests(program.pid, tid)
        used = {one.tid: one.oncpu_ns for one in _read(account, program.pid).accounts}
        for tid, clock_ns in clocks:
            assert 0.98 * clock_ns <= used[tid] <= 1.02 * clock_ns + 1_000_000


def test_each_account_says_since_when_it_is_another() -> None:
    began = time.monotonic_ns()
    with SchedStat(began) as account, _program("compute") as program:
        read = [_read(account, program.pid)]
        program.tell("begin")
        for _ in range(2):
            read.append(_read(account, program.pid))
            program.hear()
        read.append(_read(account, program.pid))
    for before, after in pairwise(read):
        assert before.began <= before.ended <= after.began
    mine = [(reading, one) for reading in read for one in reading.accounts if one.tid == program.pid]
    assert began <= mine[0][1].since <= read[0].began
    assert all(reading.began <= one.t <= reading.ended for reading, one in mine)
    for (_, before_), (_, after_) in pairwise(mine):
        assert before_.t <= after_.since < after_.t
        assert before_.oncpu_ns <= after_.oncpu_ns
        assert before_.waited_ns <= after_.waited_ns
        assert before_.slices <= after_.slices


def test_who_has_neither_run_nor_waited_since_is_left_out() -> None:
    with SchedStat(0) as account, _program("rest") as program:
        program.tell("begin")
        resting = int(program.hear()[0])
        _until_it_rests(program.pid, resting)
        assert resting in {one.tid for one in _read(account, program.pid).accounts}
        assert resting not in {one.tid for one in account.read()().accounts}


def test_a_thread_found_later_is_told_since_nobody_had_found_it() -> None:
    with SchedStat(0) as account, _program("rest") as program:
        _read(account, program.pid)
        between = time.monotonic_ns()
        program.tell("begin")
        newcomers = {int(program.hear()[0]) for _ in range(2)}
        new = [one for one in _read(account, program.pid).accounts if one.tid in newcomers]
        assert len(new) == 2
        assert all(0 < one.since <= between < one.t for one in new)


def test_a_thread_that_has_ended_is_told_to_be_gone_since_its_last_reading() -> None:
    with SchedStat(time.monotonic_ns()) as account, _program("compute") as program:
        program.tell("begin")
        ended = [int(program.hear()[0]) for _ in range(2)]
        last = _read(account, program.pid)
        assert not last.gone
        program.tell("end")
        assert program.hear() == ["ended"]
        got = _read(account, program.pid)
        assert {one.tid for one in got.accounts} <= {program.pid}
        assert sorted(tid for _, tid, _ in got.gone) == sorted(ended)
        assert all(last.began <= t <= last.ended for _, _, t in got.gone)
        assert not _read(account, program.pid).gone


def test_a_process_that_is_not_there_has_no_accounts() -> None:
    with SchedStat(0) as account:
        reading = _read(account, 2**22 + 1)
        assert (reading.accounts, reading.gone) == ((), ())


def test_the_core_of_each_thread_and_the_readers_come_with_the_reading() -> None:
    here = os.sched_getaffinity(0)
    with SchedStat(0) as account, _program("rest") as program:
        program.tell("begin")
        program.hear()
        os.sched_setaffinity(0, {min(here)})
        try:
            reading = _read(account, program.pid)
        finally:
            os.sched_setaffinity(0, here)
        assert reading.cpu == min(here)
        assert len(reading.accounts) == 3
        assert {one.cpu for one in reading.accounts} <= here


def test_who_waits_for_something_is_not_ready() -> None:
    with SchedStat(0) as account, _program("rest") as program:
        program.tell("begin")
        resting = int(program.hear()[0])
        _until_it_rests(program.pid, resting)
        assert [one.ready for one in _read(account, program.pid).accounts if one.tid == resting] == [False]


def test_threads_are_found_also_where_the_c_library_lists_no_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    with SchedStat(0) as account, SchedStat(0) as other, _program("rest") as program:
        program.tell("begin")
        for _ in range(2):
            program.hear()
        monkeypatch.setattr(other, "_getdents", None)
        found = [{one.tid for one in _read(each, program.pid).accounts} for each in (account, other)]
        assert found[0] == found[1] == set(procfs.threads(program.pid))
        assert len(found[0]) == 3
