"""Who holds the GIL of each process of a run, seen from outside.

    attach ──► calibration known? ──► located in the process? ──► watchpoints ──► exact
                     │ not Python             │ not yet: tick tries again │ refused, or too many traps
                     ▼                        ▼                           ▼
                    off                      (waiting)                  sampled ──► exact again after a pause

Nothing here raises: what goes wrong becomes a `SourceChange` or a note, and holders that are UNKNOWN.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

from engine.probes.elf import ElfError
from engine.probes.errors import ProbeUnavailable
from engine.probes.gil.calibration import calibrate
from engine.probes.gil.calibrations import Calibrations
from engine.probes.gil.events import GilAccount, GilEvents, Source, SourceChange
from engine.probes.gil.fold import Blind, GilFold, Observation
from engine.probes.gil.guard import RateGuard
from engine.probes.gil.sample import GilSampler
from engine.probes.gil.structs import Gil, locate
from engine.probes.gil.watch import GilWatch
from engine.probes.perf import Drained, Rings
from engine.probes.perf_records import Samples

_CHECK_NS = 20_000_000
_RETRY_NS = 1_000_000
_STRAY_NS = 1_000_000_000
_WITHOUT_GIL = "this interpreter runs without a GIL"


@dataclass(frozen=True, slots=True)
class GilLimits:
    """How much exact watching may cost one process, in records of about 12 µs each: `traps_per_s` on average, `burst` more of them now and
    then, and `start` when watching begins: few programs import all of their modules beforehand.

    Above that it is sampled for `pause_s`, then watched again. A relapse that comes sooner than the last pause was long doubles the pause.
    """

    traps_per_s: float = 1000
    burst: float = 500
    start: float = 4_000
    pause_s: float = 1.0


def check(executable: str, *, exact: bool = True) -> ProbeUnavailable | None:
    """Whether the GIL of such an interpreter can be watched (`exact`) or sampled here, tried for real: None if it can, else why not.

    Takes a tenth of a second.
    """
    try:
        known = calibrate(executable, watch=exact)
    except ProbeUnavailable as error:
        return error
    return ProbeUnavailable(known.unwatchable) if exact and known.unwatchable else None


@dataclass(slots=True, eq=False)
class _Family:
    """Processes that share watchpoints. `pause_s`: the last pause; `resume_ns`: when it ends or has ended."""

    watch: GilWatch
    pause_s: float = 0.0
    resume_ns: int = 0
    paused: bool = False


@dataclass(slots=True, eq=False)
class _Process:
    pid: int
    gil: Gil
    sampler: GilSampler
    guard: RateGuard
    since_ns: int
    watched_ns: int = 0
    family: _Family | None = None
    source: Source = "off"
    next_look_ns: int = 0


class GilProbe:
    """All processes of one run. Not thread-safe; belongs to the loop that drains the rings.

    Where there are rings it finds the offspring of what they watch by itself, at the next `drain`; `attach` and `forked` find it earlier.
    With `follow` false it takes over only those that were forked from a watched process; what becomes another program is let go, until
    `attach`: for who wants an interpreter to import its modules first, which would cost several traps each.
    """

    def __init__(
        self,
        rings: Rings | None,
        *,
        exact: bool = True,
        follow: bool = True,
        limits: GilLimits | None = None,
        calibrations: Calibrations | None = None,
    ) -> None:
        """Without `rings`, or with `exact` false, everything is sampled. `calibrations` may be shared, and filled beforehand with `get`."""
        self._rings = rings if exact else None
        self._follow = follow
        self._limits = limits or GilLimits()
        self._calibrations = calibrations or Calibrations(watch=self._rings is not None)
        self._fold = GilFold()
        self._waiting: dict[int, str | None] = {}
        self._retry_ns = 0
        self._processes: dict[int, _Process] = {}
        self._ended: dict[int, tuple[_Process, int]] = {}
        self._families: list[_Family] = []
        self._strays: list[tuple[int, int, int, int, int]] = []
        self._sources: dict[int, SourceChange] = {}
        self._notes: dict[str, None] = {}
        self._drained_ns = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know about how well the GIL was seen, each once."""
        return tuple(self._notes)

    def source(self, pid: int) -> SourceChange | None:
        """The latest change of this process's source."""
        return self._sources.get(pid)

    def watches(self, pid: int) -> bool:
        """Whether this process is watched or sampled, or will be as soon as its GIL is found."""
        return pid in self._processes or pid in self._waiting

    def account(self, pid: int) -> GilAccount | None:
        """CPython's count of hand-offs against ours. None until it was read twice."""
        return self._fold.account(pid)

    def accounts(self) -> dict[int, GilAccount]:
        """Those of all processes that have one, by pid, the ended ones included."""
        return self._fold.accounts()

    def attach(self, pid: int, executable: str | None = None) -> bool:
        """Begins to watch a process that has started or become another program (one that was forked: `forked`).

        Returns whether that is settled: watched, or never to be. Else `tick` goes on trying. `executable` spares looking it up.
        """
        self._forget(pid)
        self._waiting[pid] = executable
        return self._settle(pid)

    def forked(self, parent: int, child: int, t_ns: int | None = None) -> None:
        """A process has forked: addresses and watchpoints hold for the child as they are. `drain` does this for the births that it sees."""
        if child in self._processes or child in self._waiting:
            return
        since = time.monotonic_ns() if t_ns is None else t_ns
        origin = self._processes.get(parent)
        if origin is None or since < origin.watched_ns:
            if self._follow and (origin is not None or parent in self._waiting):
                self._waiting[child] = None  # It was born before its parent was watched, and has inherited nothing.
            return
        process = _Process(child, origin.gil, GilSampler(child, origin.gil), self._guard(since), since, since, origin.family, origin.source)
        self._processes[child] = process
        if process.family is not None:
            process.family.watch.members.add(child)
        self._change(child, since, origin.source, self._sources[parent].why)

    def tick(self, now_ns: int) -> None:
        """To be called as often as samples are wanted. One system call (2 µs) a sampled process; a watched one is looked at 50 times a
        second only, for CPython's count of hand-offs."""
        if self._waiting and now_ns >= self._retry_ns:
            self._retry_ns = now_ns + _RETRY_NS
            for pid in list(self._waiting):
                self._settle(pid)
        for process in list(self._processes.values()):
            if now_ns >= process.next_look_ns:
                self._look(process)
        for family in self._families:
            if family.paused and now_ns >= family.resume_ns:
                self._resume(family)

    def drain(self, drained: Drained | None = None) -> GilEvents:
        """What became known: up to the watermark of what was drained from the rings, or up to now where there are none."""
        if drained is None:
            return self._fold.until(time.monotonic_ns())
        for birth in drained.records.births:
            if birth.pid == birth.ppid:
                continue
            parent = self._processes.get(birth.ppid)
            if parent is None or not any(act.pid == parent.pid and parent.since_ns < act.t <= birth.t for act in drained.records.execs):
                self.forked(birth.ppid, birth.pid, birth.t)
            elif self._follow and not self.watches(birth.pid):
                self._waiting[birth.pid] = None  # Its parent had become another program by then: it has inherited nothing.
        self._take(drained.records.samples)
        blind = [Blind(gap.start, gap.end) for gap in drained.gaps]
        if drained.records.throttled:
            blind.append(Blind(self._drained_ns, drained.watermark_ns))
        if blind and self._families:
            self._note("records of the GIL were lost; who held it in the meantime is not known")
        self._fold.add(blind)
        for act in drained.records.execs:
            process = self._processes.get(act.pid)
            known = self._sources.get(act.pid)
            if process is not None and act.t > process.since_ns:
                self._lose(process, act.t)
            elif self._follow and process is None and act.pid not in self._waiting and (known is None or act.t > known.t):
                self._waiting[act.pid] = None
        self._ended = {pid: (process, t) for pid, (process, t) in self._ended.items() if t >= self._drained_ns}
        self._drained_ns = drained.watermark_ns
        return self._fold.until(drained.watermark_ns)

    def close(self) -> None:
        """Ends all watchpoints. Idempotent."""
        for family in self._families:
            family.watch.close()
        self._families, self._processes, self._waiting = [], {}, {}

    def _settle(self, pid: int) -> bool:
        try:
            executable = self._waiting[pid] or os.path.realpath(f"/proc/{pid}/exe", strict=True)
            known = self._calibrations.ask(executable)
            gil = None if known is None else locate(pid, known)
        except (ProbeUnavailable, ElfError) as error:
            self._change(pid, time.monotonic_ns(), "off", str(error))
        except PermissionError as error:
            self._change(pid, time.monotonic_ns(), "off", f"the process may not be looked into: {error.strerror}")
        except OSError:
            pass  # It has ended.
        else:
            if gil is None:
                return False
            del self._waiting[pid]
            # An exec before this moment is what brought these mappings; a later one takes them away.
            now = time.monotonic_ns()
            self._processes[pid] = _Process(pid, gil, GilSampler(pid, gil), self._guard(now), now)
            self._look(self._processes[pid])
            return pid not in self._waiting
        del self._waiting[pid]
        return True

    def _look(self, process: _Process) -> None:
        try:
            look = process.sampler.look()
            if process.sampler.enabled and process.source == "off":
                self._begin(process)
                # What is read after the watchpoints are there cannot miss a change.
                look = process.sampler.look()
        except ProcessLookupError:
            self._forget(process.pid)
        except OSError:
            self._lose(process, time.monotonic_ns())
        else:
            if process.sampler.enabled:
                process.next_look_ns = look.t + _CHECK_NS if process.source == "exact" else 0
                self._fold.add([look])
            else:
                process.next_look_ns = look.t + _RETRY_NS
                if process.source != "off" or process.pid not in self._sources:
                    process.source = "off"
                    self._change(process.pid, look.t, "off", _WITHOUT_GIL)

    def _begin(self, process: _Process) -> None:
        now = time.monotonic_ns()
        why = ""
        if self._rings is not None and process.family is None:
            try:
                watch = GilWatch(self._rings, process.pid, process.gil)
            except ProbeUnavailable as error:
                why = str(error)
                self._note(why)
            else:
                process.family = _Family(watch)
                self._families.append(process.family)
                why = "" if watch.asks else "when threads ask for it is not seen"
        process.watched_ns = time.monotonic_ns()
        process.source = "exact" if process.family is not None and not process.family.paused else "sampled"
        self._change(process.pid, now, process.source, why)

    def _take(self, samples: Samples) -> None:
        """Gives the records of watchpoints their meaning, and lets the guards judge how many there are."""
        observations: list[Observation] = []
        traps: dict[int, int] = {}
        rows = self._strays + list(
            zip(*(column.tolist() for column in (samples.t, samples.pid, samples.tid, samples.ip, samples.addr)), strict=True)
        )
        self._strays = []
        now = time.monotonic_ns()
        for t, pid, tid, ip, addr in rows:
            process = self._process_at(pid, t)
            if process is not None and process.family is not None:
                traps[pid] = traps.get(pid, 0) + 1
                observation = process.family.watch.observation(t, pid, tid, ip, addr)
                if observation is not None:
                    observations.append(observation)
            elif t > now - _STRAY_NS:
                # A child whose birth stands in a ring that was read a moment too early.
                self._strays.append((t, pid, tid, ip, addr))
        self._fold.add(observations)
        for pid, count in traps.items():
            process = self._processes.get(pid)
            if process is not None and process.source == "exact" and not process.guard.spend(count, now):
                assert process.family is not None
                self._pause(process.family)

    def _process_at(self, pid: int, t: int) -> _Process | None:
        process = self._processes.get(pid)
        if process is None or t < process.since_ns:
            ended = self._ended.get(pid)
            return process if ended is None else ended[0]
        return process

    def _pause(self, family: _Family) -> None:
        family.watch.pause()
        now = time.monotonic_ns()
        relapse = now - family.resume_ns < family.pause_s * 1e9
        family.pause_s = 2 * family.pause_s if relapse else self._limits.pause_s
        family.paused, family.resume_ns = True, now + int(family.pause_s * 1e9)
        why = f"sampled for {family.pause_s:g} s, because more than {self._limits.traps_per_s:g} records a second would slow it down"
        self._switch(family, now, "sampled", why)

    def _resume(self, family: _Family) -> None:
        now = time.monotonic_ns()
        family.paused = False
        family.watch.resume()
        self._switch(family, now, "exact", "")

    def _switch(self, family: _Family, now: int, source: Source, why: str) -> None:
        for pid in family.watch.members:
            process = self._processes[pid]
            process.guard, process.next_look_ns = self._guard(now, self._limits.burst), 0
            if process.source != "off":
                process.source = source
                self._change(pid, now, source, why)

    def _guard(self, now: int, start: float | None = None) -> RateGuard:
        limits = self._limits
        return RateGuard(limits.traps_per_s, limits.burst, limits.start if start is None else start, now)

    def _change(self, pid: int, t: int, source: Source, why: str) -> None:
        self._sources[pid] = SourceChange(t, pid, source, why)
        self._fold.add([self._sources[pid]])

    def _lose(self, process: _Process, t: int) -> None:
        """It has become another program: begins anew."""
        self._forget(process.pid)
        self._change(process.pid, t, "off", "")
        if self._follow:
            self._waiting[process.pid] = None

    def _forget(self, pid: int) -> None:
        process = self._processes.pop(pid, None)
        self._waiting.pop(pid, None)
        if process is None:
            return
        self._ended[pid] = (process, time.monotonic_ns())
        family = process.family
        if family is not None:
            family.watch.members.discard(pid)
            if not family.watch.members:
                family.watch.close()
                self._families.remove(family)

    def _note(self, text: str) -> None:
        self._notes[text] = None
