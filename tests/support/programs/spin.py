"""Jobs that say themselves what they did: read by the tests, run by the interpreter that is measured.

Each answers (native thread id, CLOCK_MONOTONIC before, after, ns of its thread's own clock in between).
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from pathlib import Path

MINE_NS = 200_000_000
"""Long enough for a scheduler with other things to do to spread two workers over two cores."""
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
