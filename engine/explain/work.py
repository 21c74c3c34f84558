"""What a thread or task ran, and how it came to stop."""

from __future__ import annotations

from engine.explain.answer import Answer, Because
from engine.explain.phrases import doing
from engine.explain.question import Question
from engine.trace import State
from engine.wording import duration, listed

_BRIEF_NS = 100_000


def running(question: Question) -> Answer:
    """Which function, on which core; and who took its place."""
    spell = question.spell
    at = f" in {spell.detail}" if spell.detail else ""
    text = f"{question.who} {question.said('ran', 'has run')} Python{at} for {question.took}{_where(question)}"
    then, because = _then(question)
    return Answer(f"{text}{then}.", because)


def native(question: Question) -> Answer:
    """That others could run Python meanwhile, and who did."""
    meanwhile, spell = question.meanwhile, question.spell
    at = f" in {spell.detail}" if spell.detail else ""
    if spell.ns < _BRIEF_NS and not at:
        how = " without the GIL" if meanwhile.has_gil else ""
        text = f"{question.who} {question.said('was', 'is')}{_where(question) or ' on a core'} for {question.took}{how}"
        return Answer(f"{text}: a short system call, or the way into a wait or out of one.")
    if not meanwhile.has_gil or meanwhile.gil_of(spell.lane, spell.ref, spell.start, spell.end) is None:
        text = f"{question.who} {question.said('worked', 'has worked')}{at} for {question.took}{_where(question)} outside of Python code"
        return Answer(f"{text}: in C code, in a system call, or in a program that is not Python.")
    text = (
        f"{question.who} {question.said('worked', 'has worked')}{at} for {question.took}{_where(question)} without the GIL, in C code that "
        "lets others run Python meanwhile (hashing, compression, NumPy), or in a system call"
    )
    gil = meanwhile.gil_of(spell.lane, spell.ref, spell.start, spell.end)
    others = [] if gil is None else [had for had in meanwhile.had(gil, spell.start, spell.end) if had.lane != meanwhile.host(spell.lane)]
    because = tuple(
        Because(had.lane, had.start, had.end, State.held, had.ns, f"ran Python for {duration(had.ns)} of it") for had in others[:8]
    )
    if not others:
        return Answer(f"{text}. No other thread ran Python meanwhile.", because)
    said = listed([f"{meanwhile.name(had.lane)} for {duration(had.ns)}" for had in others[:3]])
    return Answer(f"{text}. Meanwhile the GIL was held by {said}.", because)


def _where(question: Question) -> str:
    """` on CPU 0`, if one core had it for all of the time."""
    meanwhile, spell = question.meanwhile, question.spell
    me = meanwhile.host(spell.lane)
    for core in meanwhile.of_kind("cpu"):
        if any(had.lane == me and 10 * had.ns >= 9 * spell.ns for had in meanwhile.had(core, spell.start, spell.end)):
            return f" on {meanwhile.name(core)}"
    return ""


def _then(question: Question) -> tuple[str, tuple[Because, ...]]:
    """What ended it: who took the core or the GIL, or what it began to wait for."""
    meanwhile, after = question.meanwhile, question.after
    if question.spell.open or after is None:
        return "", ()
    if after.start > question.spell.end:
        return "", ()
    if after.state is State.gil_wait:
        gil = meanwhile.gil_of(after.lane, after.ref, after.start, after.end)
        taken = [] if gil is None else meanwhile.holds(gil, after.start, after.end).rows()
        took = next((row for row in taken if row[3] == State.held), None)
        if took is None:
            return "; then it waited for the GIL", ()
        held = Because(took[5], took[1], took[2], State.held, took[2] - took[1], "took the GIL then")
        return f"; then it had to give the GIL to {meanwhile.name(took[5])}", (held,)
    if after.state is State.runnable:
        if after.ref is None:
            return "; then it was taken off its core", ()
        took_core = Because(after.ref, after.start, after.end, State.busy, after.ns, "had its core then")
        return f"; then {meanwhile.name(after.ref)} got its core", (took_core,)
    if after.state is State.ready:
        return "; then it gave way to others on its loop", ()
    if after.state in (State.running, State.native):
        return "; then it let the GIL go and worked on" if after.state is State.native else "", ()
    return f"; then it was {doing(after.state, after.detail)}", ()
