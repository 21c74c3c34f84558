"""When a thread left its core and came back to it, from its accounts.

An account says how long the thread has been on a core and how long it has waited for one. For as long as it does not sleep, the sum of both
grows as time does: so once it is known when the sum was what, it is known to the nanosecond when it left its core and when it came back.

    the clock        ──────────────────────────────────────────────
    on a core        ▔▔▔▔▔▔▔▔▁▁▁▁▁▁▁▁▔▔▔▔▔▔▔▁▁▁▁▁▁▁▁▁▁▁▁▔▔▔▔▔▔▔▔▔▔▔
    used + waited    ╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱────────╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱
    slept            ────────────────────────╱╱╱╱╱╱╱╱───────────────     what the clock says, less used and waited: it never falls

What of it was slept is what has to be found out. An account is brought up to date at some moment (an update) between the reading that
has it and the one before: hence `slept` is at most what it is for the one, and at least what it is for the other. Better is known

- of whom we drove from its core when a thread of ours woke there: that was the moment of its last update;
- of who told by its own clock what it had used at some moment (a tick): there it was on its core, just so far.

    a visit of ours        ▔▔▔                    ▔▔
    ticks              ·         ·       ·       ·      ·
    on a core        ▔▔▔▔▔▔▁▁▁▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▁▁▔▔▔▔▔      who comes back at once has not waited for longer
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from engine.probes.schedstat import Account

SURE_NS = 60_000
"""An update was the doing of a visit if then the thread has slept no longer than that since the one before; so wrong its place may be."""
_UNSURE_NS = 1_000_000
"""And so wrong that of an update of which nothing better is known than that it was seen."""
_LATE_NS = 30_000
"""How old an update mostly is when it is read."""
_ENDS_NS = 10_000
"""A visit so near to the end of a spell is what ended it."""
_BREAK_NS = 8_000
"""What is shorter is no break between two ticks, but what switching to the kernel and back took."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A thread of ours was on core `cpu` from `came` to `left`."""

    came: int
    left: int
    cpu: int

    @property
    def length(self) -> int:
        return self.left - self.came


@dataclass(frozen=True, slots=True)
class Piece:
    """Until `upto`, from where the piece before ends, it was on a core or not, and waited for one for `waited` of that."""

    upto: int
    on: bool
    waited: int
    unsure: int


@dataclass(slots=True)
class Update:
    """In `[since, seen]` the account came to `oncpu` and `total` (used and waited): by `used` since the update before, and by `waited` in
    `slices` times.

    `visits` are those to its core in that time, unless it sleeps now. `alone`: nobody else can be whom the last of them drove away. `back`:
    how long the thread waited then if it was back on its core when the account was read, by the length of a visit; 0 if it was not.
    """

    since: int
    seen: int
    oncpu: int
    total: int
    used: int
    waited: int
    slices: int
    visits: tuple[Visit, ...]
    back: int
    alone: bool = False

    def doings(self) -> Iterator[tuple[int, int]]:
        """For each visit that may have caused it: how much the thread had slept by then, and how much it waited afterwards."""
        for visit in self.visits:
            if visit.came >= self.since - SURE_NS:
                yield visit.came - self.total, 0
                if self.back and visit.left < self.seen:
                    yield visit.came - self.total + self.back, self.back

    def inner(self, begin: int, end: int, times: int) -> list[Visit]:
        """Those, `times` at most, that made it wait again in a stretch on its core up to `end`, which but for them began at `begin`."""
        found: list[Visit] = []
        for visit in reversed(self.visits):
            if len(found) < times and visit.left <= end and visit.came > begin - visit.length:
                found.insert(0, visit)
                begin -= visit.length
        return found


