"""What takes part in a comparison, and the one run of it that its figures are taken from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from engine.trace.record import FINISHED, Record

DELETED = "deleted"
"""The status of a run whose trace is not there any more."""
BASELINE = "sequential"
"""The model that speedups are told against."""


@dataclass(frozen=True)
class Run:
    """One trace as it is compared. `figures` are its metrics, None until it has ended; `kinds` those of its findings."""

    trace: str
    status: str = DELETED
    figures: dict[str, Any] | None = None
    kinds: frozenset[str] = frozenset()
    error: str | None = None
    is_program: bool = False

    @classmethod
    def of(cls, record: Record, figures: dict[str, Any] | None, findings: list[dict[str, Any]] | None) -> Self:
        lines = str((record.error or {}).get("message") or "").strip().splitlines()
        return cls(
            trace=record.id,
            status=record.status,
            figures=figures if record.status in FINISHED else None,
            kinds=frozenset(finding["kind"] for finding in findings or ()),
            error=lines[0][:300].rstrip(".") if lines else None,
            is_program=bool(record.spec.program),
        )

    @property
    def elapsed_ns(self) -> int | None:
        """Only of a run that came to its end: what broke off early was not fast. Of a recorded program, from its first activity on."""
        if self.status != "complete" or self.figures is None:
            return None
        return self.figures.get("wall_ns" if self.is_program else "elapsed_ns") or None


@dataclass(frozen=True)
class Entrant:
    """`task` is equal for the same work, whatever it runs on; `machine` for the same machine. Without a record of any run both are ""."""

    name: str
    model: str
    runs: tuple[Run, ...]
    task: str = ""
    machine: str = ""
    cores: int | None = None
    without_gil: bool = False

    @classmethod
    def of(cls, name: str, model: str, runs: tuple[Run, ...], record: Record | None) -> Self:
        """`record`: of any of its runs, all of which have the same spec; None if all are deleted."""
        if record is None:
            return cls(name, model, runs)
        spec, host = record.spec, record.host
        same = {"workload": spec.workload, "params": spec.params, "jobs": spec.jobs, "program": list(spec.program)}
        return cls(
            name=name,
            model=model,
            runs=runs,
            task=hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest(),
            machine=json.dumps([host.get(key) for key in ("cores", "platform", "cpu_model", "virtualization")]) if host else "",
            cores=host.get("cores"),
            without_gil=spec.interpreter.get("free_threaded") is True and spec.interpreter.get("gil_enabled") is False,
        )

    @cached_property
    def whole(self) -> tuple[Run, ...]:
        """The runs that came to their end, the fastest first."""
        return tuple(sorted((run for run in self.runs if run.elapsed_ns), key=lambda run: run.elapsed_ns or 0))

    @property
    def middle(self) -> Run | None:
        """The median run (the faster one of two): every figure of the entrant is this one run's, so that they fit together."""
        return self.whole[(len(self.whole) - 1) // 2] if self.whole else None

    @property
    def elapsed_ns(self) -> int | None:
        return self.middle.elapsed_ns if self.middle else None

    @property
    def spread_ns(self) -> tuple[int, int] | None:
        """The fastest and the slowest run; None if one run alone is known."""
        if len(self.whole) < 2:
            return None
        return self.whole[0].elapsed_ns or 0, self.whole[-1].elapsed_ns or 0

    @property
    def status(self) -> str:
        """Of all its runs in a word: `running` while one is, `complete` once it has a time, else how the last of them ended."""
        told = [run.status for run in self.runs]
        for live in ("running", "starting"):
            if live in told:
                return live
        if "queued" in told:
            return "running" if self.whole else "queued"
        if self.whole:
            return "complete"
        return next((status for status in reversed(told) if status != DELETED), DELETED)

    @property
    def is_program(self) -> bool:
        """A program as it was written: it runs under no model of ours."""
        return any(run.is_program for run in self.runs)

    @property
    def is_baseline(self) -> bool:
        return self.model == BASELINE

    @property
    def error(self) -> str | None:
        """Why the last run that failed did."""
        return next((run.error for run in reversed(self.runs) if run.error), None)
