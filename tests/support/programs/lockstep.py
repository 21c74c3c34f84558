"""Two threads that hand a token to and fro: whoever has it computes, the other is blocked, so that it is known who must hold the GIL."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

TURNS = 40
TURN_NS = 3_000_000

_arrived: list[int] = []
_may = (threading.Lock(), threading.Lock())
_may[1].acquire()


def turns() -> None:
    """A job of either thread. It writes into a file called like its native id from when until when it had the token, by CLOCK_MONOTONIC;
    the folder is in the environment."""
    _arrived.append(threading.get_native_id())
    while len(_arrived) < 2:
        time.sleep(0.001)
    me = _arrived.index(threading.get_native_id())
    mine, other = _may[me], _may[1 - me]
    said = []
    for _ in range(TURNS):
        mine.acquire()
        began = time.perf_counter_ns()
        while time.perf_counter_ns() < began + TURN_NS:
            sum(range(100))
        said.append((began, time.perf_counter_ns()))
        other.release()
    Path(os.environ["GILSCOPE_TEST_TURNS"], str(_arrived[me])).write_text(repr(said))
