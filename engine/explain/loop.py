"""Why a task waits: for its turn on the event loop, or for what it awaits."""

from __future__ import annotations

from engine.explain.answer import Answer, Because, Spell
from engine.explain.meanwhile import Doing
from engine.explain.phrases import Wait, awaited, doing
from engine.explain.question import Question
from engine.trace import Edge, State
from engine.wording import count, duration, listed

_MOST = 8
_NAMED = 2
_LONG_STEP_NS = 10_000_000
_COMPUTES = (
    "An event loop cannot interrupt a task: work that computes for long belongs in a process or a thread, or must await now and then."
)
_BLOCKS = "A call that blocks stops the whole loop: await its asynchronous kin, or hand it to a thread (asyncio.to_thread)."


def ready(question: Question) -> Answer:
    """Which steps had the loop meanwhile, longest first."""
    meanwhile, spell = question.meanwhile, question.spell
    first = spell.start == question.lane.start_ns
    what = "its first turn" if first else "its turn"
    waited = question.said("was ready and waited", "is ready and has been waiting")
    begun = f"{question.who} {waited} {question.took} for {what} on the event loop"
    steps = meanwhile.steps(meanwhile.tasks_beside(spell.lane), spell.start, spell.end)
    because = [_step(question, step) for step in steps]
    had = sum(one.ns for one in because)
    longest = sorted(because, key=lambda one: -one.ns)
    if not because or 5 * had < spell.ns:
        return Answer(f"{begun}: {_loop_itself(question)}.", tuple(longest[:_MOST]))
    by_task: dict[int, int] = {}
    for one in longest:
        by_task[one.lane] = by_task.get(one.lane, 0) + one.ns
    order = sorted(by_task, key=lambda lane: -by_task[lane])
    if len(order) == 1:
        at = _at(question, longest[0])
        said = f"{meanwhile.name(order[0])} had the loop{'' if 10 * had >= 9 * spell.ns else f' for {duration(had)} of that'}{at}"
    else:
        named = [f"{meanwhile.name(lane)} for {duration(by_task[lane])}" for lane in order[:_NAMED]]
        more = [f"{count(len(order) - _NAMED, 'other task')}"] if len(order) > _NAMED else []
        said = f"the loop was running {listed(named + more)}"
    return Answer(f"{begun}: {said}.", tuple(longest[:_MOST]), advice=_advice(question, longest[0]))


def suspended(question: Question) -> Answer:
    """What it awaited, and what completed that."""
    meanwhile, spell = question.meanwhile, question.spell
    what = awaited(spell.detail) if spell.detail else "something that the record does not name"
    begun = f"{question.who} {question.said('awaited', 'has been awaiting')} {what} for {question.took}"
    edges = tuple(question.ended_by()[-3:])
    theirs = _awaited_tasks(question)
    because = tuple(question.meanwhile_of(lane, "meanwhile", max(spell.start, meanwhile.lane(lane).start_ns)) for lane in theirs[:_MOST])
    if spell.open:
        return Answer(f"{begun}.", because, edges)
    ended = _completed(question, edges, theirs)
    if not because and ended is not None and ended[1] is not None:
        because = (question.meanwhile_of(ended[1], "meanwhile"),)
    then = _then(question)
    return Answer(f"{begun}{f'; {ended[0]}' if ended else ''}{then}.", because, edges)


def _step(question: Question, step: Spell) -> Because:
    spell = question.spell
    ns = min(step.end, spell.end) - max(step.start, spell.start)
    long = "" if ns == step.ns else f" of its step of {duration(step.ns)}"
    return Because(step.lane, step.start, step.end, step.state, ns, f"had the loop for {duration(ns)}{long}, {_mostly(question, step)}")


def _mostly(question: Question, step: Spell) -> str:
    done = question.meanwhile.doing(step.lane, step.start, step.end)
    named = [one for one in done if one.ns * 10 >= step.ns][:2] or done[:1]
    if len(named) == 1:
        return doing(named[0].state, named[0].detail)
    return ", then ".join(f"{doing(one.state, one.detail)} for {duration(one.ns)}" for one in named)


def _at(question: Question, step: Because) -> str:
    done: list[Doing] = question.meanwhile.doing(step.lane, step.start_ns, step.end_ns)
    return f", {doing(done[0].state, done[0].detail)}" if done else ""


def _loop_itself(question: Question) -> str:
    """What the loop's thread did, where no task had it."""
    meanwhile, spell = question.meanwhile, question.spell
    host = meanwhile.host(spell.lane)
    done = [one for one in meanwhile.doing(host, spell.start, spell.end) if one.state is not State.idle]
    if not done or 5 * done[0].ns < spell.ns or done[0].state in (State.running, State.native):
        return "the loop was between two rounds, at callbacks of its own"
    return f"its thread, {meanwhile.name(host)}, was {doing(done[0].state, done[0].detail)} for {duration(done[0].ns)}"


def _advice(question: Question, longest: Because) -> str | None:
    if longest.ns < _LONG_STEP_NS:
        return None
    done = question.meanwhile.doing(longest.lane, longest.start_ns, longest.end_ns)
    blocked = sum(one.ns for one in done if one.state in (State.io_wait, State.lock_wait))
    computed = sum(one.ns for one in done if one.state in (State.running, State.native))
    return _BLOCKS if blocked > computed else _COMPUTES


def _awaited_tasks(question: Question) -> list[int]:
    """The tasks that it names as awaited (`join child() · Task-5`): on its own loop."""
    wait = Wait.of(question.spell.detail)
    if wait.kind != "join":
        return []
    last = wait.target.rpartition(" › ")[2]
    trace, host = question.meanwhile.trace, question.meanwhile.host(question.spell.lane)
    return [lane.id for lane in trace.lanes.values() if lane.kind == "task" and lane.parent == host and lane.name == last]


def _completed(question: Question, edges: tuple[Edge, ...], theirs: list[int]) -> tuple[str, int | None] | None:
    """What ended it, and on which lane that was."""
    meanwhile, spell = question.meanwhile, question.spell
    if edges:
        edge = edges[-1]
        verb = {"message": "sent what it waited for", "submit": "handed it work", "release": "let it go on"}.get(edge.kind, "let it go on")
        return f"{meanwhile.name(edge.from_lane)} {verb}", edge.from_lane
    for lane in theirs:
        end = meanwhile.lane(lane).end_ns
        if end is not None and spell.start < end <= spell.end + 1_000_000:
            return f"{meanwhile.name(lane)} came to its end", lane
    wakers = [step for step in meanwhile.steps(meanwhile.tasks_beside(spell.lane), spell.end - 1, spell.end + 1) if step.start < spell.end]
    if wakers:
        waker = wakers[-1]
        return f"{meanwhile.name(waker.lane)} let it go on in its own turn", waker.lane
    wait = Wait.of(spell.detail)
    if wait.kind in ("receive", "connect", "send"):
        return "the loop saw that the socket was ready", None
    return ("the loop's timer ended that", None) if wait.kind == "sleep" else None


def _then(question: Question) -> str:
    """How long it then waited for its turn, if that was long."""
    after = question.after
    if after is None or after.state is not State.ready or after.ns < 1_000_000:
        return ""
    return f", but then it waited {duration(after.ns)} for its turn on the loop"
