"""When exact watching costs the measured program too much.

A watchpoint stops the thread that hits it for about 10 µs. Programs that take the GIL a few hundred times a second do not feel that;
one in a tight loop of system calls is slowed down several times, which must not go on.
"""

from __future__ import annotations


class RateGuard:
    """A bucket of allowances, for one process: refilled at `limit` a second up to `burst`. To begin with it holds `start`, which may be
    more: an interpreter that imports its modules takes the GIL thousands of times in a tenth of a second, and then no more.

    Once that is used up, `burst / (rate - limit)` seconds of a higher rate are too long.
    """

    __slots__ = ("_allowance", "_at_ns", "burst", "limit")

    def __init__(self, limit: float, burst: float, start: float, now_ns: int) -> None:
        self.limit, self.burst = limit, burst
        self._allowance, self._at_ns = start, now_ns

    def spend(self, traps: int, now_ns: int) -> bool:
        """Whether these traps, which happened since the last call, may go on like that."""
        refilled = self._allowance + self.limit * max(0, now_ns - self._at_ns) / 1e9
        self._allowance = min(max(self.burst, self._allowance), refilled) - traps
        self._at_ns = now_ns
        return self._allowance >= 0
