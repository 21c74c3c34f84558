"""Why a thread that is ready has no core; who is on a core, and who is not."""

from __future__ import annotations

import numpy as np

from engine.explain.answer import Answer, Because
from engine.explain.crossing import crossing
from engine.explain.meanwhile import Had
from engine.explain.phrases import doing, opened
from engine.explain.question import Question
from engine.trace import State
from engine.wording import duration, listed

_WAKE_UP_NS = 100_000
_CROWDED = "More threads and processes were ready than there are cores: fewer workers would do the same work in the same time."
_OTHERS = "Something outside this run had the core, or the host of a virtual machine did: on a quiet machine this time would be shorter."


def runnable(question: Question) -> Answer:
    """Who had the core on which it waited, and the others."""
    meanwhile, spell = question.meanwhile, question.spell
    me = meanwhile.host(spell.lane)
    begun = f"{question.who} {question.said('was', 'is')} ready to run for {question.took} without a core"
    cores = meanwhile.of_kind("cpu")
    if not cores:
        return Answer(
            f"{begun}. Who had the cores is not known: the kernel's context switches were not recorded.",
            advice=meanwhile.how_to_see("kernel"),
        )
    on = {core: [had for had in meanwhile.had(core, spell.start, spell.end) if had.lane != me] for core in cores}
    mine = _its_core(question, cores, me)
    order = sorted(cores, key=lambda core: (core != mine, -sum(had.ns for had in on[core])))
    because = tuple(_had_core(question, core, had) for core in order for had in on[core][:3])[:8]
    busy = {core: sum(had.ns for had in on[core]) for core in cores}
    first = order[0]
    woken = question.before is not None and question.before.state not in (State.running, State.native, State.gil_wait)
    how = (
        ""
        if question.before is None
        else " after it was woken"
        if woken
        else " after it was taken off its core"
        if _preempted(question)
        else ""
    )
    if on[first] and 2 * busy[first] >= spell.ns:
        others = [core for core in order[1:] if 2 * busy[core] >= spell.ns]
        said = listed([_who_had(question, core, on[core]) for core in [first, *others][:3]])
        return Answer(f"{begun}{how}: {said}.", because, advice=_crowded(question, len(others) + 1))
    if spell.ns < _WAKE_UP_NS:
        return Answer(f"{begun}{how}: so long it takes to wake a thread and to put it on a core.", because)
    where = f"on {meanwhile.name(mine)}" if mine is not None else "on any core that was seen"
    partly = f" For {duration(busy[first])} {_who_had(question, first, on[first])}." if on[first] else ""
    return Answer(f"{begun}{how}, though nobody of this run was {where}: another program may have been.{partly}", because, advice=_OTHERS)


def busy(question: Question) -> Answer:
    """Who was on the core, what it did there, and how it came to leave."""
    meanwhile, spell = question.meanwhile, question.spell
    if spell.ref is None:
        return Answer(f"{question.who} {question.said('was', 'is')} busy with a thread that has no lane for {question.took}.")
    done = meanwhile.doing(spell.ref, spell.start, spell.end)
    at = f", {doing(done[0].state, done[0].detail)}" if done else ""
    _, _, after = meanwhile.at(spell.ref, max(spell.end - 1, spell.start))
    left = "" if spell.open or after is None else _left(question, after.state, after.detail)
    text = f"{opened(meanwhile.name(spell.ref))} {question.said('was', 'is')} on {question.name} for {question.took}{at}{left}."
    return Answer(text, (question.meanwhile_of(spell.ref, "meanwhile"),))


def idle_core(question: Question) -> Answer:
    """That nobody of this run was there, and whether somebody could have been."""
    meanwhile, spell = question.meanwhile, question.spell
    on = f"No thread of this run {question.said('was', 'is')} on {question.name} for {question.took}"
    text = f"{on}. Whether another program was is not recorded"
    waiting = [one for one in _without_core(question) if 5 * one.ns >= spell.ns][:8]
    if not waiting:
        return Answer(f"{text}; none of this run's threads lacked a core.")
    names = listed([meanwhile.name(one.lane) for one in waiting[:3]])
    because = tuple(
        Because(one.lane, one.start, one.end, State.runnable, one.ns, f"was without a core for {duration(one.ns)} of that")
        for one in waiting
    )
    return Answer(f"{text}, but {names} lacked a core meanwhile, so that one probably was.", because)


def _its_core(question: Question, cores: list[int], me: int) -> int | None:
    """The core on which it was last before the spell, which is where it waits; else the one that it came to."""
    spell, index = question.spell, question.meanwhile.index
    last: tuple[int, int] | None = None
    for core in cores:
        spells = index.lane(core).by_ref(me)
        row = int(np.searchsorted(spells.start, spell.start, "right")) - 1
        if row >= 0 and (last is None or int(spells.end[row]) > last[0]):
            last = int(spells.end[row]), core
    return None if last is None else last[1]


def _had_core(question: Question, core: int, had: Had) -> Because:
    meanwhile = question.meanwhile
    done = meanwhile.doing(had.lane, had.start, had.end)
    state = done[0].state if done else State.unknown
    at = f", {doing(state, done[0].detail)}" if done else ""
    return Because(had.lane, had.start, had.end, state, had.ns, f"had {meanwhile.name(core)} for {duration(had.ns)} of it{at}")


def _who_had(question: Question, core: int, on: list[Had]) -> str:
    who = listed([question.meanwhile.name(had.lane) for had in on[:2]] + ([f"{len(on) - 2} more"] if len(on) > 2 else []))
    return f"{question.meanwhile.name(core)} was running {who} for {duration(sum(had.ns for had in on))}"


def _preempted(question: Question) -> bool:
    return question.before is not None and question.before.state in (State.running, State.native)


def _crowded(question: Question, taken: int) -> str | None:
    cores = question.meanwhile.trace.record.host.get("cores")
    return _CROWDED if isinstance(cores, int) and taken >= cores and question.spell.ns > _WAKE_UP_NS else None


def _left(question: Question, state: State, detail: str | None) -> str:
    if state is State.runnable:
        core, end = question.meanwhile.index.lane(question.spell.lane), question.spell.end
        first, _ = core.bounds(end, end + 1)
        taker = int(core.segments.ref[first]) if first < len(core.segments) else -1
        return f"; then the kernel gave the core to {question.meanwhile.name(taker)}" if taker >= 0 else "; then the kernel took it off"
    return f"; then it was {doing(state, detail)}" if state not in (State.running, State.native) else "; then it went on elsewhere"


def _without_core(question: Question) -> list[Had]:
    """Threads that were ready without a core, longest first."""
    meanwhile, spell = question.meanwhile, question.spell
    part = crossing(meanwhile.index.trace, meanwhile.of_kind("thread"), spell.start, spell.end).clipped(spell.start, spell.end)
    part = part.take(part.state == State.runnable)
    found = []
    for lane in np.unique(part.lane).tolist():
        mine = part.take(part.lane == lane)
        found.append(Had(lane, int((mine.end - mine.start).sum()), int(mine.start[0]), int(mine.end[-1])))
    return sorted(found, key=lambda had: -had.ns)
