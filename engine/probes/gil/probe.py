"""Who holds the GILs of each process of a run, seen from outside.

    attach, forked ─► roster ──────────── looks ─────────────┐
    tick ───────────► roster, guards                         ├─► fold ─► drain: holders, who asks, sources
    drain ──────────► births, execs, records of watchpoints ─┘

Nothing here raises: what goes wrong becomes a `SourceChange` or a note, and holders that are UNKNOWN.
"""

from __future__ import annotations

import time
from collections import Counter

from engine.probes.errors import ProbeError, ProbeUnavailable
from engine.probes.gil.calibration import calibrate
from engine.probes.gil.calibrations import Calibrations
from engine.probes.gil.events import GilAccount, GilEvents, SourceChange
from engine.probes.gil.family import Family
from engine.probes.gil.fold import Asked, Blind, Dropped, GilFold, Observation, Took
from engine.probes.gil.guard import GilLimits
from engine.probes.gil.process import GilProcess
from engine.probes.gil.roster import Roster
from engine.probes.gil.watch import Act
from engine.probes.perf import Drained, Rings
from engine.probes.perf_records import Records, Samples

_STRAY_NS = 1_000_000_000
_SAMPLE_S, _TRIAL_S, _LONE_S, _CALM_S = 0.001, 0.003, 0.003, 0.02
_FLOOD_BYTES = 8_192
"""So much that a guard may have something to say of it: 130 records."""
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
        self._fold = GilFold()
        self._notes: dict[str, None] = {}
        known = calibrations or Calibrations(watch=self._rings is not None)
        self._roster = Roster(self._rings, self._fold, known, limits or GilLimits(), self._notes, follow=follow, spare_lone=spare_lone)
        self._strays: list[_Row] = []
        self._spent: dict[int, int] = {}
        self._drained_ns = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know about how well the GIL was seen, each once."""
        return tuple(self._notes)

    @property
    def patience_s(self) -> float:
        """In how many seconds to tick again: soon where a GIL is sampled, or was not watched until a moment ago and may be a flood; later
        where there is only to be seen whether a lone thread gets company, or which interpreters come and go."""
        sampled = [process for process in self._roster if any(gil.source == "sampled" for gil in process)]
        now = time.monotonic_ns()
        # Of who has but one thread it is known who holds it.
        if not all(process.lone or process.spared(now) for process in sampled):
            return _SAMPLE_S
        if self._roster.waiting or any(family.on_trial(now) for family in self._roster.families):
            return _TRIAL_S
        return _LONE_S if sampled else _CALM_S

    def source(self, pid: int, interpreter: int = 0) -> SourceChange | None:
        """The latest change of the source of this interpreter's GIL."""
        return self._roster.source(pid, interpreter)

    def watches(self, pid: int) -> bool:
        """Whether this process is watched or sampled, or will be as soon as its GIL is found."""
        return self._roster.get(pid) is not None or pid in self._roster.waiting

    def addresses(self, pid: int) -> tuple[int, ...]:
        """Where this process has the GILs that are known, `Gil.address` of each."""
        process = self._roster.get(pid)
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
        return self._roster.attach(pid, executable)

    def forked(self, parent: int, child: int, t_ns: int | None = None) -> None:
        """A process has forked: addresses and watchpoints hold for the child as they are. `drain` does this for the births that it sees."""
        self._roster.forked(parent, child, time.monotonic_ns() if t_ns is None else t_ns)

    def tick(self, now_ns: int) -> None:
        """To be called as often as samples are wanted. One system call (3 µs) a process, to see which interpreters there are, and 5 µs for
        each of them; 2 µs for each GIL that is sampled. One that is watched is looked at 50 times a second, for CPython's count."""
        self._roster.visit_all(now_ns)
        self._look_out(now_ns)
        for family in self._roster.families:
            if family.paused and now_ns >= family.resume_ns:
                self._resume(family)

    def drain(self, drained: Drained | None = None) -> GilEvents:
        """What became known: up to the watermark of what was drained from the rings, or up to now where there are none."""
        if drained is None:
            return self._fold.until(time.monotonic_ns())
        self._welcome(drained.records)
        self._take(drained.records.samples)
        blind = [Blind(gap.start, gap.end) for gap in drained.gaps]
        if drained.records.throttled:
            blind.append(Blind(self._drained_ns, drained.watermark_ns))
        if blind and self._roster.families:
            self._notes["records of the GIL were lost; who held it in the meantime is not known"] = None
        self._fold.add(blind)
        for act in drained.records.execs:
            process, known = self._roster.get(act.pid), self._roster.source(act.pid)
            if process is not None and act.t > process.since_ns:
                self._roster.lose(process, act.t)
            elif self._follow and not self.watches(act.pid) and (known is None or act.t > known.t):
                self._roster.waiting[act.pid] = None
        self._roster.forget_before(self._drained_ns)
        self._drained_ns = drained.watermark_ns
        return self._fold.until(drained.watermark_ns)

    def close(self) -> None:
        """Ends all watchpoints. Idempotent."""
        self._roster.close()

    def _welcome(self, records: Records) -> None:
        """Takes over what was born."""
        for birth in records.births:
            if birth.pid == birth.ppid:
                continue
            parent = self._roster.get(birth.ppid)
            if parent is None or not any(act.pid == parent.pid and parent.since_ns < act.t <= birth.t for act in records.execs):
                self.forked(birth.ppid, birth.pid, birth.t)
            elif self._follow and not self.watches(birth.pid):
                self._roster.waiting[birth.pid] = None  # Its parent had become another program by then: it has inherited nothing.

    def _take(self, samples: Samples) -> None:
        """Gives the records of watchpoints their meaning, and lets the guards judge how many there are."""
        observations: list[Observation] = []
        traps: dict[int, int] = {}
        nobodys: dict[GilProcess, list[tuple[int, int, tuple[Act, ...]]]] = {}
        columns = (samples.t, samples.pid, samples.tid, samples.ip, samples.addr, samples.argument)
        rows = self._strays + list(zip(*(column.tolist() for column in columns), strict=True))
        self._strays = []
        now = time.monotonic_ns()
        for row in rows:
            t, pid, tid, ip, addr, argument = row
            process = self._roster.at(pid, t)
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
            elif acts and (process.settled(t) or self._roster.get(pid) is not process):
                # Its interpreter has ended, or the process has, before anybody looked.
                nobodys.setdefault(process, []).append((t, tid, acts))
            elif acts and t > now - _STRAY_NS:
                self._strays.append(row)
        for process, rows_of_nobody in nobodys.items():
            self._roster.admit(process, process.unlisted(rows_of_nobody))
            for t, tid, acts in rows_of_nobody:
                meaning = process.resolve(acts, t)
                if meaning is not None:
                    observations.append(Took(t, process.pid, tid, meaning[1]) if meaning[0] else Dropped(t, process.pid, tid, meaning[1]))
        self._fold.add(observations)
        for pid, count in traps.items():
            self._spend(pid, count - self._spent.get(pid, 0), now)
        self._spent = {}

    def _look_out(self, now: int) -> None:
        """Lets the guards judge a flood as it comes, which may be long before it is drained."""
        if self._rings is None or all(family.paused for family in self._roster.families) or self._rings.unseen < _FLOOD_BYTES:
            return
        try:
            pids = self._rings.peek().samples.pid
        except ProbeError:
            return  # Who drains will be told.
        for pid, count in Counter(pids.tolist()).items():
            self._spent[pid] = self._spent.get(pid, 0) + count
            self._spend(pid, count, now)

    def _spend(self, pid: int, count: int, now: int) -> None:
        process = self._roster.get(pid)
        if process is None or process.main.source != "exact" or process.guard.spend(count, now) or self._roster.grant(process, now):
            return
        assert process.family is not None
        process.family.pause(now, self._handoffs(process.family))
        self._roster.switch(process.family, now, "sampled")

    def _resume(self, family: Family) -> None:
        now = time.monotonic_ns()
        if family.resume(now, self._handoffs(family)):
            self._roster.switch(family, now, "exact")

    def _handoffs(self, family: Family) -> int:
        """How often the GILs of its members were handed on so far, by CPython's count when it was last looked at."""
        return sum(gil.switch_number for process in self._roster if process.family is family for gil in process)

    def _resolved_late(self, process: GilProcess, acts: tuple[tuple[bool, int], ...], t: int) -> tuple[bool, int] | None:
        """What a record means whose GIL was made after the process was last visited."""
        if process.gil.struct.listing is None and process.strange(acts):
            self._notes[_NOT_TOLD_APART] = None
        if process.settled(t) or self._roster.get(process.pid) is not process:
            return None
        self._roster.visit(process, time.monotonic_ns())
        return process.resolve(acts, t)
