"""Findings about the recorder itself: what it could not see, and what that means for the reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from engine.findings.case import Case
from engine.findings.finding import Finding, place
from engine.wording import count, percent

_SOURCES = {
    "marks": ("marks in the measured program", "jobs, tasks and the kinds of waits"),
    "kernel": ("the kernel's context switches", "who was on which core, and when"),
    "gil": ("the watch on the GIL", "who held the GIL, and who waited for it"),
    "waits": ("the watch on what threads block in", "a lock from a socket and a sleep, in code that marks nothing"),
}
_MEANINGS = {
    "sampled": "was sampled: what is shorter than a sample is missed",
    "inferred": "was inferred from other sources: times on the chart are likely, not certain",
    "off": "was off: what only it can tell is unknown",
}


@dataclass(frozen=True, kw_only=True)
class SourceFellBack(Finding):
    """A source did not tell exactly. One finding for all of them."""

    kind: ClassVar[str] = "source_fell_back"
    sources: tuple[tuple[str, str], ...]

    @classmethod
    def check(cls, case: Case) -> Self | None:
        weak = [(name, how) for name, how in case.trace.record.sources.items() if how in _MEANINGS and name in _SOURCES]
        if case.without_gil:
            weak = [(name, how) for name, how in weak if name != "gil"]
        return cls(sources=tuple(weak)) if weak else None

    @property
    def text(self) -> str:
        return " ".join(_sentence(name, how) for name, how in self.sources)


@dataclass(frozen=True, kw_only=True)
class RecordsDropped(Finding):
    """Records were lost on the way."""

    kind: ClassVar[str] = "records_dropped"
    dropped: int

    @classmethod
    def check(cls, case: Case) -> Self | None:
        dropped = case.figures["recorder"]["dropped"]
        return cls(severity="warning", dropped=dropped) if dropped else None

    @property
    def text(self) -> str:
        return f"{count(self.dropped, 'record')} {'was' if self.dropped == 1 else 'were'} lost; the times concerned are shown as unknown."


@dataclass(frozen=True, kw_only=True)
class HandoffsMissed(Finding):
    """Fewer GIL hand-offs are on the chart than CPython counted."""

    kind: ClassVar[str] = "handoffs_missed"
    seen: int
    counted: int

    @classmethod
    def check(cls, case: Case) -> Self | None:
        seen, counted = case.gil.get("seen_handoffs"), case.gil.get("handoffs")
        if seen is None or not counted or counted - seen <= max(2, 0.02 * counted):
            return None
        promised = case.trace.record.sources.get("gil") == "exact"
        return cls(severity="warning" if promised else "info", seen=seen, counted=counted)

    @property
    def text(self) -> str:
        share = percent(self.seen / self.counted)
        return f"Saw {self.seen:,} of {self.counted:,} GIL hand-offs ({share}): the shortest holds are missing from the GIL's lane."


@dataclass(frozen=True, kw_only=True)
class TimeUnknown(Finding):
    """For part of the time no source tells the state."""

    kind: ClassVar[str] = "time_unknown"
    who: str
    share: float

    @classmethod
    def check(cls, case: Case) -> Self | None:
        every = sum((case.figures.get("states") or {}).values())
        unknown = case.time_in("unknown")
        if not every or unknown < 0.01 * every:
            return None
        return cls(severity="warning" if unknown > 0.1 * every else "info", who=case.who(), share=unknown / every, **place(case))

    @property
    def text(self) -> str:
        return f"For {percent(self.share)} of the time of {self.who} no source tells the state. The shares given are of the rest."


@dataclass(frozen=True, kw_only=True)
class HighSteal(Finding):
    """The machine is virtual, and its host gave part of the cores' time to others."""

    kind: ClassVar[str] = "high_steal"
    share: float

    @classmethod
    def check(cls, case: Case) -> Self | None:
        share = case.trace.record.host.get("steal_ratio")
        if not isinstance(share, int | float) or share < 0.05:
            return None
        return cls(severity="warning", share=float(share))

    @property
    def text(self) -> str:
        return (
            f"The host of this virtual machine withheld {percent(self.share)} of the cores' time (steal): "
            "lanes shown as running were partly not. Compare times only with runs under the same load."
        )


def _sentence(name: str, how: str) -> str:
    what, tells = _SOURCES.get(name, (name, "something of this trace"))
    return f"{what[:1].upper()}{what[1:]} (which tells {tells}) {_MEANINGS[how]}."
