"""One process of a run and the GILs in it: that of its main interpreter, and those of interpreters that come and go."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace

from engine.probes import procfs
from engine.probes.gil.events import Source
from engine.probes.gil.family import Family
from engine.probes.gil.guard import RateGuard
from engine.probes.gil.interpreters import Interpreters
from engine.probes.gil.sample import GilSampler
from engine.probes.gil.structs import Gil
from engine.probes.gil.watch import Act

_CHECK_NS = 20_000_000
_YOUNG_NS = 200_000_000
_COUNT_NS = 3_000_000
_NEVER = sys.maxsize


class SeenGil:
    """One GIL. It was there from some time after `since_ns` on, until some time before `until_ns`.

    `source` is how it is seen at present, None before that was told.
    """

    __slots__ = ("address", "interpreter", "next_look_ns", "sampler", "since_ns", "source", "switch_number", "until_ns")

    def __init__(self, pid: int, gil: Gil, interpreter: int, since_ns: int) -> None:
        self.address, self.interpreter = gil.address, interpreter
        self.sampler = GilSampler(pid, gil, interpreter)
        self.since_ns, self.until_ns = since_ns, _NEVER
        self.source: Source | None = None
        self.next_look_ns = 0
        self.switch_number = 0

    def looked(self, t: int) -> None:
        """Settles when to look again: each time where looks tell the holder, and for who is young and may end any moment, so that CPython's
        count of its hand-offs is not lost; else now and then, for that count."""
        self.next_look_ns = t + _CHECK_NS if self.source == "exact" and t > self.since_ns + _YOUNG_NS else 0


class GilProcess:
    """Valid until the process calls exec. `watched_ns`: since when what it forks inherits watchpoints. `lone`: it had but one thread when
    that was last counted, and is spared for it. `frugal`: it may cost no more than one of a single thread, for more were not seen yet."""

    def __init__(self, pid: int, gil: Gil, guard: RateGuard, since_ns: int) -> None:
        self.pid, self.gil, self.guard, self.since_ns = pid, gil, guard, since_ns
        self.watched_ns = 0
        self.family: Family | None = None
        self.lone = self.frugal = False
        self._counted_ns = self._spared_ns = 0
        self._spared = False
        self.main = SeenGil(pid, gil, 0, since_ns)
        listing = gil.struct.listing
        self._interpreters = None if listing is None else Interpreters(pid, gil, listing)
        self._listed_ns = since_ns
        self._own: dict[int, SeenGil] = {}
        self._gone: list[SeenGil] = []
        self._strange: dict[int, set[bool]] = {}

    def __iter__(self) -> Iterator[SeenGil]:
        """Those that are there, the main one first."""
        yield self.main
        yield from self._own.values()

    def list(self, now_ns: int) -> tuple[list[SeenGil], list[SeenGil]]:
        """Looks which interpreters there are: those that are new, and those that have gone. `now_ns`: the present time, or earlier.

        Raises ProcessLookupError when the process is gone, OSError when it has become another program.
        """
        numbers = None if self._interpreters is None else self._interpreters.look()
        if numbers is None:
            return [], []
        gone = [gil for address, gil in self._own.items() if numbers.get(address) != gil.interpreter]
        for gil in gone:
            del self._own[gil.address]
            gil.until_ns = now_ns
        self._gone += gone
        new = [
            SeenGil(self.pid, replace(self.gil, own=address), number, self._listed_ns)
            for address, number in numbers.items()
            if address not in self._own
        ]
        self._own |= {gil.address: gil for gil in new}
        self._listed_ns = now_ns
        return new, gone

    def still_lone(self, now_ns: int) -> bool:
        """Whether it has but one thread, as it was when that was last counted: now, or some milliseconds ago."""
        if now_ns >= self._counted_ns + _COUNT_NS:
            self._counted_ns = now_ns
            self.lone = len(procfs.threads(self.pid)) < 2
        return self.lone

    def spared(self, now_ns: int) -> bool:
        """Whether it could be watched and is not because it has but one thread, as that was counted some hundredths of a second ago."""
        if not self.frugal or self.family is None:
            return False
        if now_ns >= self._spared_ns + _CHECK_NS:
            self._spared_ns, self._spared = now_ns, self.alone
        return self._spared

    @property
    def alone(self) -> bool:
        """Whether it has but one thread now."""
        return len(procfs.threads(self.pid)) < 2

    def settled(self, t: int) -> bool:
        """Whether it is known which interpreters there were at `t`."""
        return self._interpreters is None or t <= self._listed_ns

    def resolve(self, acts: tuple[Act, ...], t: int) -> tuple[bool, int] | None:
        """Which of these a record of time `t` means: whether a GIL was taken, and whose. None when no such GIL is known."""
        for took, address in acts:
            if address == self.main.address:
                return took, 0
            gil = self._own.get(address)
            if gil is not None and gil.since_ns < t:
                return took, gil.interpreter
            # The memory of an ended interpreter may be that of the next one: the latest that it can be is it.
            for gil in reversed(self._gone):
                if gil.address == address and gil.since_ns < t < gil.until_ns:
                    return took, gil.interpreter
        return None

    def unlisted(self, rows: Iterable[tuple[int, int, tuple[Act, ...]]]) -> tuple[SeenGil, ...]:
        """Those whose interpreters came and went unseen, found by records (t, tid, what they may mean) that belong to nobody known.

        A GIL is taken and dropped by turns. Interpreters are numbered in the order in which they are made: theirs are those that lack.
        """
        if self._interpreters is None:
            return ()
        turns: dict[int, list[tuple[int, int, bool]]] = {}
        for t, tid, acts in rows:
            for took, address in acts:
                turns.setdefault(address, []).append((t, tid, took))
        found: tuple[SeenGil, ...] = ()
        for address, seen in sorted(turns.items(), key=lambda turn: turn[1][0]):
            pairs = list(zip(seen[::2], seen[1::2], strict=False))
            if not pairs or not all(take[2] and not drop[2] and take[1] == drop[1] for take, drop in pairs):
                continue
            used = self._interpreters.numbers | {gil.interpreter for gil in (*self._own.values(), *self._gone)}
            number = next(number for number in range(1, len(used) + 2) if number not in used)
            self._interpreters.numbers.add(number)
            gil = SeenGil(self.pid, replace(self.gil, own=address), number, seen[0][0] - 1)
            gil.until_ns = seen[-1][0] + 1
            found += (gil,)
        self._gone += found
        return found

    def forget_before(self, t: int) -> None:
        """Of what was gone by then, no records will come."""
        self._gone = [gil for gil in self._gone if gil.until_ns >= t]

    def strange(self, acts: tuple[Act, ...]) -> bool:
        """Whether a GIL that cannot be told apart gives itself away by these: by being taken, and dropped, at the same address."""
        if len(self._strange) > 1000:
            return False
        for took, address in acts:
            self._strange.setdefault(address, set()).add(took)
        return any(len(self._strange[address]) == 2 for _, address in acts)
