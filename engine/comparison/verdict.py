"""The sentence that answers "which model, and why", clause by clause.

    interpreters and processes: 1.7–1.8 times as fast as sequential (1.01–1.09 s instead of 1.77 s), kept 1.9 of 2 cores busy, with no
    single GIL in the way; threads: no faster, took turns on the GIL (72 % of worker time spent waiting for it); asyncio: no faster, …

Differences within what runs differ by anyway are told as none, and what failed, was cancelled or has gone is told in the notes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from engine.comparison.entrant import DELETED
from engine.comparison.measure import ALIKE, DISTURBED
from engine.comparison.reasons import words_of
from engine.comparison.standing import Standing
from engine.wording import duration, listed, percent, ranged

_STEAL = "high_steal"
_LIVE = ("queued", "starting", "running")


@dataclass(frozen=True, slots=True)
class Clause:
    """What is said of some entrants at once. `against`: `faster`, `alike`, `slower` than the baseline, or None."""

    names: tuple[str, ...]
    gain: str
    reason: str = ""
    against: str | None = None

    @property
    def text(self) -> str:
        said = f"{self.gain}, {self.reason}" if self.reason else self.gain
        return f"{listed(self.names)}: {said}" if self.names else said

    def to_json(self) -> dict[str, Any]:
        return {"names": list(self.names), "gain": self.gain, "reason": self.reason, "against": self.against, "text": self.text}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`answer` is the first clause; `notes` are whole sentences of what to bear in mind.

    `so_far`: runs are still to come. `disturbed`: other programs had the cores, as the first clause says.
    """

    clauses: tuple[Clause, ...]
    notes: tuple[str, ...] = ()
    so_far: bool = False
    disturbed: bool = False

    @property
    def sentence(self) -> str:
        """Without a full stop at its end."""
        said = "; ".join(clause.text for clause in self.clauses)
        return f"So far: {said}" if self.so_far and any(clause.names for clause in self.clauses) else said

    def to_json(self) -> dict[str, Any]:
        told = [clause.to_json() for clause in self.clauses]
        return {"answer": told[0], "clauses": told[1:], "notes": list(self.notes), "so_far": self.so_far, "disturbed": self.disturbed}


def verdict(placed: Sequence[Standing]) -> Verdict:
    """Never says more than the figures do."""
    timed = [one for one in placed if one.elapsed_ns]
    live = [one for one in placed if one.entrant.status in _LIVE]
    return Verdict(tuple(_clauses(timed, live)), tuple(_notes(placed, timed, live)), bool(live), _is_disturbed(timed))


def _clauses(timed: list[Standing], live: list[Standing]) -> Iterable[Clause]:
    if not timed:
        done = "No run has come to its end yet" if live else "No run came to its end: there is nothing to compare"
        return [Clause((), done)]
    if len(timed) == 1:
        only = timed[0]
        rest = "the others are still to come" if live else "the others did not come to their end, so there is nothing to hold it against"
        return [Clause((only.name,), f"{_took(only)}; {rest}")]
    if len({one.entrant.task for one in timed}) > 1:
        return [Clause((), "These runs did different work, so their times do not tell which way is better")]
    base = next((one for one in timed if one.is_base), None)
    told = list(_against(base, timed) if base else _among(timed))
    if _is_disturbed(timed):
        return [Clause((), "Other programs had the cores meanwhile, so these times do not tell which is best"), *told]
    return told


def _against(base: Standing, timed: list[Standing]) -> Iterable[Clause]:
    """With a baseline: those that are faster, beginning with the fastest and whoever shares its reason, then all others."""
    ahead = [one for one in timed if one.against == "faster"]
    if not ahead:
        yield Clause((), f"Nothing is faster than {base.name} here ({_took(base)})", against="alike")
    for at, group in enumerate(_grouped(ahead)):
        gain = f"{_times([one.speedup or 0.0 for one in group])} as fast"
        yield _clause(group, f"{gain} as {base.name} ({_took(*group)} instead of {_took(base)})" if at == 0 else gain)
    for group in _grouped([one for one in timed if one not in ahead and one is not base]):
        slower = f"slower ({_times([one.speedup or 0.0 for one in group])} its speed)"
        yield _clause(group, slower if group[0].against == "slower" else "no faster")


