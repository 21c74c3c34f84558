"""Processes: how they run and how they end; and lanes that died at work."""

from __future__ import annotations

from engine.explain.answer import Answer
from engine.explain.phrases import doing
from engine.explain.question import Question
from engine.wording import count, duration, instant, signal_name


def process_running(question: Question) -> Answer:
    """What its threads did in that time, in sum."""
    meanwhile, spell = question.meanwhile, question.spell
    threads = [lane for lane in meanwhile.trace.lanes.values() if lane.kind == "thread" and lane.parent == spell.lane]
    total: dict[str, int] = {}
    for lane in threads[:256]:
        for state, ns in meanwhile.index.lane(lane.id).totals(spell.start, spell.end).items():
            total[state] = total.get(state, 0) + ns
    on = total.get("running", 0) + total.get("native", 0)
    spent = f", together on cores for {duration(on)}" if on else ""
    text = f"{question.who} {question.said('ran', 'has run')} for {question.took}, with {count(len(threads), 'thread')}{spent}."
    measured = [lane for lane in threads if lane.measured] or threads
    because = tuple(question.beside(lane.id, lead="was") for lane in measured[:8])
    return Answer(text, because)


def exited(question: Question) -> Answer:
    """When it ended, and how, where the record tells."""
    record, spell = question.meanwhile.trace.record, question.spell
    code = record.result.get("exit_code") if question.lane.parent is None else None
    how = ""
    if isinstance(code, int):
        how = f" with exit code {code}" if code >= 0 else f", by {signal_name(-code)}"
    return Answer(f"{question.who} had ended at {instant(spell.start)}{how}; the trace goes on for {question.took}.")


def crashed(question: Question) -> Answer:
    """By which signal, as far as the record tells, and what it was at."""
    meanwhile, spell = question.meanwhile, question.spell
    by = f" by {spell.detail}" if spell.detail else ""
    error = (meanwhile.trace.record.error or {}).get("message")
    why = "" if by or not error else f" The record says: {str(error).strip().splitlines()[0].rstrip('.')}."
    before = question.before
    last = (
        f" Before that it was {doing(before.state, before.detail)} for {duration(before.ns)}."
        if before is not None and question.lane.kind != "process"
        else ""
    )
    unknown = "" if by or why else " By what is not on record: a signal, or an error that nobody caught."
    threads = [lane.id for lane in meanwhile.trace.lanes.values() if lane.kind == "thread" and lane.parent == spell.lane]
    begin = max(0, spell.start - 50_000_000)
    because = tuple(question.beside(lane, begin, spell.start, lead="shortly before it was") for lane in threads[:8])
    return Answer(f"{question.who} was ended{by} at {instant(spell.start)}.{why}{unknown}{last}", because)
