"""The processes of a run whose GILs are watched or sampled: how they come, how each GIL is seen, how they go.

attach ──► calibration known? ──► located in the process? ──► watchpoints ──► exact
                 │ not Python             │ not yet: `visit` tries again │ refused, or too many traps
                 ▼                        ▼                             ▼
                off                      (waiting)                    sampled ──► exact again after a pause

a GIL that is turned off, or whose interpreter has ended: absent
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from engine.probes.elf import ElfError
from engine.probes.errors import ProbeUnavailable
from engine.probes.gil.calibrations import Calibrations
from engine.probes.gil.events import Source, SourceChange
from engine.probes.gil.family import Family
from engine.probes.gil.fold import GilFold
from engine.probes.gil.guard import GilLimits, RateGuard, Starts
from engine.probes.gil.process import GilProcess, SeenGil
from engine.probes.gil.structs import Gil, locate
from engine.probes.gil.watch import GilWatch
from engine.probes.perf import Rings

_RETRY_NS = 1_000_000
_WITHOUT_GIL = "this interpreter runs without a GIL"
_ENDED = "this interpreter has ended"
_MAIN_ONLY = "sampled, because only the main interpreter's GIL can be watched here"
LONE = "sampled while it has only one thread"
"""Why a process is not watched that may be spared."""


class Roster:
    """Tells the fold what it looks at, and every change of a source. `notes` is shared with who owns this."""

    def __init__(
        self,
        rings: Rings | None,
        fold: GilFold,
        calibrations: Calibrations,
        limits: GilLimits,
        notes: dict[str, None],
        *,
        follow: bool,
        spare_lone: bool,
    ) -> None:
        """`follow`: what becomes another program, and what has inherited no watchpoints, is taken over, too. `spare_lone`: as the probe."""
        self.waiting: dict[int, str | None] = {}
        self._rings, self._fold, self._calibrations, self._limits, self._notes = rings, fold, calibrations, limits, notes
        self._follow = follow
        self._spare_lone = spare_lone and rings is not None
        self._starts = Starts(limits, time.monotonic_ns())
        self._retry_ns = 0
        self._processes: dict[int, GilProcess] = {}
        self._ended: dict[int, tuple[GilProcess, int]] = {}
        self._families: list[Family] = []
        self._sources: dict[tuple[int, int], SourceChange] = {}

    def __iter__(self) -> Iterator[GilProcess]:
        return iter(list(self._processes.values()))

    @property
    def families(self) -> tuple[Family, ...]:
        """Those that have watchpoints."""
        return tuple(self._families)

    def get(self, pid: int) -> GilProcess | None:
        return self._processes.get(pid)

    def at(self, pid: int, t: int) -> GilProcess | None:
        """Who this was at `t`: numbers are used again."""
        process = self._processes.get(pid)
        if process is None or t < process.since_ns:
            ended = self._ended.get(pid)
            return process if ended is None else ended[0]
        return process

    def source(self, pid: int, interpreter: int = 0) -> SourceChange | None:
        """The latest change of the source of this interpreter's GIL."""
        return self._sources.get((pid, interpreter))

    def attach(self, pid: int, executable: str | None = None) -> bool:
        """Returns whether it is settled how it is seen; else `visit_all` goes on trying."""
        self._forget(pid)
        self.waiting[pid] = executable
        return self._settle(pid)

    def forked(self, parent: int, child: int, since: int) -> None:
        """Addresses and watchpoints hold for the child as they are."""
        if child in self._processes or child in self.waiting:
            return
        origin = self._processes.get(parent)
        if origin is None or since < origin.watched_ns:
            if self._follow and (origin is not None or parent in self.waiting):
                self.waiting[child] = None  # It was born before its parent was watched, and has inherited nothing.
            return
        process = self._new(child, origin.gil, since)
        process.watched_ns, process.family, process.lone = since, origin.family, origin.lone
        self._processes[child] = process
        if process.family is not None:
            process.family.watch.members.add(child)
        if origin.main.source is not None:
            self._change(process, process.main, since, origin.main.source, self._sources[parent, 0].why)

    def visit_all(self, now_ns: int) -> None:
        """Looks at every process for which it is time."""
        if self.waiting and now_ns >= self._retry_ns:
            self._retry_ns = now_ns + _RETRY_NS
            for pid in list(self.waiting):
                self._settle(pid)
        for process in self:
            self.visit(process, now_ns)

    def visit(self, process: GilProcess, now_ns: int) -> None:
        try:
            self._list(process)
            for gil in process:
                if now_ns >= gil.next_look_ns:
                    self._look(process, gil)
        except ProcessLookupError:
            self._forget(process.pid)
        except OSError:
            self.lose(process, time.monotonic_ns())

    def switch(self, family: Family, now: int, source: Source) -> None:
        """A whole family is seen by another source from now on."""
        for pid in family.watch.members:
            process = self._processes[pid]
            self._give_back(process)
            process.guard = self._frugal_guard(now) if process.frugal else self._guard(now, self._limits.burst)
            for gil in process:
                if gil.source in ("exact", "sampled") and (gil is process.main or family.watch.all_gils):
                    self._change(process, gil, now, source, LONE if process.frugal and source == "sampled" else family.why)
                    gil.next_look_ns = 0

    def grant(self, process: GilProcess, now: int) -> bool:
        """Whether a process that has used up what one with a single thread is allowed has more of them, and may cost more."""
        if not process.frugal or process.alone:
            return False
        process.frugal = False
        process.guard = self._guard(now, self._starts.lend(now))
        return True

    def admit(self, process: GilProcess, gone: tuple[SeenGil, ...]) -> None:
        """Tells of GILs that were noticed only afterwards."""
        for gil in gone:
            self._begin_own(process, gil, gil.since_ns)
            self._change(process, gil, gil.until_ns, "absent", _ENDED)

    def lose(self, process: GilProcess, t: int) -> None:
        """It has become another program."""
        self._forget(process.pid)
        for gil in process:
            if gil.source is not None:
                self._change(process, gil, t, "off" if gil is process.main else "absent", "")
        if self._follow:
            self.waiting[process.pid] = None

    def forget_before(self, t: int) -> None:
        """Of what was gone by then, no records will come."""
        self._ended = {pid: (process, end) for pid, (process, end) in self._ended.items() if end >= t}
        for process in self:
            process.forget_before(t)

    def close(self) -> None:
        """Ends all watchpoints. Idempotent."""
        for family in self._families:
            family.watch.close()
        self._families, self._processes, self.waiting = [], {}, {}

    def _settle(self, pid: int) -> bool:
        try:
            executable = self.waiting[pid] or os.path.realpath(f"/proc/{pid}/exe", strict=True)
            known = self._calibrations.ask(executable)
            gil = None if known is None else locate(pid, known)
        except (ProbeUnavailable, ElfError) as error:
            self._tell(SourceChange(time.monotonic_ns(), pid, "off", str(error)))
        except PermissionError as error:
            self._tell(SourceChange(time.monotonic_ns(), pid, "off", f"the process may not be looked into: {error.strerror}"))
        except OSError:
            pass  # It has ended.
        else:
            if gil is None:
                return False
            del self.waiting[pid]
            # An exec before this moment is what brought these mappings; a later one takes them away.
            now = time.monotonic_ns()
            self._processes[pid] = self._new(pid, gil, now)
            self.visit(self._processes[pid], now)
            return pid not in self.waiting
        del self.waiting[pid]
        return True

    def _list(self, process: GilProcess) -> None:
        now = time.monotonic_ns()
        new, gone = process.list(now)
        for _ in new:
            process.guard.grant(self._limits.again)
        for gil in gone:
            if gil.source is not None:
                self._change(process, gil, now, "absent", _ENDED)

    def _look(self, process: GilProcess, gil: SeenGil) -> None:
        look = gil.sampler.look()
        if gil.sampler.enabled:
            if gil.source in (None, "absent"):
                self._begin(process, gil)
                # What is read after the watchpoints are there cannot miss a change.
                look = gil.sampler.look()
            gil.switch_number = look.switch_number
            self._fold.add([look])
            if process.lone and gil is process.main and not process.still_lone(look.t):
                self._begin(process, gil)
        elif gil.source not in (None, "absent") or (gil is process.main and gil.source is None):
            self._change(process, gil, look.t, "absent", _WITHOUT_GIL)
            if gil is process.main:
                self._leave(process)  # Threads ask for it all the same, and are told that there is none: nobody need be stopped for that.
        gil.looked(look.t)

    def _begin(self, process: GilProcess, gil: SeenGil) -> None:
        """Its GIL is there: from now on, or since it was first listed."""
        now = time.monotonic_ns()
        if gil is not process.main:
            self._begin_own(process, gil, gil.since_ns if gil.source is None else now)
            return
        why = self._watch(process)
        process.watched_ns = time.monotonic_ns()
        family = process.family
        if family is None:
            self._change(process, gil, now, "sampled", why)
            return
        self._change(process, gil, now, "sampled" if family.paused else "exact", family.why)
        for other in process:
            if other is not gil and other.source == "sampled":
                self._begin_own(process, other, now)

    def _begin_own(self, process: GilProcess, gil: SeenGil, since: int) -> None:
        family = process.family
        if family is None:
            self._change(process, gil, since, "sampled", self._sources[process.pid, 0].why)
        elif family.watch.all_gils:
            self._change(process, gil, since, "sampled" if family.paused else "exact", family.why)
        else:
            self._change(process, gil, since, "sampled", _MAIN_ONLY)

    def _watch(self, process: GilProcess) -> str:
        """Gives the process a family of its own, if it has none and may have one. Says why not, where people should know."""
        if process.family is not None or self._rings is None:
            return ""
        if self._spare_lone and process.still_lone(time.monotonic_ns()):
            return LONE
        try:
            family = Family(GilWatch(self._rings, process.pid, process.gil), self._limits)
        except ProbeUnavailable as error:
            self._notes[str(error)] = None
            return str(error)
        family.begin(time.monotonic_ns())
        process.family = family
        self._families.append(family)
        return ""

    def _new(self, pid: int, gil: Gil, now: int) -> GilProcess:
        frugal = self._limits.lone is not None
        guard = self._frugal_guard(now) if frugal else self._guard(now, self._starts.lend(now))
        process = GilProcess(pid, gil, guard, now)
        process.frugal = frugal
        return process

    def _frugal_guard(self, now: int) -> RateGuard:
        lone = self._limits.lone or 0
        return RateGuard(2 * lone, lone, lone, now)

    def _give_back(self, process: GilProcess) -> None:
        if not process.frugal:
            self._starts.give_back(process.guard.left)

    def _guard(self, now: int, start: float) -> RateGuard:
        return RateGuard(self._limits.traps_per_s, self._limits.burst, start, now)

    def _change(self, process: GilProcess, gil: SeenGil, t: int, source: Source, why: str) -> None:
        gil.source = source
        self._tell(SourceChange(t, process.pid, source, why, gil.interpreter))

    def _tell(self, change: SourceChange) -> None:
        self._sources[change.pid, change.interpreter] = change
        self._fold.add([change])

    def _forget(self, pid: int) -> None:
        process = self._processes.pop(pid, None)
        self.waiting.pop(pid, None)
        if process is not None:
            self._ended[pid] = (process, time.monotonic_ns())
            self._give_back(process)
            self._leave(process, keep=True)

    def _leave(self, process: GilProcess, *, keep: bool = False) -> None:
        """Ends the watchpoints that nobody is left for. `keep`: what they have told of this process is still to be understood."""
        family = process.family
        if family is None:
            return
        family.watch.members.discard(process.pid)
        if not keep:
            process.family = None
        if not family.watch.members and family in self._families:
            family.watch.close()
            self._families.remove(family)
