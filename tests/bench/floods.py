"""Programs that take and drop the GIL as often as they can, two threads at a time, for some seconds: the worst that can be watched.

Nothing here knows of gilscope: each function is a `FILE.py:function` workload.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable

HANDOFFS, HASHES, WRITES = 200_000, 60_000, 3_000_000


def lock_ping_pong() -> None:
    """They wake each other by locks, turn by turn."""
    ping, pong = threading.Lock(), threading.Lock()
    ping.acquire()

    def turns(mine: threading.Lock, yours: threading.Lock) -> None:
        for _ in range(HANDOFFS):
            mine.acquire()
            yours.release()

    _both(lambda: turns(ping, pong), lambda: turns(pong, ping))


def small_hashes() -> None:
    """Each hash of 64 kB lets the GIL go."""
    data = bytes(65536)

    def hashes() -> None:
        for _ in range(HASHES):
            hashlib.sha256(data)

    _both(hashes, hashes)


def tight_writes() -> None:
    """System calls without a pause, each of which lets the GIL go."""
    out = os.open(os.devnull, os.O_WRONLY)

    def writes() -> None:
        for _ in range(WRITES):
            os.write(out, b"x")

    _both(writes, writes)
    os.close(out)


def _both(one: Callable[[], None], other: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for work in (one, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