def _among(timed: list[Standing]) -> Iterable[Clause]:
    """Without one: those in front against the slowest, then all others."""
    slowest = max(timed, key=lambda one: one.elapsed_ns or 0)
    if slowest.leads:
        yield Clause((), f"No clear difference: all took {_took(*timed)}", against="alike")
        return
    for at, group in enumerate(_grouped([one for one in timed if one.leads])):
        gain = f"{_times([(slowest.elapsed_ns or 0) / (one.elapsed_ns or 1) for one in group])} as fast"
        yield _clause(group, f"{gain} as {slowest.name} ({_took(*group)} instead of {_took(slowest)})" if at == 0 else gain, "faster")
    for group in _grouped([one for one in timed if not one.leads]):
        clause = _clause(group, _took(*group))
        if group != [slowest] or clause.reason:
            yield clause


def _grouped(standings: list[Standing]) -> list[list[Standing]]:
    """By what is said of them: the group of the fastest first, the fastest of each first."""
    groups: dict[tuple[str | None, str | None], list[Standing]] = {}
    for one in sorted(standings, key=lambda one: one.elapsed_ns or 0):
        groups.setdefault((one.against, one.reason.kind if one.reason else None), []).append(one)
    return list(groups.values())


def _clause(group: list[Standing], gain: str, against: str | None = None) -> Clause:
    reasons = [one.reason for one in group if one.reason]
    return Clause(tuple(one.name for one in group), gain, words_of(reasons) if reasons else "", against or group[0].against)


def _times(factors: Sequence[float]) -> str:
    """`1.9 times`, `1.7–1.9 times`; two digits behind the point where it is about 1."""
    said = "{:.2f} times" if min(factors) < 1.1 else "{:.1f} times"
    return ranged(min(factors), max(factors), said.format)


def _took(*some: Standing) -> str:
    times = [one.elapsed_ns or 0 for one in some]
    return ranged(min(times), max(times), duration)


def _is_disturbed(timed: Sequence[Standing]) -> bool:
    """Whether somebody else could have been the fastest, or the fastest no faster than the baseline, had the cores been there for them."""
    if len({one.entrant.task for one in timed}) != 1 or len(timed) < 2:
        return False
    best = min(timed, key=lambda one: one.elapsed_ns or 0)
    robbed = [one for one in _disturbed(timed) if one is not best]
    return any(
        (one.elapsed_ns or 0) * (1 - one.disturbance) < (best.elapsed_ns or 0) * (1 + ALIKE if one.is_base else 1 - ALIKE) for one in robbed
    )


def _disturbed(timed: Sequence[Standing]) -> list[Standing]:
    return [one for one in timed if one.disturbance >= DISTURBED]


def _notes(placed: Sequence[Standing], timed: list[Standing], live: list[Standing]) -> Iterable[str]:
    for one in placed:
        ended = one.entrant.status
        if ended == DELETED:
            yield f"The trace of {one.name} was deleted."
        elif ended not in _LIVE and not one.elapsed_ns:
            yield (
                f"{one.name} was {ended}." if ended != "failed" else f"{one.name} failed: {one.entrant.error or 'no reason is on record'}."
            )
        elif one.elapsed_ns and ended not in _LIVE and len(one.entrant.whole) < len(one.entrant.runs):
            yield f"Of {len(one.entrant.runs)} runs of {one.name}, {len(one.entrant.whole)} came to the end."
    if len(timed) < 2:
        return
    if not any(one.entrant.is_baseline or one.entrant.is_program for one in placed) and len({one.entrant.task for one in timed}) == 1:
        yield "There is no sequential run here, so nothing tells whether concurrency was worth it."
    elif not live and any(one.entrant.is_baseline for one in placed) and not any(one.entrant.is_baseline for one in timed):
        yield "Without a time of sequential there are no speedups."
    if len({one.entrant.machine for one in timed}) > 1:
        yield "Not all of these were recorded on the same machine: times of different machines cannot be held against each other."
    if any(run and _STEAL in run.kinds for run in (one.entrant.middle for one in timed)):
        yield "The machine's host withheld part of the cores' time from some of these runs, so that their times say less."
    if disturbed := _disturbed(timed):
        taken = ranged(min(one.disturbance for one in disturbed), max(one.disturbance for one in disturbed), percent)
        who = listed([one.name for one in disturbed]) if len(disturbed) < len(timed) else "all of these runs"
        yield f"In {who}, workers were ready for {taken} of their time while other programs had the cores: repeat it on a quiet machine."
    if all(len(one.entrant.runs) == 1 for one in timed):
        yield "One run each: differences under 10 % count as none. Repeat the runs to see how far their times spread."
    elif all(len(one.entrant.whole) > 1 for one in timed):
        yield "Times are medians of repeated runs; differences within their spread count as none."
