"""Whether a trace is a schedule that can have been: what must hold of every one, however it was seen."""

from __future__ import annotations

from itertools import pairwise

from engine.trace import State, Trace, transition_is_legal


def breaches(trace: Trace) -> list[str]:
    """Every place where a lane has two states at once, or goes where the table forbids."""
    found = []
    for before, after in pairwise(trace.everything.rows()):
        if before[0] != after[0]:
            continue
        kind, name = trace.lanes[before[0]].kind, trace.lanes[before[0]].name
        if after[1] < before[2]:
            found.append(f"{name}: two states at once at {after[1]}")
        elif after[1] == before[2] and not transition_is_legal(kind, State(before[3]), State(after[3])):
            if before[3:] != after[3:] and before[3] != after[3]:
                found.append(f"{name}: {State(before[3]).name} → {State(after[3]).name} at {after[1]}")
            elif before[3:] == after[3:]:
                found.append(f"{name}: {State(before[3]).name} is cut in two at {after[1]}")
    return found


def gaps(trace: Trace) -> list[str]:
    """Every time in which a lane lives and no segment tells in what state."""
    found = []
    rows: dict[int, list[list[int]]] = {lane: [] for lane in trace.lanes}
    for row in trace.everything.rows():
        rows[row[0]].append(row)
    for lane in trace.lanes.values():
        if lane.kind == "interpreter" and not rows[lane.id] and lane.note:
            continue  # A GIL that is disabled has no states; its note says so.
        end = trace.t_ns if lane.end_ns is None else lane.end_ns
        at = lane.start_ns
        for _, start, stop, state, _, _ in rows[lane.id]:
            if start != at:
                found.append(f"{lane.kind} {lane.name}: {'nothing' if start > at else 'told too early'} from {at} to {start}")
            # What a lane has become at its end lasts to the end of the trace.
            at = max(stop, end) if State(state) in (State.crashed, State.exited) and stop > end else stop
        if at != max(end, lane.start_ns):
            found.append(f"{lane.kind} {lane.name}: told until {at}, lives until {end}")
    return found
