"""What the threads of a program wait for, and who wakes them: for code that is not ours, whose marks do not tell everything.

the kernel lets us look           every switch off a core tells its call; looks now and then for what that leaves open
it tells switches, no more        looks at every thread each 3 ms
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable

from engine.probes import ProbeUnavailable
from engine.probes.call_sites import CallSites
from engine.probes.perf import Drained, Rings
from engine.probes.perf_records import Exec, Ints
from engine.probes.switch_calls import SwitchCalls
from engine.probes.targets import Targets
from engine.probes.waits import Looks
from engine.probes.waits import Waits as Seen
from engine.probes.wakes import WakeTrace
from engine.timeline.evidence import Waits, Wakes

_OFTEN_NS, _SELDOM_NS = 3_000_000, 20_000_000
_MOST_PER_S, _LEAST_NS = 10_000, 50_000_000
_PAUSE_NS, _LONGEST_PAUSE_NS = 1_000_000_000, 16_000_000_000
_PAUSED = (
    "There were more than 10,000 waits a second: to tell what each was for, and who ended it, would slow the program down. For seconds "
    "threads were looked at every few milliseconds instead; the waits in between are told as unknown."
)

_OPAQUE = (
    "This C library makes all calls that can be cancelled at one place (glibc does since 2.41), which hides what they are: threads are "
    "looked at every few milliseconds, and what the shortest waits are for is told as unknown."
)


class Waiting:
    """`watch` before the first process begins; then `tick` often, and `take` with every harvest. Not thread-safe."""

    def __init__(self, gils: Callable[[int], Iterable[int]]) -> None:
        """`gils` tells where a process has its GILs, as far as that is known."""
        self.notes: tuple[str, ...] = ()
        self._targets, self._sites = Targets(gils), CallSites()
        self._looks: Looks | None = None
        self._calls: SwitchCalls | None = None
        self._wakes: WakeTrace | None = None
        self._next_ns = 0
        self._pids: tuple[int, ...] = ()
        self._taken_ns = self._resume_ns = 0
        self._pause_ns = _PAUSE_NS

    def watch(self, rings: Rings | None, tid: int) -> None:
        """`rings`: where the switches of what thread `tid` will start are told, if they are."""
        try:
            self._looks = Looks(self._targets, self._sites.learn)
        except ProbeUnavailable as error:
            self._note(f"What threads wait for is known from marks alone: {error}")
        if rings is None:
            return
        self._taken_ns = time.monotonic_ns()
        try:
            self._calls = SwitchCalls(rings, tid, self._sites, self._targets)
        except ProbeUnavailable:
            self._note(
                "What threads wait for is looked at every few milliseconds, so that the shortest waits are not told apart: to see all, "
                "use `sudo sysctl kernel.perf_event_paranoid=1`, or start the container with `--cap-add PERFMON`"
            )
            return
        try:
            self._wakes = WakeTrace(rings, tid)
        except ProbeUnavailable as error:
            self._note(f"Who wakes whom is not told: {error}")

    @property
    def source(self) -> str:
        """How well it is known what threads wait for: `exact`, `sampled` or `off`."""
        exact = self._calls is not None and not self._sites.opaque
        return "exact" if exact else "sampled" if self._looks is not None else "off"

    def tick(self, pids: Iterable[int], now_ns: int) -> float:
        """Looks, if it is time. Answers in how many seconds it should be called again."""
        period = _OFTEN_NS if self.source != "exact" or self._resume_ns else _SELDOM_NS
        if self._looks is not None and now_ns >= self._next_ns:
            self._next_ns = now_ns + period
            self._pids = tuple(pids)
            self._looks.tick(self._pids, now_ns)
        return period / 1e9

    def take(self, drained: Drained | None, switch: Ints, execs: Iterable[Exec]) -> tuple[Waits | None, Wakes | None]:
        """What is new. `switch` has rows t, cpu, pid, tid, kind of the switches that are told with it."""
        rows = []
        if self._looks is not None:
            # What lasts is looked at before it is drawn for the first time: at present a look tells more than a switch did.
            self._looks.tick(self._pids, time.monotonic_ns())
            rows = self._looks.take()
        woke: Wakes | None = None
        if drained is not None and self._calls is not None:
            rows += self._calls.take(drained.records.calls, switch, drained.watermark_ns)
            self._guard(self._calls, drained.records.calls.shape[1])
        if drained is not None and self._wakes is not None:
            got = self._wakes.take(drained.records.wakings, os.getpid(), drained.watermark_ns)
            woke = Wakes(got.t, got.tid, got.waker) if len(got) else None
        if self._sites.opaque and _OPAQUE not in self.notes:
            self._note(_OPAQUE)
        for one in execs:
            self._targets.forget(one.pid)
            self._sites.forget(one.pid)
        if not rows:
            return None, woke
        seen = Seen.of(rows)
        return Waits(seen.t, seen.pid, seen.tid, seen.what, seen.target, seen.targets), woke

    def close(self) -> None:
        """Idempotent. The events on the rings end with them."""
        if self._looks is not None:
            self._looks.close()

    def _guard(self, calls: SwitchCalls, seen: int) -> None:
        """Pauses what costs the program a microsecond or two a wait, where there are very many; twice as long where there still are."""
        now = time.monotonic_ns()
        since, self._taken_ns = self._taken_ns, now
        if self._resume_ns:
            if now >= self._resume_ns:
                self._resume_ns = 0
                for one in (calls, self._wakes):
                    if one is not None:
                        one.resume()
        elif seen * 1e9 > _MOST_PER_S * max(now - since, _LEAST_NS):
            self._resume_ns, self._pause_ns = now + self._pause_ns, min(2 * self._pause_ns, _LONGEST_PAUSE_NS)
            for one in (calls, self._wakes):
                if one is not None:
                    one.pause()
            if _PAUSED not in self.notes:
                self._note(_PAUSED)

    def _note(self, text: str) -> None:
        self.notes = (*self.notes, text)
