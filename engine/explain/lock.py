"""Why a thread waits for a lock, a queue, an event or another's end: who let it go on, and what that one did until then."""

from __future__ import annotations

from engine.explain.answer import Answer
from engine.explain.phrases import Wait
from engine.explain.question import Question
from engine.trace import Edge, State
from engine.wording import duration

_LONG_NS = 10_000_000
_LATE_NS = 1_000_000
_HOLDING = (
    "It waited with the GIL in hand, so that no other thread of its interpreter could run Python. "
    "Code that blocks should let the GIL go before."
)
_LOCK = "What is done while a lock is held makes all others wait: hold it for less, and neither sleep nor compute with it."
_WORKS = (State.running, State.native, State.io_wait, State.gil_wait, State.runnable)


def lock_wait(question: Question) -> Answer:
    """For what, who let it go on, and what that one was at meanwhile."""
    spell, meanwhile = question.spell, question.meanwhile
    wait = Wait.of(spell.detail)
    if wait.stops_world:
        return _stopped_world(question)
    what = wait.what if wait.kind else "for a lock that has no name"
    begun = f"{question.who} {question.said('waited', 'has waited')} {question.took} {what}"
    edges = tuple(question.ended_by()[-3:])
    named = meanwhile.lane_called(wait.target, spell) if wait.kind == "join" else None
    freer = named if named is not None else _freer(question, edges)
    if freer is None and wait.kind == "join" and not wait.target and not spell.open:
        last = meanwhile.last_to_end(spell)
        if last is not None:
            return Answer(f"{begun}; {meanwhile.name(last)} was the last that did.", (question.beside(last),), edges)
    if freer is None:
        rest = "" if spell.open else " Who held it is not on record." if wait.is_of_a_lock else " What ended that is not on record."
        return Answer(f"{begun}.{rest}", (), edges, _HOLDING if wait.holding else None)
    who = meanwhile.name(freer)
    let_go = next((edge.from_ns for edge in reversed(edges) if edge.from_lane == freer), spell.end)
    until = min(max(let_go, spell.start + 1), spell.end)
    beside = question.beside(freer, spell.start, until)
    did = f" Meanwhile {who} was {question.did(freer, spell.start, until)}." if 5 * (until - spell.start) > spell.ns else ""
    if spell.open:
        hint = "" if named is not None or not wait.is_of_a_lock else f" {who} was the last to let it go on."
        return Answer(f"{begun}.{hint or did}", (beside,), edges)
    late = spell.end - until
    rest = f"; it went on only {duration(late)} after that" if late > max(_LATE_NS, spell.ns // 5) else ""
    ended = "" if named is not None and not rest else f", until {who} {wait.ended}{rest}"
    advice = _HOLDING if wait.holding else None
    if wait.is_of_a_lock and spell.ns >= _LONG_NS and beside.state in _WORKS and 2 * beside.ns >= spell.ns:
        advice = advice or _LOCK
    return Answer(f"{begun}{ended}.{did}", (beside,), edges, advice)


def _freer(question: Question, edges: tuple[Edge, ...]) -> int | None:
    """Who let it go on, as an edge tells, or as the segment does; of a new thread, which it made."""
    if edges:
        return edges[-1].from_lane
    if question.spell.detail == "event thread start":
        made = question.meanwhile.leaving(question.meanwhile.host(question.spell.lane), question.spell.start - _LATE_NS, question.spell.end)
        return made[-1].to_lane if made and made[-1].kind == "spawn" else None
    ref = question.spell.ref
    return ref if ref is not None and ref in question.meanwhile.trace.lanes else None


def _stopped_world(question: Question) -> Answer:
    text = (
        f"{question.who} {question.said('was', 'has been')} stopped for {question.took}, as were all other threads of its interpreter: "
        "without a GIL, collecting garbage and the like need that nobody else runs (a stop-the-world pause)."
    )
    return Answer(text)
