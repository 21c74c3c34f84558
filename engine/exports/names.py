"""What lanes are called where one cannot see the tree that they hang in."""

from __future__ import annotations

from collections import Counter

from engine.trace import Trace


def names(trace: Trace) -> dict[int, str]:
    """Lane id → its name; with its process' name where several lanes of its kind have the same one; with its id if that does not help."""
    alike = Counter((lane.kind, lane.name) for lane in trace.lanes.values())
    told = {}
    for lane in trace.lanes.values():
        name = lane.name or f"{lane.kind} {lane.id}"
        if alike[lane.kind, lane.name] > 1:
            above = trace.lanes.get(lane.parent) if lane.parent is not None else None
            if above is not None and above.name:
                name = f"{name} of {above.name}"
        told[lane.id] = name
    twice = Counter(told.values())
    return {lane: name if twice[name] < 2 else f"{name} ({lane})" for lane, name in told.items()}
