"""Processes that share watchpoints, because they were forked from one another, and when those pause."""

from __future__ import annotations

from engine.probes.gil.guard import GilLimits
from engine.probes.gil.watch import GilWatch

_TRIAL_NS = 50_000_000
_RECORDS = 3
"""Of each hand-off at least: asked, taken, dropped."""


class Family:
    """`why`: what people should know of how well it is watched at present; `resume_ns`: when its present or last pause ends."""

    def __init__(self, watch: GilWatch, limits: GilLimits) -> None:
        self.watch = watch
        self.paused = False
        self.resume_ns = 0
        self._limits = limits
        self._pause_s = 0.0
        self._paused_ns = 0
        self._handoffs = 0

    @property
    def why(self) -> str:
        if self.paused:
            return f"sampled, because more than {self._limits.traps_per_s:g} records a second would slow it down"
        return "" if self.watch.asks else "when threads ask for it is not seen"

    def on_trial(self, now_ns: int) -> bool:
        """Whether it has only just begun to be watched, so that a flood would be seen soon or not at all."""
        return not self.paused and now_ns < self.resume_ns + _TRIAL_NS

    def begin(self, now_ns: int) -> None:
        self.resume_ns = now_ns

    def pause(self, now_ns: int, handoffs: int) -> None:
        """`handoffs`: how often GILs were handed on until now."""
        self.watch.pause()
        relapse = self._pause_s > 0 and now_ns - self.resume_ns < self._pause_s * 1e9
        self.paused = True
        self._wait(now_ns, handoffs, 2 * self._pause_s if relapse else self._limits.pause_s)

    def resume(self, now_ns: int, handoffs: int) -> bool:
        """Watches again, unless so many hand-offs in this pause say that it would be too much: then goes on pausing."""
        self.paused = _RECORDS * (handoffs - self._handoffs) * 1e9 > self._limits.traps_per_s * (now_ns - self._paused_ns)
        if self.paused:
            self._wait(now_ns, handoffs, self._pause_s)
        else:
            self.resume_ns = now_ns
            self.watch.resume()
        return not self.paused

    def _wait(self, now_ns: int, handoffs: int, seconds: float) -> None:
        self._pause_s, self._paused_ns, self._handoffs = seconds, now_ns, handoffs
        self.resume_ns = now_ns + int(seconds * 1e9)
