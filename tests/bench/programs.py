"""What the benchmarks run: each function is a program of which is known what truly happens in it.

    python tests/bench/programs.py NAME      runs it alone; the last line is JSON: elapsed_ns and what is true of it

Nothing here knows of gilscope, so that other tools run the same. The same functions are `FILE.py:function` workloads.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from multiprocessing import get_context
from typing import Any

TURNS, STEPS, SLEEPS = 30_000, 200_000, 60


def count(n: int = 4_000_000) -> int:
    """Pure Python for a quarter of a second."""
    total = 0
    for number in range(n):
        total += number & 7
    return total


def lock_ping_pong() -> dict[str, Any]:
    """Two threads that wake each other by locks, turn by turn: each turn is a hand-off."""
    ping, pong = threading.Lock(), threading.Lock()
    ping.acquire()
    pong.acquire()

    def answer() -> None:
        for _ in range(TURNS):
            ping.acquire()
            pong.release()

    other = threading.Thread(target=answer)
    other.start()
    for _ in range(TURNS):
        ping.release()
        pong.acquire()
    other.join()
    return {"hand-offs": 2 * TURNS}


async def _steps(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def asyncio_steps() -> dict[str, Any]:
    """Four tasks that do nothing but give way."""
    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(_steps(STEPS // 4 - 1))
    return {"steps": STEPS}


def cpu_threads() -> dict[str, Any]:
    """Four threads that compute; the interpreter makes them take turns."""
    threads = [threading.Thread(target=count) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return {}


def cpu_processes() -> dict[str, Any]:
    """Four processes that compute."""
    context = get_context("spawn")
    processes = [context.Process(target=count) for _ in range(4)]
    for one in processes:
        one.start()
    for one in processes:
        one.join()
    return {"processes": 4}


def sleeps() -> dict[str, Any]:
    """Waits of 3 ms, and a little work in between."""
    for _ in range(SLEEPS):
        time.sleep(0.003)
        count(5_000)
    return {"sleeps": SLEEPS}


def main(name: str) -> None:
    """Runs one, and tells how long it took by its own clock."""
    function = globals()[name]
    begun = time.perf_counter_ns()
    truth = function()
    if asyncio.iscoroutine(truth):
        truth = asyncio.run(truth)
    print(json.dumps({"elapsed_ns": time.perf_counter_ns() - begun, **truth}))


if __name__ == "__main__":
    main(sys.argv[1])
