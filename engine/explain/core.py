"""Why a thread that is ready has no core; who is on a core, and who is not."""

from __future__ import annotations

import numpy as np

from engine.explain.answer import Answer, Because, Spell
from engine.explain.crossing import crossing
from engine.explain.meanwhile import Had
from engine.explain.phrases import doing, opened
from engine.explain.question import Question
from engine.trace import State
from engine.wording import duration, listed

_WAKE_UP_NS = 100_000
_LOOK_BACK = 16
_ON = (State.running, State.native, State.starting)
_CROWDED = "More threads and processes were ready than there are cores: fewer workers would do the same work in the same time."
_OTHERS = "Something outside this run had the core, or the host of a virtual machine did: on a quiet machine this wait would be shorter."


def runnable(question: Question) -> Answer:
    """Who had the core on which it waited, and the others."""
    meanwhile, spell = question.meanwhile, question.spell
    me, before = meanwhile.host(spell.lane), question.before
    begun = f"{question.who} {question.said('waited', 'has waited')} {question.took} for a core"
    cores = meanwhile.of_kind("cpu")
    if not cores:
        text = f"{begun}. Who had the cores is not known: the kernel's context switches were not recorded."
        return Answer(text, advice=meanwhile.how_to_see("kernel"))
    if before is not None and before.end == spell.start:
        begun = f"{begun} after {'it was taken off its own' if before.state in _ON else 'it was woken'}"
    on = {core: [had for had in meanwhile.had(core, spell.start, spell.end) if had.lane != me] for core in cores}
    busy = {core: sum(had.ns for had in on[core]) for core in cores}
    mine = _its_core(question, cores, me)
    order = sorted(cores, key=lambda core: (core != mine, -busy[core]))
    because = tuple(_had_core(question, core, had) for core in order for had in on[core][:3])[:8]
    taken = [core for core in order if 2 * busy[core] >= spell.ns]
    if taken and (taken[0] == order[0] or mine is None):
        said = listed([_who_had(question, core, on[core]) for core in taken[:3]])
        return Answer(f"{begun}: {said}.", because, advice=_crowded(question, len(taken)))
    if spell.ns < _WAKE_UP_NS:
        return Answer(f"{begun}: waking a thread and putting it on a core takes that long.", because)
    partly = f" for most of that; {_who_had(question, order[0], on[order[0]])}" if on[order[0]] else ""
    where = meanwhile.name(order[0])
    return Answer(f"{begun}. Nobody of this run was on {where}{partly}: probably another program was there.", because, advice=_OTHERS)


def busy(question: Question) -> Answer:
    """Who was on the core, what it did there, and how it came to leave."""
    meanwhile, spell = question.meanwhile, question.spell
    if spell.ref is None:
        return Answer(f"A thread that has no lane {question.said('was', 'has been')} on {question.name} for {question.took}.")
    done = meanwhile.doing(spell.ref, spell.start, spell.end)
    at = f", {doing(done[0].state, done[0].detail)}" if done else ""
    if done and done[0].state is State.gil_wait:
        at = ", only to look whether the GIL was free"
    was = f"{opened(meanwhile.name(spell.ref))} {question.said('was', 'has been')} on {question.name}"
    return Answer(f"{was} for {question.took}{at}{_left(question)}.", (question.beside(spell.ref),))


def idle_core(question: Question) -> Answer:
    """That nobody of this run was there, and whether somebody could have been."""
    meanwhile, spell = question.meanwhile, question.spell
    text = f"No thread of this run {question.said('was', 'has been')} on {question.name} for {question.took}"
    waiting = [one for one in _without_core(question) if 5 * one.ns >= spell.ns][:8]
    if waiting and spell.ns < _WAKE_UP_NS:
        return Answer(f"{text}: putting the next one on it takes that long.")
    if not waiting:
        return Answer(f"{text}: none was ready for long. Whether another program was there is not recorded.")
    names = listed([meanwhile.name(one.lane) for one in waiting[:3]])
    because = tuple(
        Because(one.lane, one.start, one.end, State.runnable, one.ns, f"waited for a core for {duration(one.ns)} of that")
        for one in waiting
    )
    return Answer(f"{text}, though {names} waited for a core meanwhile: probably another program was there.", because)


def _its_core(question: Question, cores: list[int], me: int) -> int | None:
    """The core on which the thread was before the spell, where the kernel lets it wait; None if that lies too far back."""
    meanwhile, spell = question.meanwhile, question.spell
    lane = meanwhile.index.lane(me)
    first, _ = lane.bounds(spell.start, spell.start + 1)
    for row in range(first - 1, max(first - 1 - _LOOK_BACK, -1), -1):
        if lane.segments.state[row] in _ON:
            t = int(lane.segments.end[row]) - 1
            found = [core for core in cores if (there := meanwhile.at(core, t)[1]) is not None and there.ref == me]
            if found:
                return found[0]
    return None


def _had_core(question: Question, core: int, had: Had) -> Because:
    meanwhile = question.meanwhile
    done = meanwhile.doing(had.lane, had.start, had.end)
    state = done[0].state if done else State.unknown
    at = f", {doing(state, done[0].detail)}" if done else ""
    return Because(had.lane, had.start, had.end, state, had.ns, f"had {meanwhile.name(core)} for {duration(had.ns)} of it{at}")


def _who_had(question: Question, core: int, on: list[Had]) -> str:
    more = [f"{len(on) - 2} more"] if len(on) > 2 else []
    who = listed([question.meanwhile.name(had.lane) for had in on[:2]] + more)
    return f"{question.meanwhile.name(core)} was running {who} for {duration(sum(had.ns for had in on))}"


def _crowded(question: Question, taken: int) -> str | None:
    cores = question.meanwhile.trace.record.host.get("cores")
    return _CROWDED if isinstance(cores, int) and taken >= cores and question.spell.ns > _WAKE_UP_NS else None


def _left(question: Question) -> str:
    """How it came to leave the core, and who came after it."""
    meanwhile, spell = question.meanwhile, question.spell
    if spell.open or spell.ref is None:
        return ""
    _, then, _ = meanwhile.at(spell.ref, spell.end)
    after = question.after
    next_one = _taker(question, after)
    if then is None:
        return "; then it ended"
    if then.state is State.runnable:
        return f"; then the kernel gave the core to {next_one}" if next_one else "; then the kernel took it off"
    return "; then it went on elsewhere" if then.state in _ON else f"; then it was {doing(then.state, then.detail)}"


def _taker(question: Question, after: Spell | None) -> str | None:
    return question.meanwhile.name(after.ref) if after is not None and after.state is State.busy and after.ref is not None else None


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
