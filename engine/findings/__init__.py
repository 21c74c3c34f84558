"""What a trace shows, in sentences.

`findings` are the contract's, the gravest first; `headline` is the one sentence above the picture. Both are pure functions of a trace and
its figures (`engine.metrics.metrics`, with a speedup if one is known). A finding is a small type with a check and a text: to add one,
write it beside its kin and name it in CHECKS.
"""

from __future__ import annotations

from typing import Any

from engine.findings.case import Case
from engine.findings.cores import CoreBound, GilBound, GilOverlap, NativeReleasesGil, TrueParallelism
from engine.findings.ending import JobsFailed, ProgramFailed, RunCutOff, RunFailed
from engine.findings.finding import Finding
from engine.findings.headline import headline_of
from engine.findings.overheads import StartupDominates
from engine.findings.recorder import HandoffsMissed, HighSteal, RecordsDropped, SourceFellBack, TimeUnknown
from engine.findings.waits import LoopBlocked, WaitsInSequence, WaitsOverlap
from engine.trace import Trace

CHECKS: tuple[type[Finding], ...] = (
    RunFailed,
    RunCutOff,
    JobsFailed,
    ProgramFailed,
    GilBound,
    LoopBlocked,
    WaitsInSequence,
    TrueParallelism,
    WaitsOverlap,
    NativeReleasesGil,
    CoreBound,
    StartupDominates,
    GilOverlap,
    RecordsDropped,
    TimeUnknown,
    SourceFellBack,
    HandoffsMissed,
    HighSteal,
)
_ORDER = {"critical": 0, "warning": 1, "info": 2}


def findings(trace: Trace, metrics: dict[str, Any]) -> list[dict[str, Any]]:
    """As the contract spells them; the gravest first, else in the order of CHECKS."""
    case = Case(trace, metrics)
    found = [finding.to_json() for check in CHECKS if (finding := check.check(case)) is not None]
    return sorted(found, key=lambda finding: _ORDER[finding["severity"]])


def headline(trace: Trace, metrics: dict[str, Any]) -> str:
    """One sentence, without a full stop at its end."""
    return headline_of(Case(trace, metrics))


__all__ = ["CHECKS", "Case", "Finding", "findings", "headline"]
