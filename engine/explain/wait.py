"""Why a thread waits for something outside, or has nothing to do."""

from __future__ import annotations

from engine.explain.answer import Answer
from engine.explain.phrases import Wait
from engine.explain.question import Question
from engine.wording import duration

_HOLDING = (
    "It blocked with the GIL in hand, so that no other thread of its interpreter could run Python. "
    "Code that blocks should let the GIL go before."
)
_ON_LOOP = "It blocked its event loop: await the asynchronous kin of that call, or hand it to a thread (asyncio.to_thread)."
_LONG_NS = 5_000_000


def io_wait(question: Question) -> Answer:
    """Which call, peer, file or sleep; and who sent what it waited for, where that was one of ours."""
    spell = question.spell
    wait = Wait.of(spell.detail)
    edges = tuple(question.ended_by()[-3:])
    advice = _HOLDING if wait.holding else _ON_LOOP if question.lane.kind == "task" and spell.ns >= _LONG_NS else None
    if wait.stopped:
        stopped = f"{question.who} {question.said('was', 'is')} stopped for {question.took} by a signal"
        return Answer(f"{stopped} (SIGSTOP, or a key such as Ctrl-Z), until it is told to go on.", edges=edges)
    if wait.kind == "sleep":
        begun = f"{question.who} {question.said('slept', 'has been sleeping')} for {question.took}"
        return Answer(f"{begun}{_meanwhile_others(wait)}.", advice=advice)
    text = f"{question.who} {question.said('waited', 'has been waiting')} {wait.what} for {question.took}"
    if not edges:
        return Answer(f"{text}{_meanwhile_others(wait)}.", advice=advice)
    sender = edges[-1].from_lane
    verb = "ended that" if wait.kind != "results" else "had them"
    text = f"{text}, until {question.meanwhile.name(sender)} {verb}"
    return Answer(f"{text}.", (question.meanwhile_of(sender, "meanwhile"),), edges, advice)


def idle(question: Question) -> Answer:
    """Why there was nothing to do, and what ended that."""
    meanwhile, spell = question.meanwhile, question.spell
    edges = tuple(question.ended_by()[-3:])
    is_loop = bool(meanwhile.tasks_beside(spell.lane)) if question.lane.kind == "thread" else False
    what = "no task of its event loop was ready" if is_loop else "it had no job"
    begun = f"{question.who} {question.said('had', 'has had')} nothing to do for {question.took}: {what}"
    if spell.open:
        return Answer(f"{begun}.")
    submitted = [edge for edge in edges if edge.kind == "submit"]
    if submitted:
        edge = submitted[-1]
        queued = f" ({duration(edge.to_ns - edge.from_ns)} from handing it over to its start)" if edge.to_ns - edge.from_ns >= 1000 else ""
        return Answer(f"{begun}, until {meanwhile.name(edge.from_lane)} handed it one{queued}.", edges=edges)
    if edges:
        return Answer(f"{begun}, until {meanwhile.name(edges[-1].from_lane)} woke it.", edges=edges)
    if is_loop:
        woken = [
            step
            for step in meanwhile.steps(meanwhile.tasks_beside(spell.lane), spell.end, spell.end + 1_000_000)
            if step.start >= spell.end
        ]
        if woken:
            because = (question.meanwhile_of(woken[0].lane, "until then"),)
            return Answer(f"{begun}, until {meanwhile.name(woken[0].lane)} was.", because)
    return Answer(f"{begun}.")


def _meanwhile_others(wait: Wait) -> str:
    return "" if wait.holding else ", without the GIL: others could run meanwhile"