class ThreadAccount:
    """`take` its accounts, then `place` the `updates` from the first on when no more is to be learnt of them.

    `told`: up to when that was told, for whoever tells it to keep. `read` is the account that was read last.
    """

    __slots__ = ("_bounds", "_driven", "_owing", "_slept", "_updated", "read", "told", "updates")

    def __init__(self, account: Account) -> None:
        self.told = account.since
        self.read = Account(account.pid, account.tid, account.since, account.since, 0, 0, 0, account.cpu, account.ready)
        self.updates: deque[Update] = deque()
        # The account of the last update.
        self._updated = self.read
        # What it had slept by the last update that is placed, how long it waited then before it was back, whether a visit drove it away.
        self._slept: int | None = None
        self._owing, self._driven = 0, False
        # What it had slept at most when it was read: those that are not above a later one.
        self._bounds: deque[tuple[int, int]] = deque()

    def take(self, account: Account, visits: deque[Visit]) -> Update | None:
        """Answers with the update, if there was one. `visits` are the latest ones, to all cores."""
        total = account.oncpu_ns + account.waited_ns
        bound = account.t - total
        while self._bounds and self._bounds[-1][1] >= bound:
            self._bounds.pop()
        self._bounds.append((account.t, bound))
        last, before, self.read = self.read, self._updated, account
        if account.oncpu_ns == before.oncpu_ns:
            return None
        self._updated = account
        mine: deque[Visit] = deque()
        for visit in reversed(visits):
            if visit.came <= before.t or not account.ready:
                break
            if visit.cpu == account.cpu and visit.came <= account.t:
                mine.appendleft(visit)
        back = 0
        if mine and account.slices > last.slices:
            back, length = account.waited_ns - last.waited_ns, mine[-1].length
            if account.slices > last.slices + 1:
                back = min(back, length)
            elif abs(back - length) > SURE_NS:
                back = 0
        used, waited = account.oncpu_ns - before.oncpu_ns, account.waited_ns - before.waited_ns
        slices = account.slices - before.slices
        update = Update(account.since, account.t, account.oncpu_ns, total, used, waited, slices, tuple(mine), back)
        self.updates.append(update)
        return update

    def place(self, update: Update, ticks: Iterable[tuple[int, int]]) -> list[Piece]:
        """What it did from the update before to this one. To be asked of each in order. `ticks`: (when, on a core for how long in all)."""
        update.waited += self._owing
        self._owing = 0
        inside = [(t, oncpu) for t, oncpu in ticks if update.oncpu - update.used < oncpu <= update.oncpu and t <= update.seen]
        return self._by_ticks(update, inside) if inside else self._by_accounts(update)

    def _by_ticks(self, update: Update, ticks: list[tuple[int, int]]) -> list[Piece]:
        (first, had), (last, has) = ticks[0], ticks[-1]
        start = first - (had - (update.oncpu - update.used))
        away = start - self.told
        times, waited = update.slices, max(away, 0)
        inner = update.inner(start, first, times - 1)
        again = sum(visit.length for visit in inner)
        if again > away:
            inner, again = [], 0
        pieces = [Piece(self.told + away - again, False, min(update.waited, waited), SURE_NS), *_breaks(inner)]
        times -= len(inner) + (away - again > _BREAK_NS)
        for (t0, before), (t1, after) in pairwise(ticks):
            length = (t1 - t0) - (after - before)
            # More often it cannot have been away: another machine had the core.
            if length >= _BREAK_NS and times > 0:
                came = [visit.came for visit in update.visits if t0 <= visit.came <= t1 - length]
                left = came[-1] if came else (t0 + t1 - length) // 2
                pieces += _breaks([Visit(left, left + length, -1)])
                times, waited = times - 1, waited + length
        at = last + update.oncpu - has
        for visit in update.visits:
            if times > 0 and last < visit.came < at - _ENDS_NS and at + visit.length <= update.seen:
                pieces += _breaks([visit])
                times, waited, at = times - 1, waited + visit.length, at + visit.length
        self._owing = max(update.waited - waited, 0) if self._slept is not None else 0
        self._slept = at - (update.total - self._owing)
        self._driven = any(abs(visit.came - at) < SURE_NS for visit in update.visits) and not self._owing
        return [*pieces, Piece(at, True, 0, SURE_NS)]

    def _by_accounts(self, update: Update) -> list[Piece]:
        while len(self._bounds) > 1 and self._bounds[0][0] < update.seen:
            self._bounds.popleft()
        least, most = update.since - update.total, min(update.seen - update.total, self._bounds[0][1])
        before = self._slept if self._slept is not None else least
        slept, after = min(update.doings(), key=lambda doing: abs(doing[0] - before), default=(0, 0))
        # Between being driven away and coming back, or without either, there is no sleep.
        awake = self._slept is not None and update.slices == self._driven
        unsure, self._driven = SURE_NS, bool(update.visits)
        if update.visits and abs(slept - before) < SURE_NS:
            update.total, update.waited, self._owing = update.total - after, update.waited - after, after
            most += after
        elif update.visits and update.alone:
            slept, after = update.visits[-1].came - update.total, 0
        else:
            after, self._driven = 0, False
            slept = before
            if self._slept is None or not least <= before <= most:
                slept, unsure = max(least, most - _LATE_NS, before), _UNSURE_NS
        self._driven &= not after
        self._slept = slept = min(slept, most)
        at = update.total + slept
        # Time that another machine had, the thread was on its core all the same.
        stolen = max(slept - before, 0) if awake else 0
        inner = update.inner(at - update.used, at - _ENDS_NS, update.slices - 1)
        again = sum(visit.length for visit in inner)
        if again >= update.waited:
            inner, again = [], 0
        start = Piece(at - update.used - stolen - again, False, update.waited - again, unsure)
        return [start, *_breaks(inner), Piece(at, True, 0, unsure)]


def _breaks(visits: Iterable[Visit]) -> Iterator[Piece]:
    """On a core, but for these."""
    for visit in visits:
        yield Piece(visit.came, True, 0, SURE_NS)
        yield Piece(visit.left, False, visit.length, SURE_NS)
