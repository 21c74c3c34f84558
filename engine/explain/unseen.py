"""Why it is not known what a lane was in."""

from __future__ import annotations

from engine.explain.answer import Answer
from engine.explain.question import Question
from engine.trace import State

_RESTS_ON = {
    "thread": ("kernel", "gil", "waits", "marks"),
    "task": ("marks", "kernel"),
    "interpreter": ("gil",),
    "cpu": ("kernel",),
    "process": ("marks",),
}
_SOURCES = {
    "marks": "the program's own marks, which tell of its jobs and tasks, were",
    "kernel": "the kernel's context switches, which tell who is on a core, were",
    "gil": "the watch on the GIL, which tells who holds it, was",
    "waits": "the watch on what threads block in, which tells a lock from a socket, was",
}
_MEANINGS = {"sampled": "only sampled", "inferred": "not to be had", "off": "not to be had"}
_DOCTOR = "`gilscope doctor` says what could be seen on the machine that records, and what is in the way."


def unknown(question: Question) -> Answer:
    """What is known of why: where it was, the lane's note, weak sources, lost records."""
    meanwhile, lane, spell = question.meanwhile, question.lane, question.spell
    what = {"interpreter": "Who held", "cpu": "Who was on"}.get(lane.kind, "What")
    how = "" if lane.kind in ("interpreter", "cpu") else f" {question.said('was', 'is')} in"
    text = f"{what} {question.name}{how} for {question.took} was not observed"
    reasons = []
    if lane.kind == "interpreter" and (spell.start <= lane.start_ns or _still_starting(question)):
        reasons.append("a GIL is watched only once its process is known to run Python")
    if lane.kind in ("thread", "task") and (on := meanwhile.on_cores(spell.lane, spell.start, spell.end)) is not None:
        reasons.append("it was on a core" if 2 * on > spell.ns else "it was on no core: it was blocked, but no source tells in what")
    if lane.note and not reasons:
        reasons.append(f"its lane is told so: {lane.note}")
    record = meanwhile.trace.record
    weak = [(name, record.sources[name]) for name in _RESTS_ON[lane.kind] if record.sources.get(name) in _MEANINGS]
    weak = [(name, quality) for name, quality in weak if name != "gil" or meanwhile.has_gil]
    reasons += [f"{_SOURCES[name]} {_MEANINGS[quality]}" for name, quality in weak[:2]]
    dropped = meanwhile.trace.counters.get("dropped", 0)
    if dropped:
        reasons.append(f"{dropped:,} records of this trace were lost")
    if not reasons:
        return Answer(f"{text}: no source told, and nothing is guessed.")
    return Answer(f"{text}: {'; '.join(reasons)}.", advice=_DOCTOR if weak or dropped else None)


def _still_starting(question: Question) -> bool:
    """Whether the process of a GIL had not turned to its work."""
    process = question.lane.parent
    done = [] if process is None else question.meanwhile.doing(process, question.spell.start, question.spell.end)
    return bool(done) and done[0].state is State.starting
