"""What went into a start: of a process, a thread or a task, until its job began."""

from __future__ import annotations

from engine.explain.answer import Answer, Because
from engine.explain.question import Question
from engine.scope import process_of
from engine.trace import Edge, State
from engine.wording import duration, listed

_SPAWN = "A fresh interpreter starts and imports what it needs: keep workers and give them many jobs, or larger ones."
_FEW_NS = 20_000_000
_METHODS = {
    "spawn": "a fresh interpreter started and imported what it needed",
    "forkserver": "the fork server made it, and it imported what it needed",
    "fork": "it was copied from its parent",
}


def starting(question: Question) -> Answer:
    """Who made it, how much of the time it was on a core, and who had the GIL and the cores else."""
    if question.lane.kind == "process":
        return _of_process(question)
    meanwhile, spell = question.meanwhile, question.spell
    edges = tuple(_made_by(question))
    begun = f"{question.who} {question.said('took', 'has taken')} {question.took} to start"
    if question.lane.kind == "task":
        return _of_task(question, begun, edges)
    on, cores = _on_cores(question, spell.lane)
    alone = _starts_its_process(question)
    parts = [f"on a core for {duration(on)}"] if cores else []
    gil = None if alone else meanwhile.gil_of(spell.lane, spell.ref, spell.start, spell.end)
    others = [] if gil is None else [had for had in meanwhile.had(gil, spell.start, spell.end) if had.lane != spell.lane]
    if others:
        parts.append(f"while {meanwhile.name(others[0].lane)} held the GIL for {duration(others[0].ns)}")
    because = tuple(
        Because(had.lane, had.start, had.end, State.held, had.ns, f"held the GIL for {duration(had.ns)} of it") for had in others[:4]
    )
    what = f": {_how(question)}" if alone else ""
    said = f"{'; it was ' if what else ': it was '}{', '.join(parts)}" if parts else ""
    return Answer(f"{begun}{what}{said}{_queued(edges)}.", because, edges, _SPAWN if alone and spell.ns > _FEW_NS else None)


def _of_process(question: Question) -> Answer:
    meanwhile, spell = question.meanwhile, question.spell
    threads = [lane.id for lane in meanwhile.trace.lanes.values() if lane.kind == "thread" and lane.parent == spell.lane]
    edges = tuple(
        edge for lane in threads[:1] for edge in meanwhile.arriving(lane, spell.start, spell.start + 1_000_000) if edge.kind == "spawn"
    )
    on, cores = _on_cores(question, threads[0]) if threads else (0, False)
    said = f"; its first thread was on a core for {duration(on)} of that" if cores else ""
    text = f"{question.who} {question.said('took', 'has taken')} {question.took} to start: {_how(question)}{said}."
    because = (question.meanwhile_of(threads[0], "its first thread was"),) if threads else ()
    return Answer(text, because, edges, _SPAWN if spell.ns > _FEW_NS else None)


def _of_task(question: Question, begun: str, edges: tuple[Edge, ...]) -> Answer:
    meanwhile, spell = question.meanwhile, question.spell
    steps = meanwhile.steps(meanwhile.tasks_beside(spell.lane), spell.start, spell.end)
    had: dict[int, int] = {}
    for step in steps:
        had[step.lane] = had.get(step.lane, 0) + min(step.end, spell.end) - max(step.start, spell.start)
    order = sorted(had, key=lambda lane: -had[lane])
    if not order:
        return Answer(f"{begun}: it waited for its first turn on the event loop.", edges=edges)
    named = listed([f"{meanwhile.name(lane)} for {duration(had[lane])}" for lane in order[:2]])
    because = tuple(
        Because(step.lane, step.start, step.end, step.state, step.ns, f"had the loop for {duration(step.ns)}")
        for step in sorted(steps, key=lambda step: -step.ns)[:8]
    )
    return Answer(f"{begun}: it waited for its first turn on the event loop, which was running {named}.", because, edges)


def _made_by(question: Question) -> list[Edge]:
    """Who made it, and who submitted what it was to do first."""
    spell = question.spell
    found = question.meanwhile.arriving(spell.lane, spell.start, spell.end + 50_001)
    return [edge for edge in found if edge.kind in ("spawn", "submit")][:4]


def _queued(edges: tuple[Edge, ...]) -> str:
    submitted = [edge for edge in edges if edge.kind == "submit"]
    return f"; its first job had waited {duration(submitted[-1].to_ns - submitted[-1].from_ns)} in the queue" if submitted else ""


def _on_cores(question: Question, lane: int) -> tuple[int, bool]:
    """How long a thread was on cores in the spell; and whether cores were recorded at all."""
    cores, spell = question.meanwhile.of_kind("cpu"), question.spell
    return sum(had.ns for core in cores for had in question.meanwhile.had(core, spell.start, spell.end) if had.lane == lane), bool(cores)


def _starts_its_process(question: Question) -> bool:
    process = process_of(question.meanwhile.trace, question.spell.lane)
    lane = None if process is None else question.meanwhile.lane(process)
    return lane is not None and question.lane.tid == lane.pid and abs(question.spell.start - lane.start_ns) < 1_000_000


def _how(question: Question) -> str:
    """What starting a process of this run consists of."""
    process = process_of(question.meanwhile.trace, question.spell.lane)
    lane = None if process is None else question.meanwhile.lane(process)
    spec = question.meanwhile.trace.record.spec
    if lane is None or lane.parent is None or spec.program:
        return "a fresh interpreter started and imported what it needed"
    return _METHODS.get(spec.start_method or "", "an interpreter was made ready")
