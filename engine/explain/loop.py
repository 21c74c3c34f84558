"""Why a task waits: for its turn on the event loop, or for what it awaits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from engine.explain.answer import Answer, Because
from engine.explain.phrases import Wait, awaited, doing
from engine.explain.question import Question
from engine.trace import Edge, Segments, State
from engine.wording import count, duration, listed

Ints = npt.NDArray[np.int64]

_SHOWN = 8
_NAMED = 3
_LONG_STEP_NS = 10_000_000
_STEP_ROWS = 1000
_OUTSIDE = (State.ready, State.suspended, State.starting, State.unknown)
_AT_ONCE_NS = 1_000_000
_COMPUTES = (
    "An event loop cannot interrupt a task: work that computes for long belongs in a process or a thread, or must await now and then."
)
_WAITS = "Threads that compute take the GIL from the event loop's thread: a process would not."
_BLOCKS = "A call that blocks stops the whole loop: await its asynchronous kin, or hand it to a thread (asyncio.to_thread)."


def ready(question: Question) -> Answer:
    """Which steps had the loop meanwhile, longest first."""
    spell = question.spell
    what = "its first turn" if spell.start == question.lane.start_ns else "its turn"
    begun = (
        f"{question.who} {question.said('was ready and waited', 'is ready and has waited')} {question.took} for {what} on the event loop"
    )
    return turns(question, begun)


def turns(question: Question, begun: str) -> Answer:
    """The answer to a wait for a turn, which begins with `begun`."""
    meanwhile, spell = question.meanwhile, question.spell
    steps = meanwhile.steps(meanwhile.tasks_beside(spell.lane), spell.start, spell.end)
    had = np.minimum(steps.end, spell.end) - np.maximum(steps.start, spell.start)
    longest = np.argsort(-had, kind="stable")[:_SHOWN]
    shown = longest[(had[longest] * 100 >= spell.ns) | (longest == longest[:1])]
    because = tuple(_step(question, steps.take(shown[at : at + 1]), int(had[shown[at]])) for at in range(len(shown)))
    if 5 * had.sum() < spell.ns:
        return Answer(f"{begun}: {_loop_itself(question)}.", because)
    return Answer(f"{begun}: {_who_had_it(question, steps, had, because[0])}.", because, advice=_advice(question, because[0]))


def _who_had_it(question: Question, steps: Segments, had: Ints, longest: Because) -> str:
    meanwhile, whole = question.meanwhile, question.spell.ns
    tasks, which = np.unique(steps.lane, return_inverse=True)
    by_task = np.bincount(which, had, len(tasks)).astype(np.int64)
    order = np.argsort(-by_task, kind="stable")
    told = [f"{meanwhile.name(int(tasks[one]))} for {duration(by_task[one])}" for one in order[:_NAMED].tolist()]
    if by_task[order[0]] * 10 < whole:
        return f"the loop was running {count(len(tasks), 'other task')} in turn, longest {told[0]}"
    much = int(np.sum(by_task[order] * 100 >= whole)) if len(tasks) <= _NAMED else int(np.sum(by_task[order[:_NAMED]] * 10 >= whole))
    rest = int(had.sum() - by_task[order[:much]].sum())
    if much == 1 and rest * 100 < whole:
        of = "" if 10 * had.sum() >= 9 * whole else f" for {duration(by_task[order[0]])} of that"
        return f"{meanwhile.name(int(tasks[order[0]]))} had the loop{of}, {_mostly(question, longest)}"
    more = [f"{count(len(tasks) - much, 'other task')} for {duration(rest)}"] if rest * 100 >= whole else []
    return f"the loop was running {listed(told[:much] + more)}"


def suspended(question: Question) -> Answer:
    """What it awaited, and what completed that."""
    meanwhile, spell = question.meanwhile, question.spell
    wait = Wait.of(spell.detail)
    what = awaited(spell.detail) if spell.detail else "something, of which nothing more is recorded,"
    begun = f"{question.who} {question.said('awaited', 'has awaited')} {what} for {question.took}"
    edges = tuple(question.ended_by()[-3:])
    theirs = _awaited_task(question, wait)
    if spell.open:
        return Answer(f"{begun}.", () if theirs is None else (question.beside(theirs),), edges)
    ended, who = _completed(question, wait, edges, theirs)
    because: tuple[Because, ...] = ()
    if who is not None:
        because = (question.beside(who, max(spell.start, min(meanwhile.lane(who).start_ns, spell.end - 1))),)
    return Answer(f"{begun}{ended}{_then(question)}.", because, edges)


def _step(question: Question, step: Segments, ns: int) -> Because:
    """One step, of whose time `ns` lie within the wait."""
    lane, start, end, state, _, _ = step.rows()[0]
    of = "" if ns == end - start else f" of its step of {duration(end - start)}"
    whole = Because(lane, start, end, State(state), ns, "")
    return replace(whole, text=f"had the loop for {duration(ns)}{of}, {_mostly(question, whole)}")


def _mostly(question: Question, step: Because) -> str:
    """What a task did in its step: `running Python in parse (prog.py)`; with times, where it was not one thing."""
    done = question.meanwhile.doing(step.lane, step.start_ns, step.end_ns)
    if len(done) == 1 or done[0].ns * 10 >= 9 * (step.end_ns - step.start_ns):
        return doing(done[0].state, done[0].detail)
    return question.did(step.lane, step.start_ns, step.end_ns)


def _loop_itself(question: Question) -> str:
    """What the loop's thread did, where no task had it."""
    meanwhile, spell = question.meanwhile, question.spell
    host = meanwhile.host(spell.lane)
    done = [one for one in meanwhile.doing(host, spell.start, spell.end) if one.state not in (State.idle, State.running, State.native)]
    if not done or 3 * done[0].ns < spell.ns:
        return "no task had it; the loop was at callbacks of its own, or about to look what comes next"
    return f"its thread, {meanwhile.name(host)}, was {doing(done[0].state, done[0].detail)} for {duration(done[0].ns)}"


