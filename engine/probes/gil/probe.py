"""Who holds the GILs of each process of a run, seen from outside.

    attach ──► calibration known? ──► located in the process? ──► watchpoints ──► exact
                     │ not Python             │ not yet: tick tries again │ refused, or too many traps
                     ▼                        ▼                           ▼
                    off                      (waiting)                  sampled ──► exact again after a pause

    a GIL that is turned off, or whose interpreter has ended: absent

Nothing here raises: what goes wrong becomes a `SourceChange` or a note, and holders that are UNKNOWN.
"""

from __future__ import annotations

import os
import time
from collections import Counter

from engine.probes.elf import ElfError
from engine.probes.errors import ProbeError, ProbeUnavailable
from engine.probes.gil.calibration import calibrate
from engine.probes.gil.calibrations import Calibrations
from engine.probes.gil.events import GilAccount, GilEvents, Source, SourceChange
from engine.probes.gil.family import Family
from engine.probes.gil.fold import Asked, Blind, Dropped, GilFold, Observation, Took
from engine.probes.gil.guard import GilLimits, RateGuard, Starts
from engine.probes.gil.process import GilProcess, SeenGil
from engine.probes.gil.structs import locate
from engine.probes.gil.watch import GilWatch
from engine.probes.perf import Drained, Rings
from engine.probes.perf_records import Samples

_RETRY_NS = 1_000_000
_STRAY_NS = 1_000_000_000
_SAMPLE_S, _TRIAL_S, _CALM_S = 0.001, 0.002, 0.02
_FLOOD_BYTES = 32_768
"""So much that a guard may have something to say of it: 500 records."""
_WITHOUT_GIL = "this interpreter runs without a GIL"
_ENDED = "this interpreter has ended"
_MAIN_ONLY = "sampled, because only the main interpreter's GIL can be watched here"
LONE = "sampled while it has only one thread"
"""Why a process is not watched that may be spared."""
_NOT_TOLD_APART = "there are GILs of other interpreters, which cannot be told apart before CPython 3.13: only the main one's is shown"

_Row = tuple[int, int, int, int, int, int]
"""t, pid, tid, ip, addr, argument of a record."""


def check(executable: str, *, exact: bool = True) -> ProbeUnavailable | None:
    """Whether the GIL of such an interpreter can be watched (`exact`) or sampled here, tried for real: None if it can, else why not.

    Takes a tenth of a second.
    """
    try:
        known = calibrate(executable, watch=exact)
    except ProbeUnavailable as error:
        return error
    return ProbeUnavailable(known.unwatchable) if exact and known.unwatchable else None


