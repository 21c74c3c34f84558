"""Jobs that say themselves what they did: read by the tests, run by the interpreter that is measured.

Each answers (native thread id, CLOCK_MONOTONIC before, after, ns of its thread's own clock in between).
"""

from __future__ import annotations

import hashlib
import mmap
import os
import threading
import time
from pathlib import Path

MINE_NS = 200_000_000
"""Long enough for a scheduler with other things to do to spread two workers over two cores."""
MOST_NS = 5_000_000_000
CLOSE_NS = 20_000
OFTEN = 20_000
Answer = tuple[int, int, int, int]


def alone() -> Answer:
    """Pure Python, for as long as the thread's own clock says."""
    began, clock = time.perf_counter_ns(), time.thread_time_ns()
    state = 1
    while (mine := time.thread_time_ns() - clock) < MINE_NS:
        for _ in range(1000):
            state = state * 1664525 + 1013904223 & 0xFFFFFFFF
    return threading.get_native_id(), began, time.perf_counter_ns(), mine


def together() -> Answer:
    """The same, once all workers are there; the folder where they meet and their number are in the environment."""
    _meet()
    return alone()


def at_once() -> Answer:
    """Pure Python until some two of them have seen each other run, again and again: however long a busy machine takes to let them.

    Each writes the time again and again, and looks whether another one did between two of its own looks that are too close together for
    it to have been away. Ends without that where it never comes, as under a GIL.
    """
    _meet()
    folder = Path(os.environ["GILSCOPE_TEST_MEET"])
    mine = sorted(file.name for file in folder.iterdir()).index(str(threading.get_native_id()))
    count = int(os.environ["GILSCOPE_TEST_COUNT"])
    descriptor = os.open(folder.with_suffix(".times"), os.O_RDWR | os.O_CREAT, 0o600)
    os.ftruncate(descriptor, 4096)
    times = memoryview(mmap.mmap(descriptor, 4096)).cast("q")
    os.close(descriptor)
    others = [number for number in range(count) if number != mine]
    began, clock = time.perf_counter_ns(), time.thread_time_ns()
    seen, now, looks = 0, began, 0
    while not times[count] and (looks % 1024 or time.thread_time_ns() - clock < MOST_NS):
        looks += 1
        before, now = now, time.perf_counter_ns()
        times[mine] = now
        if now - before < CLOSE_NS:
            for other in others:
                seen += before < times[other] < now
        if seen > OFTEN:
            times[count] = 1
    return threading.get_native_id(), began, time.perf_counter_ns(), time.thread_time_ns() - clock


def hashing_together() -> Answer:
    """Work in C without the GIL, once all workers are there."""
    _meet()
    block = bytes(4_000_000)
    began, clock = time.perf_counter_ns(), time.thread_time_ns()
    while (mine := time.thread_time_ns() - clock) < MINE_NS:
        hashlib.sha256(block)
    return threading.get_native_id(), began, time.perf_counter_ns(), mine


def _meet() -> None:
    folder, count = Path(os.environ["GILSCOPE_TEST_MEET"]), int(os.environ["GILSCOPE_TEST_COUNT"])
    (folder / str(threading.get_native_id())).touch()
    while len(list(folder.iterdir())) < count:
        time.sleep(0.001)
