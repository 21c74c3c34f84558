"""Why it is not known what a lane was in."""

from __future__ import annotations

from engine.explain.answer import Answer
from engine.explain.question import Question

_LEADS_TO = {
    "thread": ("kernel", "marks"),
    "task": ("marks", "kernel"),
    "interpreter": ("gil",),
    "cpu": ("kernel",),
    "process": ("marks",),
}
_SOURCES = {
    "marks": "the program's marks, which tell its jobs and tasks,",
    "kernel": "the kernel's context switches, which tell who is on a core,",
    "gil": "the watch on the GIL, which tells who holds it,",
}
_MEANINGS = {"sampled": "were only sampled", "inferred": "were not to be had, and are inferred", "off": "were not to be had"}
_DOCTOR = "`gilscope doctor` says what could be seen on the machine that records, and what is in the way."


def unknown(question: Question) -> Answer:
    """What is known of why: the lane's note, weak sources, lost records."""
    meanwhile, lane = question.meanwhile, question.lane
    record = meanwhile.trace.record
    text = f"What {question.name} {question.said('was', 'is')} in for {question.took} was not observed"
    reasons = []
    if question.spell.start <= lane.start_ns and lane.kind == "interpreter":
        reasons.append("its watch begins only once its process is known to run Python")
    elif question.spell.start <= lane.start_ns:
        reasons.append("it was not yet watched when it began")
    if lane.note:
        reasons.append(f"its lane was {lane.note}" if lane.note.startswith(("sampled", "exact")) else lane.note)
    weak = [(name, record.sources.get(name, "off")) for name in _LEADS_TO[lane.kind]]
    weak = [(name, how) for name, how in weak if how in _MEANINGS]
    reasons += [f"{_SOURCES[name].rstrip(',')}, {_MEANINGS[how]}" for name, how in weak]
    if dropped := meanwhile.trace.counters.get("dropped", 0):
        reasons.append(f"{dropped:,} records of this trace were lost")
    if not reasons:
        return Answer(f"{text}: no source told, and nothing is guessed.")
    return Answer(f"{text}: {'; '.join(reasons)}.", advice=_DOCTOR if weak or dropped else None)
