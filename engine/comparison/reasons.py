"""Why a run took as long as it did, as its figures tell it: one kind of reason each, so that entrants can share a clause."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from engine.comparison.measure import around_ns, at_once, share
from engine.wording import average, percent, ranged

BOUND = 0.2
PARALLEL = 1.2
_OVERHEAD = 0.12
_NEVER = 0.05
_MORE = 1.3

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reason:
    """`value` is what its words are about; `cores` of the machine, for words that need it."""

    kind: str
    value: float = 0.0
    cores: int | None = None


def gain_of(figures: Figures, base: Figures | None, *, cores: int | None, without_gil: bool) -> Reason:
    """What made it faster than the baseline, or than others."""
    parallel = figures.get("parallelism") or 0.0
    if parallel >= PARALLEL:
        return Reason(_kind_of_parallelism(figures, without_gil), parallel, cores)
    if at_once(figures) >= PARALLEL:
        return Reason("overlap", at_once(figures))
    if base is not None and share(base, "io_wait", "suspended") >= BOUND:
        return Reason("filled", parallel)
    return Reason("unclear")


def loss_of(figures: Figures, base: Figures | None) -> Reason:
    """What kept it from being faster."""
    overhead = (around_ns(figures) or 0) / (figures.get("elapsed_ns") or 1)
    parallel = figures.get("parallelism") or 0.0
    on_a_loop = share(figures, "ready", "suspended") > 0
    never_waits = (base is None or share(base, "io_wait") < _NEVER) and share(figures, "suspended") < _NEVER
    if on_a_loop and never_waits and overhead < BOUND:
        return Reason("never_waits")
    found = [
        (share(figures, "gil_wait"), BOUND, "gil"),
        (share(figures, "ready") + (share(figures, "starting") if on_a_loop else 0.0), BOUND, "loop"),
        (share(figures, "lock_wait"), BOUND, "locks"),
        (overhead, _OVERHEAD, "overhead"),
        # Workers that keep the cores busy have to wait for one: that is no loss.
        (share(figures, "runnable") if parallel < PARALLEL else 0.0, BOUND, "cores"),
        (share(figures, "io_wait", "suspended") if at_once(figures) < PARALLEL else 0.0, 0.5, "in_sequence"),
    ]
    bound = [(value, kind) for value, least, kind in found if value >= least]
    if bound:
        value, kind = max(bound)
        return Reason(kind, value)
    more = _more_cpu(figures, base) if parallel >= 0.5 else 0.0
    return Reason("more_cpu", more) if more >= _MORE else Reason("unclear")


def words_of(reasons: Sequence[Reason]) -> str:
    """One phrase for reasons of one kind, with the range of their values; "" where nothing can be said."""
    low, high = min(one.value for one in reasons), max(one.value for one in reasons)
    return _WORDS[reasons[0].kind](low, high, reasons[0].cores)


def _kind_of_parallelism(figures: Figures, without_gil: bool) -> str:
    if without_gil:
        return "no_gil"
    # With one GIL only what has released it can run beside Python.
    return "native" if share(figures, "native") > share(figures, "running") else "gils"


def _more_cpu(figures: Figures, base: Figures | None) -> float:
    ours, theirs = figures.get("cpu_ns"), (base or {}).get("cpu_ns")
    return ours / theirs if ours and theirs else 0.0


def _busy(low: float, high: float, cores: int | None) -> str:
    of = f" of {cores}" if cores else ""
    return f"kept {ranged(low, high, '{:.1f}'.format)}{of} cores busy"


_WORDS: dict[str, Callable[[float, float, int | None], str]] = {
    "gils": lambda low, high, cores: f"{_busy(low, high, cores)}, with no single GIL in the way",
    "no_gil": lambda low, high, cores: f"{_busy(low, high, cores)}: this interpreter has no GIL",
    "native": lambda low, high, cores: f"{_busy(low, high, cores)}: native code had released the GIL",
    "overlap": lambda low, high, _: f"waits overlapped ({ranged(low, high, average)} at once on average)",
    "filled": lambda *_: "while one worker waited, another one worked",
    "gil": lambda low, high, _: f"took turns on the GIL ({ranged(low, high, percent)} of worker time spent waiting for it)",
    "loop": lambda low, high, _: f"tasks waited for their turn on the one event loop ({ranged(low, high, percent)} of task time)",
    "never_waits": lambda *_: "this work never waits, so an event loop has nothing to overlap",
    "locks": lambda low, high, _: f"waited for locks and queues ({ranged(low, high, percent)} of worker time)",
    "overhead": lambda low, high, _: f"starting, feeding and joining workers took {ranged(low, high, percent)} of the time",
    "cores": lambda low, high, _: f"ready but without a core for {ranged(low, high, percent)} of worker time",
    "in_sequence": lambda low, high, _: f"one wait after another ({ranged(low, high, percent)} of the time)",
    "more_cpu": lambda low, high, _: f"needed {ranged(low, high, '{:.1f}'.format)} times the CPU time",
    "unclear": lambda *_: "",
}
