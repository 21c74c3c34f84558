"""Why a thread waits for the GIL; who holds it, who wants it, and why nobody does."""

from __future__ import annotations

import numpy as np

from engine.explain.answer import Answer, Because
from engine.explain.crossing import crossing
from engine.explain.meanwhile import Doing, Had
from engine.explain.phrases import doing, opened
from engine.explain.question import Question
from engine.scope import process_of
from engine.trace import State
from engine.wording import count, duration, listed

_NAMED = 3
_BLOCKED = (State.lock_wait, State.io_wait, State.idle, State.unknown)
_TURNS = "Threads that compute take turns on one GIL: processes, or a free-threaded Python, would run them at the same time."
_NO_CORE = (
    "Whoever holds the GIL keeps it while it waits for a core, and all others wait with it. "
    "Fewer busy threads and processes than cores make that rare."
)
_BLOCKS = "Code that blocks should let the GIL go before: this is mostly C code that does not, a page fault, or the import of a module."
_LONG_CALL = "So long a hold is mostly one call of C code that does not let the GIL go: split its work, or look for a version that does."


def gil_wait(question: Question) -> Answer:
    """Who held it during the wait, what they were doing with it, and what made the last one give it up."""
    meanwhile, spell = question.meanwhile, question.spell
    begun = f"{question.who} {question.said('waited', 'has been waiting')} for the GIL for {question.took}"
    gil = meanwhile.gil_of(spell.lane, spell.ref, spell.start, spell.end)
    holders = [] if gil is None else meanwhile.had(gil, spell.start, spell.end)
    if gil is None or not holders:
        who = f"; the record names {meanwhile.name(spell.ref)}" if spell.ref is not None else ""
        return Answer(f"{begun}. Who held it meanwhile was not seen{who}.", advice=meanwhile.how_to_see("gil"))
    done = {had.lane: meanwhile.doing(had.lane, had.start, had.end) for had in holders[:8]}
    because = tuple(_holding(had, done[had.lane]) for had in holders[:8])
    last = max(holders, key=lambda had: had.end) if len(holders) <= _NAMED else _last_holder(question, gil)
    if len(holders) == 1:
        how = _how_long(done[holders[0].lane], holders[0].end - holders[0].start)
        text = f"{begun} while {meanwhile.name(holders[0].lane)} held it{how}"
    else:
        named = [f"{meanwhile.name(had.lane)} ({duration(had.ns)})" for had in holders[:_NAMED]]
        more = [f"{len(holders) - _NAMED} more"] if len(holders) > _NAMED else []
        text = f"{begun} while {listed(named + more)} held it in turn"
    given = "" if spell.open else _given_up(question, last, named=len(holders) > 1)
    unseen = meanwhile.index.lane(gil).totals(spell.start, spell.end).get("unknown", 0)
    rest = f" For {duration(unseen)} of it, who held it was not seen." if unseen * 5 >= spell.ns else ""
    return Answer(f"{text}{given}.{rest}", because, advice=_advice(question, holders, done))


def held(question: Question) -> Answer:
    """By whom, what it was doing with it, and who wanted it meanwhile."""
    meanwhile, spell = question.meanwhile, question.spell
    holder = meanwhile.name(spell.ref)
    done = [] if spell.ref is None else meanwhile.doing(spell.ref, spell.start, spell.end)
    text = f"{opened(holder)} {question.said('held', 'holds')} {question.name} for {question.took}{_how_long(done, spell.ns)}"
    waiting = _waiting(question)
    because = tuple(
        Because(one.lane, one.start, one.end, State.gil_wait, one.ns, f"waited for it for {duration(one.ns)} of that")
        for one in waiting[:8]
    )
    if spell.ref is not None:
        because = (question.meanwhile_of(spell.ref, "meanwhile"), *because)
    if waiting:
        names = listed(
            [meanwhile.name(one.lane) for one in waiting[:_NAMED]] + ([f"{len(waiting) - _NAMED} more"] if len(waiting) > _NAMED else [])
        )
        text = f"{text}; {names} waited for it"
    else:
        text = f"{text}; nobody else wanted it"
    blocked = sum(one.ns for one in done if one.state in (State.lock_wait, State.io_wait))
    return Answer(f"{text}.", because, advice=_BLOCKS if waiting and 2 * blocked > spell.ns else None)


def free(question: Question) -> Answer:
    """What the threads that could have taken it did instead."""
    meanwhile, spell = question.meanwhile, question.spell
    threads = _threads_of(question)
    text = f"Nobody {question.said('held', 'holds')} {question.name} for {question.took}"
    if not threads:
        return Answer(f"{text}.")
    part = crossing(meanwhile.index.trace, threads, spell.start, spell.end).clipped(spell.start, spell.end)
    total: dict[State, tuple[int, set[int]]] = {}
    for lane, start, end, state, *_ in part.rows():
        ns, lanes = total.get(State(state), (0, set()))
        total[State(state)] = (ns + end - start, lanes | {lane})
    most = sorted(total.items(), key=lambda item: -item[1][0])[:2]
    did = listed([f"{_who_did(question, lanes)} {doing(state, None)}" for state, (_, lanes) in most])
    runnable = total.get(State.runnable)
    late = ": whoever gets it next has to be woken first" if runnable and spell.ns < 200_000 else ""
    return Answer(f"{text}{late}. Meanwhile {did}." if did else f"{text}{late}.")