class GilProbe:
    """All processes of one run. Not thread-safe; belongs to the loop that drains the rings.

    Where there are rings it finds the offspring of what they watch by itself, at the next `drain`; `attach` and `forked` find it earlier.
    With `follow` false it takes over only those that were forked from a watched process; what becomes another program is let go, until
    `attach`: for who wants an interpreter to import its modules first, which would cost several traps each. With `spare_lone` a process
    that has but one thread, for whose GIL nobody waits, is sampled until it has another one.
    """

    def __init__(
        self,
        rings: Rings | None,
        *,
        exact: bool = True,
        follow: bool = True,
        spare_lone: bool = False,
        limits: GilLimits | None = None,
        calibrations: Calibrations | None = None,
    ) -> None:
        """Without `rings`, or with `exact` false, everything is sampled. `calibrations` may be shared, and filled beforehand with `get`."""
        self._rings = rings if exact else None
        self._follow = follow
        self._spare_lone = spare_lone and self._rings is not None
        self._limits = limits or GilLimits()
        self._starts = Starts(self._limits, time.monotonic_ns())
        self._calibrations = calibrations or Calibrations(watch=self._rings is not None)
        self._fold = GilFold()
        self._waiting: dict[int, str | None] = {}
        self._retry_ns = 0
        self._processes: dict[int, GilProcess] = {}
        self._ended: dict[int, tuple[GilProcess, int]] = {}
        self._families: list[Family] = []
        self._strays: list[_Row] = []
        self._spent: dict[int, int] = {}
        self._sources: dict[tuple[int, int], SourceChange] = {}
        self._notes: dict[str, None] = {}
        self._drained_ns = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know about how well the GIL was seen, each once."""
        return tuple(self._notes)

    @property
    def patience_s(self) -> float:
        """In how many seconds to tick again: soon where a GIL is sampled, or was not watched until a moment ago and may be a flood; later
        where there is only to be seen which interpreters come and go."""
        if any(gil.source == "sampled" for process in self._processes.values() for gil in process):
            return _SAMPLE_S
        trial = any(family.on_trial(time.monotonic_ns()) for family in self._families)
        return _TRIAL_S if trial or self._waiting else _CALM_S

    def source(self, pid: int, interpreter: int = 0) -> SourceChange | None:
        """The latest change of the source of this interpreter's GIL."""
        return self._sources.get((pid, interpreter))

    def watches(self, pid: int) -> bool:
        """Whether this process is watched or sampled, or will be as soon as its GIL is found."""
        return pid in self._processes or pid in self._waiting

    def addresses(self, pid: int) -> tuple[int, ...]:
        """Where this process has the GILs that are known, `Gil.address` of each."""
        process = self._processes.get(pid)
        return () if process is None else tuple(gil.address for gil in process)

    def account(self, pid: int, interpreter: int = 0) -> GilAccount | None:
        """CPython's count of hand-offs against ours. None until it was read twice, which takes two ticks."""
        return self._fold.account(pid, interpreter)

    def accounts(self) -> dict[tuple[int, int], GilAccount]:
        """Those of all GILs that have one, by process and interpreter, the ended ones included."""
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
        process = GilProcess(child, origin.gil, self._guard(since, self._starts.lend(since)), since)
        process.watched_ns, process.family, process.lone = since, origin.family, origin.lone
        self._processes[child] = process
        if process.family is not None:
            process.family.watch.members.add(child)
        if origin.main.source is not None:
            self._change(process, process.main, since, origin.main.source, self._sources[parent, 0].why)

    def tick(self, now_ns: int) -> None:
        """To be called as often as samples are wanted. One system call (2 µs) a process, to see which interpreters there are, and one for
        each GIL that is sampled; one that is watched is looked at 50 times a second only, for CPython's count of hand-offs."""
        if self._waiting and now_ns >= self._retry_ns:
            self._retry_ns = now_ns + _RETRY_NS
            for pid in list(self._waiting):
                self._settle(pid)
        for process in list(self._processes.values()):
            self._visit(process, now_ns)
        self._look_out(now_ns)
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
            known = self._sources.get((act.pid, 0))
            if process is not None and act.t > process.since_ns:
                self._lose(process, act.t)
            elif self._follow and process is None and act.pid not in self._waiting and (known is None or act.t > known.t):
                self._waiting[act.pid] = None
        self._ended = {pid: (process, t) for pid, (process, t) in self._ended.items() if t >= self._drained_ns}
        for process in self._processes.values():
            process.forget_before(self._drained_ns)
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
            self._tell(SourceChange(time.monotonic_ns(), pid, "off", str(error)))
        except PermissionError as error:
            self._tell(SourceChange(time.monotonic_ns(), pid, "off", f"the process may not be looked into: {error.strerror}"))
        except OSError:
            pass  # It has ended.
        else:
            if gil is None:
                return False
            del self._waiting[pid]
            # An exec before this moment is what brought these mappings; a later one takes them away.
            now = time.monotonic_ns()
            self._processes[pid] = GilProcess(pid, gil, self._guard(now, self._starts.lend(now)), now)
            self._visit(self._processes[pid], now)
            return pid not in self._waiting
        del self._waiting[pid]
        return True

    def _visit(self, process: GilProcess, now_ns: int) -> None:
        try:
            self._list(process)
            for gil in process:
                if now_ns >= gil.next_look_ns:
                    self._look(process, gil)
        except ProcessLookupError:
            self._forget(process.pid)
        except OSError:
            self._lose(process, time.monotonic_ns())

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
        since, why = (time.monotonic_ns(), "") if gil is process.main or gil.source is not None else (gil.since_ns, "")
        if gil is process.main and process.family is None and self._spare_lone and process.still_lone(time.monotonic_ns()):
            why = LONE
        elif gil is process.main and self._rings is not None and process.family is None:
            try:
                process.family = Family(GilWatch(self._rings, process.pid, process.gil), self._limits)
            except ProbeUnavailable as error:
                why = str(error)
                self._note(why)
            else:
                self._families.append(process.family)
                process.family.begin(time.monotonic_ns())
        if gil is process.main:
            process.watched_ns = time.monotonic_ns()
        family = process.family
        if family is None:
            self._change(process, gil, since, "sampled", why)
        elif gil is process.main or family.watch.all_gils:
            self._change(process, gil, since, "sampled" if family.paused else "exact", family.why)
        else:
            self._change(process, gil, since, "sampled", _MAIN_ONLY)

    def _take(self, samples: Samples) -> None:
        """Gives the records of watchpoints their meaning, and lets the guards judge how many there are."""
        observations: list[Observation] = []
        traps: dict[int, int] = {}
        columns = (samples.t, samples.pid, samples.tid, samples.ip, samples.addr, samples.argument)
        rows = self._strays + list(zip(*(column.tolist() for column in columns), strict=True))
        self._strays = []
        now = time.monotonic_ns()
        for row in rows:
            t, pid, tid, ip, addr, argument = row
            process = self._process_at(pid, t)
            if process is None:
                if t > now - _STRAY_NS:
                    # A child whose birth stands in a ring that was read a moment too early.
                    self._strays.append(row)
                continue
            if process.family is None:
                continue
            traps[pid] = traps.get(pid, 0) + 1
            watch = process.family.watch
            if watch.asked(addr):
                observations.append(Asked(t, pid, tid, argument))
                continue
            acts = watch.acts(ip, addr, argument)
            meaning = process.resolve(acts, t) or self._resolved_late(process, acts, t)
            if meaning is not None:
                took, interpreter = meaning
                observations.append(Took(t, pid, tid, interpreter) if took else Dropped(t, pid, tid, interpreter))
            elif acts and not process.settled(t) and t > now - _STRAY_NS:
                self._strays.append(row)
        self._fold.add(observations)
        for pid, count in traps.items():
            self._spend(pid, count - self._spent.get(pid, 0), now)
        self._spent = {}

    def _look_out(self, now: int) -> None:
        """Lets the guards judge a flood as it comes, which may be long before it is drained."""
        if self._rings is None or all(family.paused for family in self._families) or self._rings.unseen < _FLOOD_BYTES:
            return
        try:
            pids = self._rings.peek().samples.pid
        except ProbeError:
            return  # Who drains will be told.
        for pid, count in Counter(pids.tolist()).items():
            self._spent[pid] = self._spent.get(pid, 0) + count
            self._spend(pid, count, now)

    def _spend(self, pid: int, count: int, now: int) -> None:
        process = self._processes.get(pid)
        if process is not None and process.main.source == "exact" and not process.guard.spend(count, now):
            assert process.family is not None
            process.family.pause(now, self._handoffs(process.family))
            self._switch(process.family, now, "sampled")

    def _resume(self, family: Family) -> None:
        now = time.monotonic_ns()
        if family.resume(now, self._handoffs(family)):
            self._switch(family, now, "exact")

    def _handoffs(self, family: Family) -> int:
        """How often the GILs of its members were handed on so far, by CPython's count when it was last looked at."""
        return sum(gil.switch_number for pid in family.watch.members for gil in self._processes[pid])

    def _resolved_late(self, process: GilProcess, acts: tuple[tuple[bool, int], ...], t: int) -> tuple[bool, int] | None:
        """What a record means whose GIL was made after the process was last visited."""
        if process.gil.struct.listing is None and process.strange(acts):
            self._note(_NOT_TOLD_APART)
        if process.settled(t) or self._processes.get(process.pid) is not process:
            return None
        self._visit(process, time.monotonic_ns())
        return process.resolve(acts, t)

    def _process_at(self, pid: int, t: int) -> GilProcess | None:
        process = self._processes.get(pid)
        if process is None or t < process.since_ns:
            ended = self._ended.get(pid)
            return process if ended is None else ended[0]
        return process

    def _switch(self, family: Family, now: int, source: Source) -> None:
        for pid in family.watch.members:
            process = self._processes[pid]
            self._starts.give_back(process.guard.left)
            process.guard = self._guard(now, self._limits.burst)
            for gil in process:
                if gil.source in ("exact", "sampled") and (gil is process.main or family.watch.all_gils):
                    self._change(process, gil, now, source, family.why)
                    gil.next_look_ns = 0

    def _guard(self, now: int, start: float) -> RateGuard:
        return RateGuard(self._limits.traps_per_s, self._limits.burst, start, now)

    def _change(self, process: GilProcess, gil: SeenGil, t: int, source: Source, why: str) -> None:
        gil.source = source
        self._tell(SourceChange(t, process.pid, source, why, gil.interpreter))

    def _tell(self, change: SourceChange) -> None:
        self._sources[change.pid, change.interpreter] = change
        self._fold.add([change])

    def _lose(self, process: GilProcess, t: int) -> None:
        """It has become another program: begins anew."""
        self._forget(process.pid)
        for gil in process:
            if gil.source is not None:
                self._change(process, gil, t, "off" if gil is process.main else "absent", "")
        if self._follow:
            self._waiting[process.pid] = None

    def _forget(self, pid: int) -> None:
        process = self._processes.pop(pid, None)
        self._waiting.pop(pid, None)
        if process is not None:
            self._ended[pid] = (process, time.monotonic_ns())
            self._starts.give_back(process.guard.left)
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

    def _note(self, text: str) -> None:
        self._notes[text] = None
