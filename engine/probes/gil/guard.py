"""When exact watching costs the measured program too much.

A watchpoint stops the thread that hits it for about 10 µs. Programs that take the GIL a few hundred times a second do not feel that;
one in a tight loop of system calls is slowed down several times, which must not go on.
"""

from __future__ import annotations

from dataclasses import dataclass

_GRANTS = 8


@dataclass(frozen=True, slots=True)
class GilLimits:
    """How much exact watching may cost one process, in records of about 12 µs each: `traps_per_s` on average, `burst` more of them now and
    then, and `start` when watching begins, for few programs import all of their modules beforehand; `again` for the same in each other
    interpreter that it makes, up to eight. All processes of a run together have four times `start`, and `traps_per_s` more: else one that
    starts many short ones would be slowed down by each.

    With `lone`, a process that has but one thread is allowed that instead of `start` and `burst`, and twice as many a second: nobody waits
    for its GIL.

    Above that it is sampled for `pause_s`, then watched again, or not yet: CPython's count of hand-offs goes on meanwhile, and may say that
    it is no use. A relapse that comes sooner than the last pause was long doubles the pause.
    """

    traps_per_s: float = 1000
    burst: float = 500
    start: float = 4_000
    again: float = 3_000
    lone: float | None = None
    pause_s: float = 0.25


class RateGuard:
    """A bucket of allowances, for one process: refilled at `limit` a second up to `burst`. To begin with it holds `start`, which may be
    more: an interpreter that imports its modules takes the GIL thousands of times in a tenth of a second, and then no more.

    Once that is used up, `burst / (rate - limit)` seconds of a higher rate are too long.
    """

    __slots__ = ("_allowance", "_at_ns", "_grants", "burst", "limit")

    def __init__(self, limit: float, burst: float, start: float, now_ns: int) -> None:
        self.limit, self.burst = limit, burst
        self._allowance, self._at_ns = start, now_ns
        self._grants = _GRANTS

    def grant(self, traps: float) -> None:
        """Allows so many more, once, for a reason that will not come again and again: after the eighth time it is one that does."""
        if self._grants:
            self._grants -= 1
            self._allowance += traps

    @property
    def left(self) -> float:
        """What it would allow at this moment, of what is not refilled."""
        return max(0.0, self._allowance)

    def spend(self, traps: int, now_ns: int) -> bool:
        """Whether these traps, which happened since the last call, may go on like that."""
        refilled = self._allowance + self.limit * max(0, now_ns - self._at_ns) / 1e9
        self._allowance = min(max(self.burst, self._allowance), refilled) - traps
        self._at_ns = now_ns
        return self._allowance >= 0


class Starts:
    """What all processes of a run may cost while they start: lent, and given back as far as it was not needed."""

    def __init__(self, limits: GilLimits, now_ns: int) -> None:
        self._limits = limits
        self._left, self._at_ns = 4 * limits.start, now_ns
        self._most = self._left

    def lend(self, now_ns: int) -> float:
        """At least a burst."""
        self._left = min(self._most, self._left + self._limits.traps_per_s * max(0, now_ns - self._at_ns) / 1e9)
        self._at_ns = now_ns
        lent = min(self._limits.start, self._left)
        self._left -= lent
        return max(lent, self._limits.burst)

    def give_back(self, traps: float) -> None:
        self._left = min(self._most, self._left + traps)
