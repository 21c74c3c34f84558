"""The probes of one run, and what they saw as one `Evidence`. A probe that fails is noted and goes dark; the run goes on."""

from __future__ import annotations

import os
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from engine.agent._gilscope import codes
from engine.functions import names_a_function
from engine.probes import ProbeError, ProbeUnavailable
from engine.probes.functions import Functions as FunctionsProbe
from engine.probes.gil import LONE, GilLimits, GilProbe
from engine.probes.gil.calibrations import Calibrations
from engine.probes.marks import MarkFolder
from engine.probes.perf import Drained
from engine.probes.switches import Exec, Exit, KernelSwitches
from engine.supervisor.accounting import Accounting
from engine.supervisor.programs import Programs
from engine.supervisor.toll import Toll
from engine.supervisor.unit_costs import UnitCosts, unit_costs
from engine.supervisor.waiting import Waiting
from engine.timeline.evidence import (
    BECAME_HELPER,
    GIL_ABSENT,
    GIL_EXACT,
    GIL_OFF,
    GIL_SAMPLED,
    Born,
    Ended,
    Evidence,
    Functions,
    GilSource,
    Marked,
    Switched,
    Triples,
    Unseen,
)
from engine.trace import RunSpec

_SOURCES = {"exact": GIL_EXACT, "sampled": GIL_SAMPLED, "off": GIL_OFF, "absent": GIL_ABSENT}
_START_S, _CALM_S = 0.003, 0.02
_JOBS = np.arange(256) == codes.JOB_BEGIN
_READY_START, _LONE_START = 1_000, 100
_MANY_MARKS, _FULL = 100_000, 0.25


