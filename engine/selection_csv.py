"""What a selection adds up to, as lines for a spreadsheet (RFC 4180).

lane,kind,name,from_ns,to_ns,segments,parallelism,max_parallelism,handoffs,longest_wait_ns,longest_wait_state,longest_wait_start_ns,running_ns,…
,,together,0,2000000000,402,0.998,1,401,15000000,gil_wait,37000000,1996800000
4,thread,worker-1,0,2000000000,101,,,,15000000,gil_wait,37000000,499200000

The first line is of all together; a column for each state that occurs. What is not known is empty, what is not there is 0.
"""

from __future__ import annotations

from engine.exports.csv import cell
from engine.exports.names import names
from engine.selection import Selection, Wait
from engine.trace import State, Trace

_HEADS = ("lane", "kind", "name", "from_ns", "to_ns", "segments", "parallelism", "max_parallelism", "handoffs")
_WAITS = ("longest_wait_ns", "longest_wait_state", "longest_wait_start_ns")
_LINE = "\r\n"


def selection_csv(told: Selection, trace: Trace) -> str:
    """The whole text."""
    states = [state.name for state in State if any(state.name in spent.states for spent in told.lanes)]
    lines = [[*_HEADS, *_WAITS, *(f"{state}_ns" for state in states)]]
    window, called = (told.t0, told.t1), names(trace)
    figures = (told.segments, told.parallelism, told.max_parallelism, told.handoffs)
    lines.append(
        _line(None, None, "together", *window, *figures, *_wait(told.longest_wait), *(told.states.get(state, 0) for state in states))
    )
    for spent in told.lanes:
        lane = trace.lanes.get(spent.lane)
        head = (spent.lane, lane.kind if lane else None, called.get(spent.lane))
        times = (spent.states.get(state, 0) for state in states)
        lines.append(_line(*head, *window, spent.segments, None, None, None, *_wait(spent.longest_wait), *times))
    return "".join(",".join(line) + _LINE for line in lines)


def _wait(wait: Wait | None) -> tuple[int | str | None, ...]:
    return (None, None, None) if wait is None else (wait.ns, wait.state.name, wait.start)


def _line(*values: float | str | None) -> list[str]:
    return ["" if value is None else cell(value) if isinstance(value, str) else str(value) for value in values]