def _advice(question: Question, longest: Because) -> str | None:
    if longest.ns < _LONG_STEP_NS:
        return None
    done = question.meanwhile.doing(longest.lane, longest.start_ns, longest.end_ns)
    blocked = sum(one.ns for one in done if one.state in (State.io_wait, State.lock_wait))
    computed = sum(one.ns for one in done if one.state in (State.running, State.native))
    without_gil = sum(one.ns for one in done if one.state is State.gil_wait)
    if without_gil > max(blocked, computed):
        return _WAITS
    return _BLOCKS if blocked > computed else _COMPUTES


def _awaited_task(question: Question, wait: Wait) -> int | None:
    """The task that it says it awaits (`join child() · Task-5`), on its own loop."""
    if wait.kind != "join":
        return None
    last = wait.target.rpartition(" › ")[2]
    return next((lane for lane in question.meanwhile.tasks_beside(question.spell.lane) if question.meanwhile.lane(lane).name == last), None)


def _completed(question: Question, wait: Wait, edges: tuple[Edge, ...], theirs: int | None) -> tuple[str, int | None]:
    """What ended it, and on which lane that was."""
    meanwhile, spell = question.meanwhile, question.spell
    if theirs is not None:
        return ("" if wait.target == meanwhile.lane(theirs).name else f", until {meanwhile.name(theirs)} came to its end"), theirs
    handed = [edge.to_lane for edge in meanwhile.leaving(spell.lane, _step_begin(question), spell.start + 1) if edge.kind == "submit"]
    if handed and wait.kind in ("to_thread", "call", "future"):
        return f", until {meanwhile.name(handed[-1])} had done it", handed[-1]
    if edges:
        return f", until {meanwhile.name(edges[-1].from_lane)} {wait.ended}", edges[-1].from_lane
    tasks = meanwhile.tasks_beside(spell.lane)
    if wait.kind == "join":
        # Who was waited for has ended just before: the loop calls who waits in its next round.
        ends = [
            (end, lane)
            for lane in tasks
            if (end := meanwhile.lane(lane).end_ns) and max(spell.start, spell.end - _AT_ONCE_NS) < end <= spell.end
        ]
        if ends:
            return f", until {meanwhile.name(max(ends)[1])} came to its end just before", max(ends)[1]
    steps = meanwhile.steps(tasks, spell.end - 1, spell.end + 1)
    wakers = steps.lane[steps.start < spell.end].tolist()
    if wakers:
        return f", until {meanwhile.name(wakers[-1])} {wait.ended}", wakers[-1]
    if wait.kind in ("receive", "connect", "send"):
        return ", until the loop saw that the socket was ready", None
    return (", until the loop's timer ended it" if wait.kind == "sleep" else ""), None


def _step_begin(question: Question) -> int:
    """When the step began that led to the wait."""
    lane, start = question.meanwhile.index.lane(question.spell.lane), question.spell.start
    first, _ = lane.bounds(start, start + 1)
    at = first
    while (
        at > 0
        and first - at < _STEP_ROWS
        and lane.segments.state[at - 1] not in _OUTSIDE
        and lane.segments.end[at - 1] == lane.segments.start[at]
    ):
        at -= 1
    return int(lane.segments.start[at])


def _then(question: Question) -> str:
    """How long it then waited for its turn, if that was long."""
    after = question.after
    if after is None or after.state is not State.ready or after.ns < _AT_ONCE_NS:
        return ""
    return f"; then it waited {duration(after.ns)} for its turn on the loop"
