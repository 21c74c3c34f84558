"""From single observations of the GIL to who held it when.

    Took, Dropped, Asked      records of the watchpoints, exact
    Looked                    the struct read from memory: who holds it, who held it last, CPython's count of hand-offs
    Blind                     records were lost
    SourceChange              from here on believe the ones or the others

Observations come in any order; they are folded in the order of time, up to a watermark that promises that none is missing.
Pure: no clock, no process.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter

from engine.probes.gil.events import NOBODY, UNKNOWN, Asks, GilAccount, GilEvents, Holds, Source, SourceChange


@dataclass(frozen=True, slots=True)
class Took:
    """The thread has the GIL from `t` on."""

    t: int
    pid: int
    tid: int


@dataclass(frozen=True, slots=True)
class Dropped:
    """The thread has given the GIL away at `t`."""

    t: int
    pid: int
    tid: int


@dataclass(frozen=True, slots=True)
class Asked:
    """The thread asks for the GIL from `t` on."""

    t: int
    pid: int
    tid: int


@dataclass(frozen=True, slots=True)
class Looked:
    """`holder`: a tid, NOBODY or UNKNOWN. `last`: who held it last (the holder, if there is one)."""

    t: int
    pid: int
    holder: int
    last: int
    switch_number: int


@dataclass(frozen=True, slots=True)
class Blind:
    """Any record of any process may be missing in `[t, until]`."""

    t: int
    until: int


Observation = Took | Dropped | Asked | Looked | Blind | SourceChange


class _Process:
    __slots__ = ("asking", "base", "blind_until", "contradictions", "holder", "last", "latest", "pid", "seen", "source", "unsure")

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.source: Source = "off"
        self.holder = UNKNOWN
        self.unsure = True  # No record has told the holder since the source became exact: the next look does.
        self.last = UNKNOWN
        self.seen = 0
        self.contradictions = 0
        self.blind_until = 0
        self.asking: set[int] = set()
        self.base: tuple[int, int, int] | None = None
        self.latest: tuple[int, int, int] | None = None


class GilFold:
    """Mutable; one for all processes of a run."""

    def __init__(self) -> None:
        self._pending: list[Observation] = []
        self._processes: dict[int, _Process] = {}
        self._holds: list[tuple[int, int, int, int]] = []
        self._asks: list[tuple[int, int, int]] = []
        self._changes: list[SourceChange] = []
        self._floor = 0

    def add(self, observations: Iterable[Observation]) -> None:
        self._pending.extend(observations)

    def until(self, watermark_ns: int) -> GilEvents:
        """Folds what is older than the watermark. Whatever is added later with an older time counts as of the watermark."""
        watermark_ns = max(watermark_ns, self._floor)
        self._pending.sort(key=attrgetter("t"))
        ripe = 0
        for observation in self._pending:
            if observation.t >= watermark_ns:
                break
            self._apply(observation, max(observation.t, self._floor))
            ripe += 1
        del self._pending[:ripe]
        self._floor = watermark_ns
        events = GilEvents(Holds.of(self._holds), Asks.of(self._asks), tuple(self._changes), watermark_ns)
        self._holds, self._asks, self._changes = [], [], []
        return events

    def account(self, pid: int) -> GilAccount | None:
        """None when the struct was not read at two different times."""
        process = self._processes.get(pid)
        if process is None or process.base is None or process.latest is None:
            return None
        (since, count, seen), (until, count_now, seen_now) = process.base, process.latest
        return GilAccount(count_now - count, seen_now - seen, since, until, process.source, process.contradictions)

    def accounts(self) -> dict[int, GilAccount]:
        """By pid, of every process that has one, whether it is alive or not."""
        found = {pid: self.account(pid) for pid in self._processes}
        return {pid: account for pid, account in found.items() if account is not None}

    def _apply(self, observation: Observation, t: int) -> None:
        if isinstance(observation, Blind):
            for process in self._processes.values():
                if process.source == "exact":
                    self._hold(process, t, UNKNOWN)
                    process.last, process.unsure = UNKNOWN, True
                    process.asking.clear()
                    process.blind_until = max(process.blind_until, observation.until)
            return
        process = self._processes.setdefault(observation.pid, _Process(observation.pid))
        match observation:
            case SourceChange():
                self._change(process, t, observation)
            case Looked():
                self._look(process, t, observation)
            case _ if process.source != "exact" or t < process.blind_until:
                return
            case Asked():
                if observation.tid not in process.asking:
                    process.asking.add(observation.tid)
                    self._asks.append((t, process.pid, observation.tid))
            case Dropped():
                process.contradictions += process.holder not in (observation.tid, NOBODY, UNKNOWN) and not process.unsure
                process.unsure = False
                self._hold(process, t, NOBODY)
            case Took():
                process.contradictions += process.holder not in (observation.tid, NOBODY, UNKNOWN) and not process.unsure
                process.unsure = False
                process.asking.discard(observation.tid)
                self._hold(process, t, observation.tid)
                self._last(process, observation.tid)

    def _change(self, process: _Process, t: int, change: SourceChange) -> None:
        process.asking.clear()
        if change.source == "off":
            self._hold(process, t, UNKNOWN)
            process.last, process.base, process.latest = UNKNOWN, None, None
        if change.source != process.source or change.why:
            self._changes.append(SourceChange(t, process.pid, change.source, change.why))
        process.source, process.unsure = change.source, True

    def _look(self, process: _Process, t: int, look: Looked) -> None:
        if process.source == "off":
            return
        if process.source == "sampled" or (process.unsure and t >= process.blind_until):
            self._hold(process, t, look.holder)
            self._last(process, look.last)
        process.latest = (t, look.switch_number, process.seen)
        if process.base is None:
            process.base = process.latest

    def _hold(self, process: _Process, t: int, tid: int) -> None:
        if process.holder != tid:
            process.holder = tid
            self._holds.append((t, process.pid, tid, 0))

    def _last(self, process: _Process, tid: int) -> None:
        if tid != process.last:
            # Out of the unknown nothing is counted: CPython's count of that time has gone on, and the difference says so.
            process.seen += process.last != UNKNOWN and tid > 0
            process.last = tid