class Harvest:
    """`watch` before the first process begins, `begin` when it has; then `tick` often and `harvest` now and then.

    `sources` says how well each probe sees: `exact`, `sampled`, `inferred` or `off`; `notes` say in sentences what one must know of it.
    """

    def __init__(self, spec: RunSpec, marks: Path, cache: Path | None) -> None:
        self._spec = spec
        self._wanted = set(spec.sources)
        self._marks = MarkFolder(marks)
        self._kernel: KernelSwitches | None = None
        self._accounting: Accounting | None = None
        self._gil: GilProbe | None = None
        self._cache = cache
        self._calibrations = Calibrations(cache, watch="gil" in self._wanted)
        # In built-in workloads marks tell what is waited for.
        self._waiting = Waiting(self._gils) if spec.program or names_a_function(spec.workload) else None
        self._functions = FunctionsProbe() if self._waiting is not None and self._wanted - {"marks"} else None
        self._held_back = np.empty((5, 0), np.int64)
        self._switch = np.empty((5, 0), np.int64)
        self._ends_held_back: list[Exit] = []
        self._pids: dict[int, None] = {}
        self._program = bool(spec.program)
        self._programs = Programs(every=self._program)
        self._execs: tuple[Exec, ...] = ()
        self._told: set[int] = set()
        self._lone: set[int] = set()
        self._executable = os.path.realpath(spec.interpreter["path"])
        self._no_gil = bool(spec.interpreter.get("free_threaded")) and not spec.interpreter.get("gil_enabled")
        self.sources = {"marks": "exact", "kernel": "off", "gil": "off"}
        self._notes: dict[str, None] = {}
        self._toll = Toll(UnitCosts())

    @property
    def notes(self) -> tuple[str, ...]:
        others = (self._gil, self._waiting, self._functions)
        return (*self._notes, *(note for probe in others if probe is not None for note in probe.notes))

    @property
    def kernel(self) -> str:
        """How time on cores is known."""
        return {"off": "inferred"}.get(self.sources["kernel"], self.sources["kernel"])

    @property
    def gil_is_seen(self) -> bool:
        """Whether it is looked who holds GILs, were it only to see whether there will be one."""
        return self._gil is not None

    @property
    def starting(self) -> bool:
        """Whether some process is about to turn to its jobs."""
        return self._marks.starting

    @property
    def brims(self) -> bool:
        """Whether so much is there to be harvested that it should not wait."""
        return self._marks.waiting > _MANY_MARKS or (self._kernel is not None and self._kernel.rings.fullness > _FULL)

    def prepare(self) -> None:
        """Learns what recording costs in this interpreter and where it keeps its GIL, before anything is measured."""
        self._toll = Toll(unit_costs(self._executable, self._cache))
        if not self._wanted & {"gil", "gil-sampled"}:
            return
        try:
            self._calibrations.get(self._executable)
        except ProbeUnavailable as error:
            self._note(f"The GIL's holder cannot be seen: {error}")
            self._wanted -= {"gil", "gil-sampled"}

    def watch(self, tid: int) -> None:
        """Opens the kernel's records for what the thread will start."""
        if self._wanted & {"kernel", "gil"}:
            try:
                self._kernel = KernelSwitches.open(tid, switches="kernel" in self._wanted)
            except ProbeUnavailable as error:
                self._note(f"Without the kernel's context switches: {error}")
        if self._kernel is not None and "kernel" in self._wanted:
            self.sources["kernel"] = "exact"
        elif self._wanted & {"kernel", "schedstat"}:
            try:
                self._accounting = Accounting()
                self.sources["kernel"] = "sampled"
                self._note("Time on cores is placed from the kernel's totals, read every millisecond.")
            except ProbeUnavailable as error:
                self._note(f"Time on cores is inferred from the marks alone: {error}")
        if self._waiting is not None and self._wanted - {"marks"}:
            self._waiting.watch(self._kernel.rings if self._kernel is not None and "kernel" in self._wanted else None, tid)
            self.sources["waits"] = self._waiting.source
        if self._wanted & {"gil", "gil-sampled"}:
            rings = self._kernel.rings if self._kernel is not None and "gil" in self._wanted else None
            self._gil = GilProbe(
                rings,
                exact="gil" in self._wanted,
                follow=False,
                spare_lone=self._program,
                # Ours have imported what they need when they are watched.
                limits=None if self._program else GilLimits(start=_READY_START, lone=_LONE_START),
                calibrations=self._calibrations,
            )
            # Where there is none, an extension module may turn it on.
            self.sources["gil"] = "off" if self._no_gil else "exact" if rings is not None else "sampled"

    def begin(self, pid: int) -> None:
        self._pids[pid] = None
        if self._accounting is not None:
            self._accounting.look(self._pids)
        self._marks.keep_relieved()

    def tick(self) -> float:
        """Looks where looking must be often. Answers in how many seconds it should be called again.

        A GIL is watched from when its process turns to its jobs. Before, every import of a module would cost several traps, which
        makes starting a process three times as long; the marks alone tell that time apart.
        """
        with self._accounting.visiting() if self._accounting is not None else nullcontext():
            return self._look()

    def _look(self) -> float:
        for process in self._marks.ready():
            if self._gil is not None:
                if process.forked_from is not None:
                    self._gil.forked(process.forked_from, process.pid, process.since)
                if not self._gil.watches(process.pid):
                    self._gil.attach(process.pid)
            if self._functions is not None:
                self._functions.forget(process.pid)
            self._marks.let_go(process.pid)
            if process.pid not in self._pids:
                self._pids[process.pid] = None
                if self._accounting is not None:
                    self._accounting.look(self._pids)
        now = time.monotonic_ns()
        patience_s = _START_S if self._marks.starting else _CALM_S
        if self._gil is not None:
            self._gil.tick(now)
            patience_s = min(patience_s, self._gil.patience_s)
        if self._waiting is not None:
            patience_s = min(patience_s, self._waiting.tick(self._pids, now))
        if self._functions is not None:
            self._functions.tick(self._pids, now)
        return patience_s

    def harvest(self, alive: list[int], *, last: bool = False) -> Evidence:
        """Everything since the last time. `alive`: the processes of the run. `last`: all of them have ended."""
        switched, born, ended, unseen, watermark, drained = self._from_kernel(last=last)
        # What they marked is all there; so what a program of many short threads marked does not pile up.
        self._marks.over((end.pid, end.tid) for end in ended)
        marked, marks_watermark = self._marks.drain()
        new = [pid for pid in alive if pid not in self._pids]
        new += [marks.pid for marks in marked if marks.pid not in self._pids and marks.pid not in new]
        for pid in new:
            self._pids[pid] = None
        # Also of those that have come and gone since the last time.
        took, asked, sources, gil_watermark = self._from_gil(drained)
        if self.sources["gil"] == "exact" and any(marks.pid in self._lone and _JOBS[marks.kind].any() for marks in marked):
            self.sources["gil"] = "sampled"  # Of a process that carries jobs it matters; of one that only waits for others it does not.
        if self._kernel is None:
            ended += [Ended(marks_watermark, pid, None) for pid in self._gone(alive)]
            self._marks.over((end.pid, None) for end in ended)
        accounts = accounted = None
        if self._accounting is not None:
            self._accounting.look(self._pids)
            accounts, accounted = self._accounting.take(marked, last=last), None if last else self._accounting.settled_ns
        functions = self._from_functions()
        waits, wakes = self._waiting.take(drained, self._switch, self._execs) if self._waiting is not None else (None, None)
        if self._waiting is not None and "waits" in self.sources:
            self.sources["waits"] = self._waiting.source
        became, self._execs = self._programs.news(self._execs, alive), ()
        for one in became:
            if one.kind == BECAME_HELPER:
                self._marks.expect_no_jobs(one.pid)
        return Evidence(
            upto_ns=min(limit for limit in (marks_watermark, watermark, gil_watermark, accounted) if limit is not None),
            switched=switched,
            marked=tuple(
                Marked(one.pid, one.tid, one.parent, one.t, one.kind, one.argument, one.texts, one.interpreter, one.lost) for one in marked
            ),
            took=took,
            asked=asked,
            accounts=accounts,
            born=tuple(born),
            ended=tuple(ended),
            gil_sources=tuple(sources),
            unseen=tuple(unseen),
            became=became,
            waits=waits,
            wakes=wakes,
            functions=functions,
        )

    def counters(self) -> dict[str, int]:
        found = {"marks": self._marks.marks, "dropped": self._marks.dropped}
        toll, marks = self._toll, self._marks
        toll.steps, toll.starts, toll.marks = marks.steps, marks.starts, marks.marks - marks.step_marks
        if toll.ns is not None:
            found["overhead_ns"] = toll.ns
        if self._kernel is not None:
            found["dropped"] += self._kernel.rings.lost
        if self._gil is not None:
            accounts = list(self._gil.accounts().values())
            if accounts:
                found["gil_handoffs"] = sum(account.handoffs for account in accounts)
                found["gil_seen_handoffs"] = sum(account.seen for account in accounts)
                found["gil_contradictions"] = sum(account.contradictions for account in accounts)
        return found

    def close(self) -> None:
        if self._gil is not None:
            self._gil.close()
        if self._kernel is not None:
            self._kernel.close()
        if self._waiting is not None:
            self._waiting.close()
        if self._accounting is not None:
            self._accounting.close()
        self._marks.close()

    def _from_kernel(self, *, last: bool) -> tuple[Switched | None, list[Born], list[Ended], list[Unseen], int | None, Drained | None]:
        if self._kernel is None:
            return None, [], [], [], None, None
        try:
            drained = self._kernel.rings.drain(last=last)
        except ProbeError as error:
            self._note(f"The kernel's records could not be read on: {error}")
            now = time.monotonic_ns()
            return None, [], [], [Unseen(now, now)], now, None
        got = self._kernel.take(drained)
        # What is later than the watermark may still be preceded by something that was not told yet.
        rows = np.concatenate((self._held_back, np.stack((got.t, got.cpu, got.pid, got.tid, got.kind))), axis=1)
        rows = rows[:, np.argsort(rows[0], kind="stable")]
        cut = int(np.searchsorted(rows[0], got.watermark_ns, "left"))
        self._switch, self._held_back = rows[:, :cut], rows[:, cut:]
        ends = [*self._ends_held_back, *got.exits]
        self._ends_held_back = [end for end in ends if end.t >= got.watermark_ns]
        self._execs = got.execs
        self._toll.switches += len(drained.records.switch[0]) if "kernel" in self._wanted else 0
        self._toll.traps += len(drained.records.samples)
        self._toll.calls += drained.records.calls.shape[1]
        self._toll.wakings += drained.records.wakings.shape[1]
        return (
            Switched(*self._switch) if "kernel" in self._wanted else None,
            [Born(birth.t, birth.pid, birth.tid, birth.ppid, birth.ptid) for birth in got.births],
            [Ended(end.t, end.pid, end.tid) for end in ends if end.t < got.watermark_ns],
            [Unseen(gap.start, gap.end) for gap in got.gaps],
            got.watermark_ns,
            drained,
        )

    def _from_gil(self, drained: Drained | None) -> tuple[Triples, Triples, list[GilSource], int | None]:
        none = np.empty(0, np.int64)
        sources: list[GilSource] = []
        if self._gil is None or self._no_gil:
            source, why = (GIL_ABSENT, "") if self._no_gil else (GIL_OFF, "holder inferred from who was on a core")
            now = time.monotonic_ns()
            self._told.difference_update(one.pid for one in self._execs)  # With another program begins another life.
            sources = [GilSource(now, pid, source, why=why) for pid in self._pids if pid not in self._told]
            self._told.update(self._pids)
        if self._gil is None:
            return Triples(none, none, none, none), Triples(none, none, none, none), sources, None
        events = self._gil.drain(drained)
        for change in events.changes:
            source, asks = _SOURCES[change.source], change.source == "exact" and not change.why
            why = "" if source == GIL_ABSENT and not change.interpreter else change.why
            sources.append(GilSource(change.t, change.pid, source, asks, why, change.interpreter))
            if source == GIL_OFF and not why and self._no_gil:
                # It has called exec. Whether it will be there long enough to be looked at or not, what it runs has no GIL either.
                sources.append(GilSource(change.t, change.pid, GIL_ABSENT))
            (self._lone.add if change.why == LONE else self._lone.discard)(change.pid)
            if change.why == LONE:
                continue
            if source == GIL_SAMPLED or (source == GIL_EXACT and self.sources["gil"] == "off"):
                self.sources["gil"] = change.source
        return (
            Triples(events.holds.t, events.holds.pid, events.holds.tid, events.holds.interpreter),
            Triples(events.asks.t, events.asks.pid, events.asks.tid, np.full(len(events.asks), -1)),
            sources,
            events.watermark_ns,
        )

    def _from_functions(self) -> Functions | None:
        if self._functions is None:
            return None
        for one in self._execs:
            self._functions.forget(one.pid)
        if self._functions.sees:
            self.sources["functions"] = "sampled"
        ran = self._functions.take()
        return None if ran is None else Functions(ran.t, ran.pid, ran.tid, ran.name, ran.names)

    def _gils(self, pid: int) -> tuple[int, ...]:
        return () if self._gil is None else self._gil.addresses(pid)

    def _gone(self, alive: list[int]) -> list[int]:
        gone = [pid for pid in self._pids if pid not in alive]
        for pid in gone:
            del self._pids[pid]
        return gone

    def _note(self, text: str) -> None:
        self._notes[text] = None
