"""Why a thread waits for a lock, a queue, an event or another's end: who let it go on, and what that one did until then."""

from __future__ import annotations

from engine.explain.answer import Answer
from engine.explain.phrases import Wait
from engine.explain.question import Question
from engine.trace import Edge

_WORDS = {
    "get": "put something in",
    "put": "made room",
    "event": "set it",
    "condition": "notified it",
    "semaphore": "released it",
    "barrier": "was the last to arrive",
    "results": "had the result",
    "receive": "sent it",
}
_HOLDING = (
    "It waited with the GIL in hand, so that no other thread of its interpreter could run Python. "
    "Code that blocks should let the GIL go before."
)
_LONG_NS = 10_000_000
_LOCK = "What is done with a lock held makes all others wait: hold it for less, and neither sleep nor compute with it."


def lock_wait(question: Question) -> Answer:
    """For what, who let it go on, and what that one was at meanwhile."""
    spell = question.spell
    wait = Wait.of(spell.detail)
    if wait.stops_world:
        return _stopped_world(question)
    begun = f"{question.who} {question.said('waited', 'has been waiting')} {wait.what} for {question.took}"
    edges = tuple(question.ended_by()[-3:])
    freer = _freer(question, wait, edges)
    advice = _HOLDING if wait.holding else None
    if freer is None:
        rest = "" if spell.open else f". {_nobody(question, wait)}"
        return Answer(f"{begun}{rest}." if not rest else f"{begun}{rest}", edges=edges, advice=advice)
    who = question.meanwhile.name(freer)
    because = (question.meanwhile_of(freer, "meanwhile"),)
    done = f", which until then was {because[0].text.removeprefix('meanwhile ')}" if because[0].text != "meanwhile" else ""
    if wait.kind == "join" and question.meanwhile.lane(freer).name in wait.target:
        text = f"{begun}: {who} was {because[0].text.removeprefix('meanwhile ')}" if because[0].text != "meanwhile" else begun
        return Answer(f"{text}.", because, edges, advice)
    if spell.open:
        return Answer(f"{begun}; {who} was the last to let somebody go on.", because, edges, advice)
    advice = advice or (_LOCK if wait.is_of_a_lock and spell.ns >= _LONG_NS and 2 * because[0].ns >= spell.ns else None)
    return Answer(f"{begun}, until {who} {_did(wait)}{done}.", because, edges, advice)


def _freer(question: Question, wait: Wait, edges: tuple[Edge, ...]) -> int | None:
    """Who let it go on: as an edge tells, as the segment tells, or who is named as waited for."""
    if wait.kind == "join":
        named = _named(question, wait.target)
        if named is not None:
            return named
    if edges:
        return edges[-1].from_lane
    ref = question.spell.ref
    return ref if ref is not None and ref in question.meanwhile.trace.lanes else None


def _named(question: Question, target: str) -> int | None:
    """The lane that a join names: of the same process if there is one, and alive then."""
    spell, lanes = question.spell, question.meanwhile.trace.lanes.values()
    found = [
        lane
        for lane in lanes
        if target
        and lane.name == target
        and lane.kind in ("thread", "process", "task")
        and (lane.end_ns is None or lane.end_ns > spell.start)
    ]
    best = [lane for lane in found if lane.start_ns < spell.end]
    return min(best, key=lambda lane: (lane.pid != question.lane.pid, lane.kind == "process", lane.id)).id if best else None


def _nobody(question: Question, wait: Wait) -> str:
    how = question.meanwhile.trace.record.sources.get("waits")
    if wait.is_of_a_lock:
        return "Who held it was not seen." if how != "exact" else "Who held it is not on record."
    return "What ended that is not on record."


def _did(wait: Wait) -> str:
    if wait.is_of_a_lock:
        return "released it"
    if wait.kind == "event" and wait.target == "thread start":
        return "had begun"
    return _WORDS.get(wait.kind, "let it go on")


def _stopped_world(question: Question) -> Answer:
    text = (
        f"{question.who} {question.said('was', 'is')} stopped for {question.took}, as were all other threads of its interpreter: "
        "without a GIL, collecting garbage and the like need that nobody else runs (a stop-the-world pause)."
    )
    return Answer(text)
