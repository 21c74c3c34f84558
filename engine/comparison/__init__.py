"""Runs held against each other: which model, and why.

    Run       one trace: its status, its figures, the kinds of its findings
    Entrant   what takes part under one name: one model of a comparison with all its runs, or one trace of its own
    Standing  an entrant's place: its time, its speedup, where its time went, the reason for it
    Verdict   the sentence that answers, clause by clause, and what to bear in mind

All of it is a pure function of figures that were frozen when each trace ended. Times are ns; what is not known is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.comparison.entrant import DELETED, Entrant, Run
from engine.comparison.names import names_of
from engine.comparison.standing import baseline_of, standings
from engine.comparison.verdict import verdict


def compared(entrants: Sequence[Entrant]) -> dict[str, Any]:
    """`{"sentence", "verdict": {"answer", "clauses", "notes"}, "baseline", "rows"}`.

    `baseline` is the number of the row that speedups are against, None without one; `rows` are in the order of `entrants`.
    """
    placed = standings(entrants)
    said = verdict(placed)
    base = baseline_of(entrants)
    return {
        "sentence": said.sentence,
        "verdict": said.to_json(),
        "baseline": None if base is None else list(entrants).index(base),
        "rows": [one.to_json() for one in placed],
    }


__all__ = ["DELETED", "Entrant", "Run", "compared", "names_of"]
