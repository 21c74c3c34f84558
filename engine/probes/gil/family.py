"""Processes that share watchpoints, because they were forked from one another, and when those pause."""

from __future__ import annotations

from engine.probes.gil.guard import GilLimits
from engine.probes.gil.watch import GilWatch


class Family:
    """`why`: what people should know of how well it is watched at present; `resume_ns`: when its last pause ends or has ended."""

    def __init__(self, watch: GilWatch, limits: GilLimits) -> None:
        self.watch = watch
        self.paused = False
        self.resume_ns = 0
        self._limits = limits
        self._pause_s = 0.0
        self._paused_why = ""

    @property
    def why(self) -> str:
        if self.paused:
            return self._paused_why
        return "" if self.watch.asks else "when threads ask for it is not seen"

    def pause(self, now_ns: int) -> None:
        self.watch.pause()
        relapse = now_ns - self.resume_ns < self._pause_s * 1e9
        self._pause_s = 2 * self._pause_s if relapse else self._limits.pause_s
        self.paused, self.resume_ns = True, now_ns + int(self._pause_s * 1e9)
        self._paused_why = (
            f"sampled for {self._pause_s:g} s, because more than {self._limits.traps_per_s:g} records a second would slow it down"
        )

    def resume(self) -> None:
        self.paused = False
        self.watch.resume()
