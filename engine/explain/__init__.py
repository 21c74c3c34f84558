"""Why was a lane in what it was in? One sentence, and where to look.

`explain` is a pure function of a snapshot's index, a lane and an instant. Each state has a function that answers for it: to change an
answer, look into the file of its kin; to answer for a new state, write a function there and name it in ANSWERS.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.explain.answer import Answer, Because, Explanation, Spell, weakest
from engine.explain.core import busy, idle_core, runnable
from engine.explain.end import crashed, exited, process_running
from engine.explain.gil import free, gil_wait, held
from engine.explain.lock import lock_wait
from engine.explain.loop import ready, suspended
from engine.explain.meanwhile import Meanwhile
from engine.explain.phrases import opened
from engine.explain.question import Question
from engine.explain.start import starting
from engine.explain.unseen import unknown
from engine.explain.wait import idle, io_wait
from engine.explain.work import native, running
from engine.trace import State
from engine.views import ViewIndex
from engine.wording import instant

ANSWERS: dict[State, Callable[[Question], Answer]] = {
    State.unknown: unknown,
    State.starting: starting,
    State.running: running,
    State.native: native,
    State.gil_wait: gil_wait,
    State.runnable: runnable,
    State.lock_wait: lock_wait,
    State.io_wait: io_wait,
    State.ready: ready,
    State.suspended: suspended,
    State.idle: idle,
    State.crashed: crashed,
    State.held: held,
    State.free: free,
    State.busy: busy,
    State.exited: exited,
}
_OF_KIND: dict[tuple[str, State], Callable[[Question], Answer]] = {
    ("cpu", State.idle): idle_core,
    ("process", State.running): process_running,
}


class ExplainError(ValueError):
    """A question that has no answer: the instant lies outside the trace. The message says what would do."""


class NoSuchLaneError(ExplainError):
    """The trace has no such lane."""


def explain(index: ViewIndex, lane: int, t: int) -> Explanation:
    """Why the lane was in what it was in at `t` (ns since the trace began; the trace's very end means its last instant).

    Raises NoSuchLaneError, and ExplainError for an instant outside the trace.
    """
    trace = index.head
    if lane not in trace.lanes:
        raise NoSuchLaneError(f"This trace has no lane {lane}: its list of lanes tells which there are")
    if not 0 <= t <= trace.t_ns:
        so_far = "" if trace.record.finished else " so far"
        raise ExplainError(f"must lie within the trace, which is told from 0 to {trace.t_ns} ns{so_far}")
    meanwhile = Meanwhile(index)
    before, now, after = meanwhile.at(lane, min(t, max(trace.t_ns - 1, 0)))
    if now is None:
        return Explanation(lane, t, None, _nothing(meanwhile, lane, t, before, after), meanwhile.lane(lane).exactness)
    question = Question(meanwhile, now, before, after)
    answer = _OF_KIND.get((question.lane.kind, now.state), ANSWERS[now.state])(question)
    return Explanation(
        lane, t, now, answer, weakest(trace.lanes[one].exactness for one in {lane, *meanwhile.looked_at} & trace.lanes.keys())
    )


def _nothing(meanwhile: Meanwhile, lane: int, t: int, before: Spell | None, after: Spell | None) -> Answer:
    """Why there is no segment."""
    name, life = opened(meanwhile.name(lane)), meanwhile.lane(lane)
    if before is None and after is None:
        return Answer(f"{name} has no segments in this trace.")
    if before is None and after is not None:
        return Answer(f"{name} was not there yet: it began at {instant(min(after.start, max(life.start_ns, 0)))}.")
    if after is None and before is not None:
        if life.end_ns is None and not meanwhile.trace.record.finished:
            return Answer(f"{name} is told up to {instant(before.end)} so far.")
        return Answer(f"{name} had ended: its last segment reaches to {instant(before.end)}.")
    return Answer(f"Nothing is recorded of {name} at {instant(t)}: a gap, which the recorder should not leave.")


__all__ = ["ANSWERS", "Because", "ExplainError", "Explanation", "NoSuchLaneError", "explain"]
