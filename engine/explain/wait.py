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
_FREE_NS = 1_000_000
_NEXT_NS = 1_000_000


def io_wait(question: Question) -> Answer:
    """Which call, peer, file or sleep; and who sent what it waited for, where that was one of ours."""
    meanwhile, spell = question.meanwhile, question.spell
    wait = Wait.of(spell.detail)
    edges = tuple(question.ended_by()[-3:])
    advice = _HOLDING if wait.holding else _ON_LOOP if question.lane.kind == "task" and spell.ns >= _LONG_NS else None
    if wait.stopped:
        text = f"{question.who} {question.said('was', 'has been')} stopped for {question.took} by a signal (SIGSTOP, or Ctrl-Z)"
        return Answer(f"{text}{question.said('', ', until it is told to go on')}.", edges=edges)
    free = (
        ""
        if wait.holding or not meanwhile.has_gil or spell.ns < _FREE_NS
        else ". It had let the GIL go, so that others could run meanwhile"
    )
    if question.lane.kind == "task":
        free = ", and its whole event loop with it"
    if wait.kind == "sleep":
        return Answer(f"{question.who} {question.said('slept', 'has slept')} for {question.took}{free}.", advice=advice)
    if wait.holding and not wait.kind:
        begun = f"{question.who} {question.said('was', 'has been')} blocked for {question.took} with the GIL in hand"
        return Answer(
            f"{begun}. In what is not recorded: a page of memory that had to be loaded, or a C call that keeps the GIL.", advice=advice
        )
    child = meanwhile.process_of_pid(int(wait.target)) if wait.kind == "child" and wait.target.isdigit() else None
    what = wait.what if child is None else f"for {meanwhile.name(child)} to end"
    text = f"{question.who} {question.said('waited', 'has waited')} {question.took} {what}"
    if child is not None:
        return Answer(f"{text}{free}.", (question.beside(child),), edges, advice)
    if not edges:
        giver = _gave_last(question) if wait.kind == "results" else None
        if giver is not None:
            return Answer(f"{text}, the last of them from {meanwhile.name(giver)}{free}.", (question.beside(giver),), (), advice)
        return Answer(f"{text}{free}.", advice=advice)
    sender = edges[-1].from_lane
    return Answer(f"{text}, until {meanwhile.name(sender)} {wait.ended}{free}.", (question.beside(sender),), edges, advice)


def idle(question: Question) -> Answer:
    """Why there was nothing to do, and what ended that."""
    meanwhile, spell = question.meanwhile, question.spell
    edges = tuple(question.ended_by()[-3:])
    tasks = meanwhile.tasks_beside(spell.lane) if question.lane.kind == "thread" else []
    what = "no task of its event loop was ready" if tasks else "it had no job"
    begun = f"{question.who} {question.said('had', 'has had')} nothing to do for {question.took}: {what}"
    if spell.open:
        return Answer(f"{begun}.")
    submitted = [edge for edge in edges if edge.kind == "submit"]
    if submitted:
        edge = submitted[-1]
        queued = edge.to_ns - edge.from_ns
        late = f" ({duration(queued)} from handing it over to its start)" if queued >= 1000 else ""
        return Answer(f"{begun}, until {meanwhile.name(edge.from_lane)} handed it one{late}.", edges=edges)
    if edges:
        return Answer(f"{begun}, until {meanwhile.name(edges[-1].from_lane)} woke it.", edges=edges)
    steps = meanwhile.steps(tasks, spell.end, spell.end + _NEXT_NS)
    woken = steps.lane[steps.start >= spell.end].tolist()
    if woken:
        return Answer(f"{begun}, until {meanwhile.name(woken[0])} was.", (question.beside(woken[0]),))
    return Answer(f"{begun}.")


def _gave_last(question: Question) -> int | None:
    """Whose job ended last before the spell did."""
    spell, lanes = question.spell, question.meanwhile.trace.lanes
    ends = [(job.end_ns, job.lane) for job in question.meanwhile.trace.jobs if spell.start < job.end_ns <= spell.end and job.lane in lanes]
    return max(ends)[1] if ends and not spell.open else None
