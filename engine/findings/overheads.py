"""Findings about what is not the work itself: creating and joining workers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from engine.findings.case import Case
from engine.findings.finding import Finding
from engine.wording import duration, percent


@dataclass(frozen=True, kw_only=True)
class StartupDominates(Finding):
    """Creating, feeding and joining workers took a good part of the whole."""

    kind: ClassVar[str] = "startup_dominates"
    who: str
    around_ns: int
    elapsed_ns: int

    @classmethod
    def check(cls, case: Case) -> Self | None:
        elapsed = case.figures.get("elapsed_ns")
        if not elapsed or not case.wall_ns:
            return None
        around = elapsed - case.wall_ns
        if around < 0.25 * elapsed:
            return None
        return cls(
            severity="warning" if around >= 0.5 * elapsed else "info",
            who=case.who(),
            around_ns=around,
            elapsed_ns=elapsed,
            lanes=case.scope.carriers,
        )

    @property
    def text(self) -> str:
        return (
            f"{duration(self.around_ns)} of {duration(self.elapsed_ns)} ({percent(self.around_ns / self.elapsed_ns)}) went into "
            f"starting, feeding and joining {self.who}, not into jobs. Larger jobs, or workers that are kept, make that matter less."
        )
