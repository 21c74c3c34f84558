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
    """The thread has the GIL of this interpreter from `t` on."""

    t: int
    pid: int
    tid: int
    interpreter: int = 0


@dataclass(frozen=True, slots=True)
class Dropped:
    """The thread has given the GIL of this interpreter away at `t`."""

    t: int
    pid: int
    tid: int
    interpreter: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """The thread asks for a GIL from `t` on: which one, its taking will tell. `state`: address of its thread state, or 0."""

    t: int
    pid: int
    tid: int
    state: int = 0


@dataclass(frozen=True, slots=True)
class Looked:
    """`holder`: a tid, NOBODY or UNKNOWN. `last`: who held it last (the holder, if there is one), with which thread `state`, or 0."""

    t: int
    pid: int
    holder: int
    last: int
    switch_number: int
    interpreter: int = 0
    state: int = 0


@dataclass(frozen=True, slots=True)
class Blind:
    """Any record of any process may be missing in `[t, until]`."""

    t: int
    until: int


Observation = Took | Dropped | Asked | Looked | Blind | SourceChange


class _Gil:
    __slots__ = ("base", "blind_until", "contradictions", "counted", "holder", "key", "last", "latest", "seen", "source", "state", "unsure")

    def __init__(self, pid: int, interpreter: int) -> None:
        self.key = pid, interpreter
        self.source: Source = "off"
        self.holder = UNKNOWN
        self.unsure = True  # No record has told the holder since the source became exact: the next look does.
        self.last = UNKNOWN
        self.state = 0
        self.seen = 0
        self.contradictions = 0
        self.blind_until = 0
        self.base: tuple[int, int, int] | None = None
        self.latest: tuple[int, int, int] | None = None
        self.counted: GilAccount | None = None

    def account(self) -> GilAccount | None:
        """Of all the times that it was read twice without being lost in between."""
        if self.base is None or self.latest is None:
            return self.counted
        (since, count, seen), (until, count_now, seen_now) = self.base, self.latest
        before = self.counted or GilAccount(0, 0, since, since, self.source, 0)
        handoffs, ours = before.handoffs + count_now - count, before.seen + seen_now - seen
        return GilAccount(handoffs, ours, before.since_ns, until, self.source, self.contradictions)


class GilFold:
    """Mutable; one for all GILs of a run."""

    def __init__(self) -> None:
        self._pending: list[Observation] = []
        self._gils: dict[tuple[int, int], _Gil] = {}
        self._asking: dict[int, dict[int, int]] = {}
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

    def account(self, pid: int, interpreter: int = 0) -> GilAccount | None:
        """None when the struct was not read at two different times."""
        gil = self._gils.get((pid, interpreter))
        return None if gil is None else gil.account()

    def accounts(self) -> dict[tuple[int, int], GilAccount]:
        """By (pid, interpreter), of every GIL that has one, whether it is there or not."""
        found = {key: gil.account() for key, gil in self._gils.items()}
        return {key: account for key, account in found.items() if account is not None}

    def _apply(self, observation: Observation, t: int) -> None:
        match observation:
            case Blind():
                for gil in self._gils.values():
                    if gil.source == "exact":
                        self._hold(gil, t, UNKNOWN)
                        gil.last, gil.state, gil.unsure = UNKNOWN, 0, True
                        gil.blind_until = max(gil.blind_until, observation.until)
                self._asking.clear()
            case Asked():
                main = self._gil(observation.pid, 0)
                asking = self._asking.setdefault(observation.pid, {})
                if main.source == "exact" and t >= main.blind_until:
                    if observation.tid not in asking:
                        self._asks.append((t, observation.pid, observation.tid))
                    asking[observation.tid] = observation.state
            case SourceChange():
                self._change(self._gil(observation.pid, observation.interpreter), t, observation)
            case Looked():
                self._look(self._gil(observation.pid, observation.interpreter), t, observation)
            case Took() | Dropped():
                gil = self._gil(observation.pid, observation.interpreter)
                if gil.source != "exact" or t < gil.blind_until:
                    return
                gil.contradictions += gil.holder not in (observation.tid, NOBODY, UNKNOWN) and not gil.unsure
                gil.unsure = False
                if isinstance(observation, Dropped):
                    self._hold(gil, t, NOBODY)
                    return
                state = self._asking.get(observation.pid, {}).pop(observation.tid, 0)
                self._hold(gil, t, observation.tid)
                self._last(gil, observation.tid, state)

    def _gil(self, pid: int, interpreter: int) -> _Gil:
        key = pid, interpreter
        if key not in self._gils:
            self._gils[key] = _Gil(pid, interpreter)
        return self._gils[key]

    def _change(self, gil: _Gil, t: int, change: SourceChange) -> None:
        if change.interpreter == 0:
            self._asking.pop(change.pid, None)
        if change.source in ("off", "absent"):
            self._hold(gil, t, UNKNOWN if change.source == "off" or gil.holder == UNKNOWN else NOBODY)
            gil.counted = gil.account()
            gil.last, gil.state, gil.base, gil.latest = UNKNOWN, 0, None, None
        if change.source != gil.source or change.why:
            self._changes.append(SourceChange(t, change.pid, change.source, change.why, change.interpreter))
        gil.source, gil.unsure = change.source, True

    def _look(self, gil: _Gil, t: int, look: Looked) -> None:
        if gil.source in ("off", "absent"):
            return
        if gil.source == "sampled" or (gil.unsure and t >= gil.blind_until):
            self._hold(gil, t, look.holder)
            self._last(gil, look.last, look.state)
        gil.latest = (t, look.switch_number, gil.seen)
        if gil.base is None:
            gil.base = gil.latest

    def _hold(self, gil: _Gil, t: int, tid: int) -> None:
        if gil.holder != tid:
            gil.holder = tid
            pid, interpreter = gil.key
            self._holds.append((t, pid, tid, interpreter))

    def _last(self, gil: _Gil, tid: int, state: int) -> None:
        """Counts as CPython does, by thread states, where they are known: a thread that visits another interpreter has several."""
        if state and gil.state:
            gil.seen += state != gil.state
        elif tid != gil.last:
            # Out of the unknown nothing is counted: CPython's count of that time has gone on, and the difference says so.
            gil.seen += gil.last != UNKNOWN and tid > 0
        gil.last, gil.state = tid, state
