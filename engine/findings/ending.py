"""Findings about how a run ended, when it did not end well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from engine.findings.case import Case
from engine.findings.finding import Finding
from engine.wording import count, duration, signal_name


@dataclass(frozen=True, kw_only=True)
class RunFailed(Finding):
    """The run failed; the record goes as far as the failure."""

    kind: ClassVar[str] = "run_failed"
    message: str
    told_ns: int

    @classmethod
    def check(cls, case: Case) -> Self | None:
        if case.trace.record.status != "failed":
            return None
        return cls(severity="critical", message=message_of(case), told_ns=case.trace.t_ns, t0_ns=0, t1_ns=case.trace.t_ns)

    @property
    def text(self) -> str:
        return f"The run failed: {self.message}. Everything up to then, {duration(self.told_ns)}, is on record."


@dataclass(frozen=True, kw_only=True)
class RunCutOff(Finding):
    """The run was cancelled, or the recording of it was cut off."""

    kind: ClassVar[str] = "run_cut_off"
    why: str
    done: str

    @classmethod
    def check(cls, case: Case) -> Self | None:
        status, jobs = case.trace.record.status, case.figures["jobs"]
        if status not in ("cancelled", "interrupted"):
            return None
        why = "was cancelled" if status == "cancelled" else "was interrupted: the recording program ended before it did"
        done = "" if case.is_program else f"{jobs['completed']:,} of {count(jobs['total'], 'job')} had been completed; "
        return cls(severity="warning", why=why, done=done)

    @property
    def text(self) -> str:
        told = f"{self.done}figures are of what was recorded."
        return f"The run {self.why}. {told[0].upper()}{told[1:]}"


@dataclass(frozen=True, kw_only=True)
class ProgramFailed(Finding):
    """A recorded program ended, but not well."""

    kind: ClassVar[str] = "program_failed"
    how: str

    @classmethod
    def check(cls, case: Case) -> Self | None:
        how = unlucky_end(case)
        return cls(severity="warning", how=how) if how and case.trace.record.status == "complete" else None

    @property
    def text(self) -> str:
        return f"The program {self.how}. That is its own doing, and it is told as it was."


@dataclass(frozen=True, kw_only=True)
class JobsFailed(Finding):
    """Jobs ended with an error."""

    kind: ClassVar[str] = "jobs_failed"
    failed: int
    total: int

    @classmethod
    def check(cls, case: Case) -> Self | None:
        jobs = case.figures["jobs"]
        if not jobs["failed"]:
            return None
        bad = [job for job in case.trace.jobs if not job.ok]
        lanes = tuple(sorted({job.lane for job in bad}))
        return cls(severity="warning", failed=jobs["failed"], total=jobs["total"], lanes=lanes, t0_ns=case.scope.t0, t1_ns=case.scope.t1)

    @property
    def text(self) -> str:
        return f"{self.failed:,} of {count(self.total, 'job')} ended with an error."


def unlucky_end(case: Case) -> str | None:
    """`ended with exit code 3`, `was ended by SIGSEGV`; None for a program that ended with 0, or whose end is not known."""
    code = case.trace.record.result.get("exit_code") if case.is_program else None
    if not isinstance(code, int) or code == 0:
        return None
    return f"ended with exit code {code}" if code > 0 else f"was ended by {signal_name(-code)}"


def message_of(case: Case) -> str:
    """What the record says of its failure: the first line, without a full stop."""
    error = case.trace.record.error or {}
    lines = str(error.get("message") or "no reason is on record").strip().splitlines()
    return (lines[0] if lines else "no reason is on record")[:300].rstrip(".")
