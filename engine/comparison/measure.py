"""When a difference is one, and where the time of a run went."""

from __future__ import annotations

from typing import Any

from engine.comparison.entrant import Entrant

ALIKE = 0.10
"""Single runs of the same work differ by so much for no reason of theirs."""
ALIKE_REPEATED = 0.05
"""Three runs and more whose times do not overlap may differ by less; what is smaller still makes no difference to anybody."""
DISTURBED = 0.15
"""From this share of worker time on that others took, times say more of them than of the model."""
_ENOUGH = 3
_NOT_LIVED = ("unknown", "crashed")


def is_faster(one: Entrant, other: Entrant) -> bool:
    """Whether `one` was clearly faster: by more than runs differ by chance, and in every one of its runs."""
    ours, theirs = one.elapsed_ns, other.elapsed_ns
    if not ours or not theirs:
        return False
    repeated = min(len(one.whole), len(other.whole)) >= _ENOUGH
    if theirs < ours * (1 + (ALIKE_REPEATED if repeated else ALIKE)):
        return False
    return (one.whole[-1].elapsed_ns or 0) < (other.whole[0].elapsed_ns or 0)


def spent(figures: dict[str, Any], *states: str) -> int:
    """ns that the workers spent in these states, summed over them."""
    known: dict[str, int] = figures.get("states") or {}
    return sum(known.get(state, 0) for state in states)


def share(figures: dict[str, Any], *states: str) -> float:
    """The same, of all the time in which they were alive and their states are known."""
    known: dict[str, int] = figures.get("states") or {}
    lived = sum(known.values()) - spent(figures, *_NOT_LIVED)
    return spent(figures, *states) / lived if lived > 0 else 0.0


def at_once(figures: dict[str, Any]) -> float:
    """How many workers waited at the same time for what is not the GIL, a core, a lock or their turn, on average."""
    wall = figures.get("wall_ns") or 0
    return spent(figures, "io_wait", "suspended") / wall if wall else 0.0


def disturbance(figures: dict[str, Any], cores: int | None) -> float:
    """The share of worker time in which somebody was ready, and a core that these workers left free was not to be had: others had it."""
    wall = figures.get("wall_ns") or 0
    wanting = spent(figures, "runnable") / wall if wall else 0.0
    free = (cores or 0) - (figures.get("parallelism") or 0.0)
    return share(figures, "runnable") * min(1.0, max(0.0, free) / wanting) if wanting and cores else 0.0


def around_ns(figures: dict[str, Any]) -> int | None:
    """What creating, feeding and joining workers took: all of the elapsed time that is before the first job or after the last one."""
    elapsed, wall = figures.get("elapsed_ns"), figures.get("wall_ns")
    return max(0, elapsed - wall) if elapsed and wall else None


def shares(figures: dict[str, Any]) -> dict[str, float]:
    """What part of all worker time went into each state, the unknown included: they add up to 1. Empty if nothing is known."""
    known: dict[str, int] = figures.get("states") or {}
    whole = sum(known.values())
    return {state: ns / whole for state, ns in known.items()} if whole else {}
