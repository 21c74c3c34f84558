"""What a lane can be in, and what may follow what.

The table of legal transitions *is* the validator: a timeline that breaks it is a defect of the recorder.
"""

from __future__ import annotations

from enum import IntEnum


class State(IntEnum):
    """The state of a segment. The number is what column blocks store: append, never renumber."""

    unknown = 0
    starting = 1
    running = 2
    native = 3
    gil_wait = 4
    runnable = 5
    lock_wait = 6
    io_wait = 7
    ready = 8
    suspended = 9
    idle = 10
    crashed = 11
    held = 12
    free = 13
    busy = 14
    exited = 15


ON_CORE = frozenset({State.running, State.native})
"""States of a thread or task that mean: on a core, working on a job."""

_WORK = frozenset(
    {
        State.running,
        State.native,
        State.gil_wait,
        State.runnable,
        State.lock_wait,
        State.io_wait,
        State.idle,
    }
)
_TASK = (_WORK - {State.idle}) | {State.ready, State.suspended}
_ANY_END = frozenset({State.unknown, State.crashed})

TRANSITIONS: dict[str, dict[State, frozenset[State]]] = {
    "thread": {
        State.starting: _WORK | _ANY_END,
        # Back to starting: it called exec, and is another program's first thread from then on.
        **{state: (_WORK - {state}) | {State.starting} | _ANY_END for state in _WORK},
        # Blocked on I/O or a lock, a thread is woken, then runs or asks for the GIL: never straight into another kind of block
        # without having been on a core, except where that moment was too short to be told from the wait.
        State.unknown: _WORK | {State.starting, State.crashed},
        State.crashed: frozenset(),
    },
    "task": {
        State.starting: _TASK | _ANY_END,
        **{state: (_TASK - {state}) | _ANY_END for state in _TASK},
        State.suspended: frozenset({State.ready}) | _ANY_END,
        State.unknown: _TASK | {State.starting, State.crashed},
        State.crashed: frozenset(),
    },
    "process": {
        State.starting: frozenset({State.running, State.exited, State.crashed, State.unknown}),
        State.running: frozenset({State.exited, State.crashed, State.unknown}),
        State.unknown: frozenset({State.starting, State.running, State.exited, State.crashed}),
        State.exited: frozenset(),
        State.crashed: frozenset(),
    },
    "interpreter": {
        # held → held is a hand-off so fast that no free moment was seen between the two holders.
        State.held: frozenset({State.free, State.held, State.unknown}),
        State.free: frozenset({State.held, State.unknown}),
        State.unknown: frozenset({State.held, State.free}),
    },
    "cpu": {
        State.busy: frozenset({State.idle, State.busy, State.unknown}),
        State.idle: frozenset({State.busy, State.unknown}),
        State.unknown: frozenset({State.busy, State.idle}),
    },
}


def transition_is_legal(kind: str, before: State, after: State) -> bool:
    """Whether a lane of `kind` may go from `before` straight into `after`."""
    return after in TRANSITIONS[kind].get(before, frozenset())
