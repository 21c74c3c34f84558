"""The table of legal transitions, and the synthetic traces as legal schedules."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.trace import ON_CORE, TRANSITIONS, State, Trace, transition_is_legal
from tests.support import synthetic
from tests.support.scene import Recording

REALISTIC: list[Callable[[], Recording]] = [
    synthetic.threads_taking_turns,
    synthetic.processes_at_once,
    lambda: synthetic.processes_at_once(workers=4),
    synthetic.tasks_on_a_loop,
    synthetic.waits_overlapping,
    synthetic.failed,
]


def breaches(trace: Trace) -> list[str]:
    """Every place where a lane has two states at once, or goes where the table forbids."""
    found = []
    every = trace.everything
    for before, after in zip(every.rows(), every.rows()[1:], strict=False):
        if before[0] != after[0]:
            continue
        kind, name = trace.lanes[before[0]].kind, trace.lanes[before[0]].name
        if after[1] < before[2]:
            found.append(f"{name}: two states at once at {after[1]}")
        elif after[1] == before[2] and not transition_is_legal(kind, State(before[3]), State(after[3])):
            found.append(f"{name}: {State(before[3]).name} → {State(after[3]).name} at {after[1]}")
    return found


def test_states_keep_their_numbers_because_stored_blocks_hold_them() -> None:
    assert [state.name for state in sorted(State)] == (
        [
            "unknown",
            "starting",
            "running",
            "native",
            "gil_wait",
            "runnable",
            "lock_wait",
            "io_wait",
            "ready",
            "suspended",
            "idle",
            "crashed",
            "held",
            "free",
            "busy",
            "exited",
        ]
    )


@pytest.mark.parametrize("kind", TRANSITIONS)
def test_nothing_follows_an_end(kind: str) -> None:
    for end in (State.crashed, State.exited):
        assert not any(transition_is_legal(kind, end, after) for after in State)


@pytest.mark.parametrize("kind", ["thread", "task", "process"])
def test_whoever_lives_can_crash_or_become_unknown(kind: str) -> None:
    for state in TRANSITIONS[kind]:
        if state not in (State.crashed, State.exited, State.unknown):
            assert transition_is_legal(kind, state, State.unknown)
            assert transition_is_legal(kind, state, State.crashed)


@pytest.mark.parametrize(
    ("kind", "before", "after", "legal"),
    [
        ("thread", State.running, State.runnable, True),
        ("thread", State.runnable, State.running, True),
        ("thread", State.gil_wait, State.runnable, True),
        ("thread", State.native, State.gil_wait, True),
        ("thread", State.running, State.ready, False),
        ("thread", State.running, State.starting, True),  # it called exec
        ("thread", State.crashed, State.starting, False),
        ("thread", State.running, State.running, False),
        ("task", State.suspended, State.ready, True),
        ("task", State.suspended, State.running, False),
        ("interpreter", State.held, State.held, True),
        ("interpreter", State.free, State.free, False),
        ("interpreter", State.held, State.running, False),
        ("cpu", State.busy, State.busy, True),
        ("process", State.exited, State.running, False),
    ],
)
def test_the_table_tells_legal_from_illegal(kind: str, before: State, after: State, legal: bool) -> None:
    assert transition_is_legal(kind, before, after) is legal


def test_only_work_counts_as_on_a_core() -> None:
    assert frozenset({State.running, State.native}) == ON_CORE


@pytest.mark.parametrize("make", REALISTIC)
def test_synthetic_traces_are_legal_schedules_at_every_frame(make: Callable[[], Recording]) -> None:
    recording = make()
    for told in range(1, len(recording.frames) + 1):
        assert breaches(recording.live(told)) == []


@pytest.mark.parametrize("make", [*REALISTIC, synthetic.large])
def test_synthetic_traces_end_finished_with_nothing_open_and_every_lane_ended(make: Callable[[], Recording]) -> None:
    trace = make().trace
    assert trace.record.finished
    assert not len(trace.open)
    assert set(trace.segments.lane.tolist()) <= set(trace.lanes)
    assert trace.t_ns == trace.segments.end.max()