def _who_did(question: Question, lanes: set[int]) -> str:
    if len(lanes) == 1:
        return f"{question.meanwhile.name(next(iter(lanes)))} was"
    return f"{count(len(lanes), 'thread')} were"


def _holding(had: Had, done: list[Doing]) -> Because:
    how = [f"{doing(one.state, one.detail)} for {duration(one.ns)}" for one in done[:2] if one.ns * 10 >= had.end - had.start]
    if len(how) == 1 and done[0].ns * 10 >= 9 * (had.end - had.start):
        how = [doing(done[0].state, done[0].detail)]
    at_once = "" if had.ns == had.end - had.start else ", longest here"
    state = done[0].state if done else State.unknown
    return Because(
        had.lane,
        had.start,
        had.end,
        state,
        had.ns,
        f"held it for {duration(had.ns)}{at_once}: {', then '.join(how)}" if how else f"held it for {duration(had.ns)}{at_once}",
    )


def _how_long(done: list[Doing], whole: int) -> str:
    """`, running Python in spin`; with the time, where it was not all of it."""
    if not done or done[0].state is State.unknown:
        return ""
    first = done[0]
    if first.ns * 10 >= 9 * whole or len(done) == 1:
        return f", {doing(first.state, first.detail)}"
    return f", {doing(first.state, first.detail)} for {duration(first.ns)} of that"


def _last_holder(question: Question, gil: int) -> Had:
    """Who held it last before the wait's end."""
    spell = question.spell
    part = question.meanwhile.spells(gil, spell.start, spell.end)
    part = part.take((part.state == State.held) & (part.ref >= 0))
    return Had(int(part.ref[-1]), int(part.end[-1] - part.start[-1]), int(part.start[-1]), int(part.end[-1]))


def _given_up(question: Question, last: Had, *, named: bool) -> str:
    """What made the last holder let it go, where the record tells."""
    meanwhile = question.meanwhile
    _, now, after = meanwhile.at(last.lane, last.end)
    then = now if now is not None else after
    who = meanwhile.name(last.lane) if named else "it"
    interval, called = meanwhile.interval()
    asked = last.end - max(last.start, question.spell.start)
    if then is not None and then.state is State.gil_wait and asked >= 0.8 * interval:
        late = f", {duration(asked)} after it was asked" if asked > 1.5 * interval else ""
        return f"; {who} gave it up only when made to, after {called}{late}"
    if then is not None and then.state in (State.lock_wait, State.io_wait, State.idle):
        what = "it had nothing more to do" if then.state is State.idle else f"it began {doing(then.state, then.detail)}"
        return f"; {who} gave it up when {what.replace('began asleep', 'went to sleep')}"
    return f"; {who} had it last" if named else ""


def _advice(question: Question, holders: list[Had], done: dict[int, list[Doing]]) -> str | None:
    spell, (interval, _) = question.spell, question.meanwhile.interval()
    whole = sum(had.end - had.start for had in holders[:8])
    off = {state: sum(one.ns for had in holders[:8] for one in done[had.lane] if one.state is state) for state in State}
    if sum(off[state] for state in _BLOCKED[:2]) * 3 > whole:
        return _BLOCKS
    if off[State.runnable] * 3 > whole:
        return _NO_CORE
    if holders[0].end - holders[0].start > 3 * interval and spell.ns > 3 * interval:
        return _LONG_CALL
    return _TURNS if spell.ns >= 0.5 * interval else None


def _waiting(question: Question) -> list[Had]:
    """Who waited for this GIL during the spell, longest first."""
    meanwhile, spell = question.meanwhile, question.spell
    part = crossing(meanwhile.index.trace, _threads_of(question), spell.start, spell.end).clipped(spell.start, spell.end)
    part = part.take(part.state == State.gil_wait)
    found = []
    for lane in np.unique(part.lane).tolist():
        mine = part.take(part.lane == lane)
        start, end = int(mine.start[0]), int(mine.end[-1])
        if meanwhile.gil_of(lane, int(mine.ref[0]), start, end) == spell.lane:
            found.append(Had(lane, int((mine.end - mine.start).sum()), start, end))
    return sorted(found, key=lambda had: -had.ns)


def _threads_of(question: Question) -> list[int]:
    """The threads that may want the GIL: all of its process, or, where that has several GILs, those that have ever held this one."""
    meanwhile, gil = question.meanwhile, question.spell.lane
    process = process_of(meanwhile.trace, gil)
    inside = [lane for lane in meanwhile.trace.lanes.values() if lane.parent == process]
    if sum(lane.kind == "interpreter" for lane in inside) > 1:
        return meanwhile.index.lane(gil).refs(0, meanwhile.trace.t_ns)
    return [lane.id for lane in inside if lane.kind == "thread"]
