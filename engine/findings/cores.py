"""Findings about cores and the GIL: who could run, and who did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from engine.findings.case import Case
from engine.findings.finding import Finding, place
from engine.trace import State
from engine.wording import duration, percent

BOUND = 0.2
PARALLEL = 1.2


@dataclass(frozen=True, kw_only=True)
class GilBound(Finding):
    """Threads of one interpreter spent a good part of their time waiting for its GIL."""

    kind: ClassVar[str] = "gil_bound"
    share: float
    waited_ns: int
    waits: int
    turns: bool
    advice: str

    @classmethod
    def check(cls, case: Case) -> Self | None:
        share = case.share_of("gil_wait")
        if share < BOUND:
            return None
        parallel = case.parallelism
        turns = parallel is not None and 0.7 <= parallel < PARALLEL
        return cls(
            severity="warning",
            share=share,
            waited_ns=case.time_in("gil_wait"),
            waits=int(np.sum(case.carried.state == State.gil_wait)),
            turns=turns,
            advice=f" {_would_use(case.cores)}" if turns and (case.cores or 1) > 1 else "",
            **place(case),
        )

    @property
    def text(self) -> str:
        turns = " They took turns: one at a time ran Python." if self.turns else ""
        return (
            f"Threads waited for the GIL during {percent(self.share)} of their time: {self.waits:,} waits of "
            f"{duration(self.waited_ns / max(self.waits, 1))} on average, {duration(self.waited_ns)} in all.{turns}{self.advice}"
        )


@dataclass(frozen=True, kw_only=True)
class TrueParallelism(Finding):
    """Work ran on several cores at once."""

    kind: ClassVar[str] = "true_parallelism"
    who: str
    parallelism: float
    most: int
    cores: int | None
    why: str

    @classmethod
    def check(cls, case: Case) -> Self | None:
        parallel, most = case.parallelism, case.figures.get("max_parallelism")
        if parallel is None or parallel < PARALLEL or not most or most < 2:
            return None
        return cls(who=case.who(), parallelism=parallel, most=most, cores=case.cores, why=_why(case), **place(case))

    @property
    def text(self) -> str:
        of = f" of {self.cores}" if self.cores else ""
        return f"{self.who} ran at the same time: {self.parallelism:.2f}{of} cores used on average, up to {self.most} at once{self.why}."


@dataclass(frozen=True, kw_only=True)
class NativeReleasesGil(Finding):
    """Native code worked with the GIL released."""

    kind: ClassVar[str] = "native_releases_gil"
    share: float
    native_ns: int
    meanwhile: str

    @classmethod
    def check(cls, case: Case) -> Self | None:
        share = native_share(case)
        if share is None:
            return None
        meanwhile = ""
        if (case.figures.get("max_parallelism") or 0) >= 2:
            meanwhile = ", while others ran"
        elif case.share_of("runnable", "gil_wait") < 0.05:
            meanwhile = ", but nothing else was there to run meanwhile"
        return cls(share=share, native_ns=case.time_in("native"), meanwhile=meanwhile, **place(case))

    @property
    def text(self) -> str:
        return (
            f"{percent(self.share)} of the time on cores ({duration(self.native_ns)}) was native code that had released the GIL "
            f"(hashing, compression, NumPy, system calls){self.meanwhile}."
        )


@dataclass(frozen=True, kw_only=True)
class CoreBound(Finding):
    """Work was ready, and no core was."""

    kind: ClassVar[str] = "core_bound"
    who: str
    share: float
    waited_ns: int
    cores: int | None
    crowded: bool

    @classmethod
    def check(cls, case: Case) -> Self | None:
        share = case.share_of("runnable")
        if share < 0.15:
            return None
        cores, parallel = case.cores, case.parallelism
        # Workers that crowd each other out use nearly all cores while they do; where they do not, somebody else does.
        crowded = cores is not None and parallel is not None and len(case.scope.hosts) > cores and parallel >= 0.75 * cores
        return cls(
            severity="info" if crowded else "warning",
            who=case.who(),
            share=share,
            waited_ns=case.time_in("runnable"),
            cores=cores,
            crowded=crowded,
            **place(case),
        )

    @property
    def text(self) -> str:
        why = (
            f"{self.who} share {self.cores} {'core' if self.cores == 1 else 'cores'}, so more workers would not make it faster"
            if self.crowded
            else "something else had the cores at those times, so that a quiet machine would show other times"
            if self.cores
            else "no core was free at those times"
        )
        return f"Ready to run but without a core for {percent(self.share)} of the time ({duration(self.waited_ns)} in all): {why}."


@dataclass(frozen=True, kw_only=True)
class GilOverlap(Finding):
    """A test of the recorder itself: with one GIL this cannot be."""

    kind: ClassVar[str] = "gil_overlap"
    overlap_ns: int

    @classmethod
    def check(cls, case: Case) -> Self | None:
        overlap = case.gil.get("overlap_ns")
        if not overlap or case.without_gil:
            return None
        return cls(severity="warning", overlap_ns=overlap, **place(case))

    @property
    def text(self) -> str:
        return (
            f"Two threads of one GIL seemed to run Python at once for {duration(self.overlap_ns)}, in spells of 0.1 ms and more. "
            "That cannot be: the recorder misread something there, so trust the states around it less."
        )


def native_share(case: Case) -> float | None:
    """What part of the time on cores was native code; None if that is not worth a word, or without a GIL to release."""
    native, on_core = case.time_in("native"), case.time_in("native", "running")
    if case.without_gil or not case.wall_ns or native < 0.05 * case.wall_ns or native < BOUND * on_core:
        return None
    return native / on_core


def _why(case: Case) -> str:
    if case.without_gil:
        return "; this interpreter has no GIL"
    if len(case.processes) > 1:
        return "; every process has a GIL of its own"
    if len(case.scope.gils) > 1:
        return "; every interpreter has a GIL of its own"
    native = case.time_in("native")
    if native > case.time_in("running"):
        return "; native code had released the GIL"
    return ""


def _would_use(cores: int | None) -> str:
    many = "both cores" if cores == 2 else f"up to {cores} cores"
    return f"Processes, or a free-threaded interpreter, would use {many}."
