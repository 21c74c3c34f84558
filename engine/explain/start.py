"""What went into a start: of a process, a thread or a task, until its job began."""

from __future__ import annotations

from engine.explain.answer import Answer, Because
from engine.explain.loop import turns
from engine.explain.question import Question
from engine.scope import process_of
from engine.trace import Edge, State
from engine.wording import duration

_KEEP = "Starting a process costs that each time: keep workers, and give them many jobs or larger ones."
_LONG_NS = 20_000_000
_FORK_NS = 1_000_000
"""No interpreter starts in less."""
_METHODS = {
    "spawn": "a fresh interpreter started and imported what it needed",
    "forkserver": "the fork server made it, and it imported what it needed",
    "fork": "it was copied from its parent",
}


def starting(question: Question) -> Answer:
    """Who made it, how much of the time it was on a core, and who had the GIL meanwhile."""
    if question.lane.kind == "process":
        return _of_process(question)
    meanwhile, spell = question.meanwhile, question.spell
    edges = tuple(_made_by(question, spell.lane))
    made = next((f", started by {meanwhile.name(edge.from_lane)}," for edge in edges if edge.kind == "spawn"), "")
    begun = f"{question.who}{made} {question.said('took', 'has taken')} {question.took} to start"
    if question.lane.kind == "task":
        return turns(question, f"{begun}, waiting for its first turn on the event loop")
    parts = []
    if _starts_its_process(question):
        parts.append(_how(question))
    if (on := meanwhile.on_cores(spell.lane, spell.start, spell.end)) is not None:
        parts.append(f"it was on a core for {duration(on)} of that")
    others = []
    if not _starts_its_process(question):
        gil = meanwhile.gil_of(spell.lane, spell.ref, spell.start, spell.end)
        others = [] if gil is None else [had for had in meanwhile.had(gil, spell.start, spell.end) if had.lane != spell.lane]
    if others and 10 * others[0].ns >= spell.ns:
        parts.append(f"{meanwhile.name(others[0].lane)} held the GIL for {duration(others[0].ns)}")
    if queued := [edge for edge in edges if edge.kind == "submit"]:
        parts.append(f"its first job had waited {duration(queued[-1].to_ns - queued[-1].from_ns)} in the queue")
    because = tuple(
        Because(had.lane, had.start, had.end, State.held, had.ns, f"held the GIL for {duration(had.ns)} of it") for had in others[:4]
    )
    return Answer(f"{begun}{': ' if parts else ''}{'; '.join(parts)}.", because, edges, _advice(question))


def _of_process(question: Question) -> Answer:
    meanwhile, spell = question.meanwhile, question.spell
    first = next((lane.id for lane in meanwhile.trace.lanes.values() if lane.kind == "thread" and lane.parent == spell.lane), None)
    edges = () if first is None else tuple(edge for edge in _made_by(question, first) if edge.kind == "spawn")
    made = f", started by {meanwhile.name(edges[0].from_lane)}," if edges else ""
    on = None if first is None else meanwhile.on_cores(first, spell.start, spell.end)
    said = f"; its first thread was on a core for {duration(on)} of that" if on is not None else ""
    text = f"{question.who}{made} {question.said('took', 'has taken')} {question.took} to start: {_how(question)}{said}."
    because = () if first is None else (question.beside(first, lead="its first thread was"),)
    return Answer(text, because, edges, _advice(question))


def _advice(question: Question) -> str | None:
    """For those that were started by one of ours, and cost."""
    process = process_of(question.meanwhile.trace, question.spell.lane)
    costs = question.lane.kind == "process" or _starts_its_process(question)
    has_parent = process is not None and question.meanwhile.lane(process).parent is not None
    return _KEEP if costs and has_parent and question.spell.ns >= _LONG_NS else None


def _made_by(question: Question, lane: int) -> list[Edge]:
    """Who made it, and who submitted what it was to do first."""
    found = question.meanwhile.arriving(lane, question.spell.start, question.spell.end + 50_001)
    return [edge for edge in found if edge.kind in ("spawn", "submit")][:4]


def _starts_its_process(question: Question) -> bool:
    """Whether it is the first thread of its process."""
    process = process_of(question.meanwhile.trace, question.spell.lane)
    return process is not None and question.lane.kind == "thread" and question.lane.tid == question.meanwhile.lane(process).pid


def _how(question: Question) -> str:
    """What starting a process of this run consists of."""
    if question.spell.ns < _FORK_NS:
        return "it was made, and became the program that it is"
    process = process_of(question.meanwhile.trace, question.spell.lane)
    spec = question.meanwhile.trace.record.spec
    if process is None or question.meanwhile.lane(process).parent is None or spec.program:
        return "its interpreter started and imported what it needed"
    return _METHODS.get(spec.start_method or "", "its interpreter started and imported what it needed")
