"""An entrant's place among the others: its time against the baseline's, and the reason for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from engine.comparison.entrant import Entrant
from engine.comparison.measure import around_ns, disturbance, is_faster, shares
from engine.comparison.reasons import Reason, gain_of, loss_of, words_of

Against = Literal["faster", "alike", "slower"]


@dataclass(frozen=True)
class Standing:
    """`against`: how it did against the baseline, None where one of the two has no time; `leads`: nothing was clearly faster.

    `reason`: of those in front what brought them there, of the others what kept them back; None of the baseline itself.
    """

    entrant: Entrant
    speedup: float | None = None
    against: Against | None = None
    leads: bool = False
    reason: Reason | None = None
    is_base: bool = False

    @property
    def elapsed_ns(self) -> int | None:
        return self.entrant.elapsed_ns

    @property
    def disturbance(self) -> float:
        """See `measure.disturbance`; 0 without figures."""
        return disturbance(_figures(self.entrant), self.entrant.cores)

    @property
    def name(self) -> str:
        return self.entrant.name

    def to_json(self) -> dict[str, Any]:
        """`traces` in the order of their runs; `trace` is the one that all figures but the spread are of."""
        entrant, middle = self.entrant, self.entrant.middle
        figures = (middle.figures if middle else None) or {}
        gil = figures.get("gil") or {}
        spread = entrant.spread_ns
        return {
            "name": entrant.name,
            "model": entrant.model,
            "status": entrant.status,
            "traces": [run.trace for run in entrant.runs],
            "trace": middle.trace if middle else None,
            "runs": {"total": len(entrant.runs), "complete": len(entrant.whole)},
            "error": entrant.error,
            "elapsed_ns": entrant.elapsed_ns,
            "spread_ns": None if spread is None else list(spread),
            "speedup": self.speedup,
            "against": self.against,
            "leads": self.leads,
            "reason": words_of([self.reason]) or None if self.reason else None,
            "wall_ns": figures.get("wall_ns"),
            "around_ns": around_ns(figures),
            "cpu_ns": figures.get("cpu_ns"),
            "parallelism": figures.get("parallelism"),
            "gil_wait_ns": None if entrant.without_gil else gil.get("wait_ns"),
            "disturbance": self.disturbance,
            "states": figures.get("states") or {},
            "shares": shares(figures),
        }


def baseline_of(entrants: Sequence[Entrant]) -> Entrant | None:
    """The first sequential one that came to its end."""
    return next((one for one in entrants if one.is_baseline and one.elapsed_ns), None)


def standings(entrants: Sequence[Entrant]) -> list[Standing]:
    """Each entrant's, in their order."""
    base = baseline_of(entrants)
    timed = [one for one in entrants if one.elapsed_ns]
    same = len({one.task for one in timed}) <= 1
    best = min(timed, key=lambda one: one.elapsed_ns or 0, default=None)
    return [_standing(one, base if same else None, best if same else None) for one in entrants]


def _standing(one: Entrant, base: Entrant | None, best: Entrant | None) -> Standing:
    """`best` is the fastest of those that did the same work; None if they did not."""
    if one.elapsed_ns is None or best is None:
        return Standing(one)
    leads = not is_faster(best, one)
    if base is None or base.elapsed_ns is None:
        return Standing(one, leads=leads, reason=_reason(one, None, won=leads))
    if one is base:
        return Standing(one, 1.0, "alike", leads, is_base=True)
    against: Against = "faster" if is_faster(one, base) else "slower" if is_faster(base, one) else "alike"
    return Standing(one, base.elapsed_ns / one.elapsed_ns, against, leads, _reason(one, base, won=against == "faster" and leads))


def _reason(one: Entrant, base: Entrant | None, *, won: bool) -> Reason:
    figures, before = _figures(one), None if base is None else _figures(base)
    lost = None if won else loss_of(figures, before)
    if lost is not None and (lost.kind != "unclear" or base is None or not is_faster(one, base)):
        return lost
    return gain_of(figures, before, cores=one.cores, without_gil=one.without_gil)


def _figures(one: Entrant) -> dict[str, Any]:
    return (one.middle.figures if one.middle else None) or {}
