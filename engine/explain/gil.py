"""Why a thread waits for the GIL; who holds it, who wants it, and why nobody does."""

from __future__ import annotations

import numpy as np

from engine.explain.answer import Answer, Because
from engine.explain.crossing import crossing
from engine.explain.meanwhile import Doing, Had
from engine.explain.phrases import doing, generally, opened
from engine.explain.question import Question
from engine.scope import process_of
from engine.trace import Edge, State
from engine.wording import count, duration, listed

_NAMED = 3
_SHOWN = 8
_WOKEN_NS = 200_000
_TURNS = "Threads that compute take turns on one GIL: processes, or a free-threaded Python, would run them at the same time."
_NO_CORE = (
    "Whoever holds the GIL keeps it while it waits for a core, and all others wait with it. "
    "Fewer busy threads and processes than cores make that rare."
)
_BLOCKS = "Who blocks with the GIL in hand stops all others: mostly C code that does not let it go, or a page that has to be loaded."
_LONG_CALL = "So long a hold is mostly one call of C code that does not let the GIL go: split its work, or look for a version that does."


def gil_wait(question: Question) -> Answer:
    """Who held it during the wait, what they were doing with it, and what made the last one give it up."""
    meanwhile, spell = question.meanwhile, question.spell
    begun = f"{question.who} {question.said('waited', 'has waited')} {question.took} for the GIL"
    gil = meanwhile.gil_of(spell.lane, spell.ref, spell.start, spell.end)
    holders = [] if gil is None else meanwhile.had(gil, spell.start, spell.end)
    if gil is None or not holders:
        return Answer(f"{begun}. Who held it meanwhile was not seen.", advice=meanwhile.how_to_see("gil"))
    done = {had.lane: meanwhile.doing(had.lane, had.start, had.end) for had in holders[:_SHOWN]}
    because = tuple(_holding(had, done[had.lane]) for had in holders[:_SHOWN])
    last = _last_holder(question, gil)
    if len(holders) == 1:
        text = f"{begun}: {meanwhile.name(holders[0].lane)} held it{_at(done[holders[0].lane], last.end - last.start)}"
    else:
        named = [f"{meanwhile.name(had.lane)} ({duration(had.ns)}{_off_core(done[had.lane])})" for had in holders[:_NAMED]]
        more = [f"{len(holders) - _NAMED} more"] if len(holders) > _NAMED else []
        text = f"{begun}: {listed(named + more)} held it in turn"
    unseen = meanwhile.index.lane(gil).totals(spell.start, spell.end).get("unknown", 0)
    rest = f" For {duration(unseen)} of it, who held it was not seen." if unseen * 5 >= spell.ns else ""
    edges = () if spell.open else (Edge("release", last.lane, last.end, spell.lane, spell.end),)
    given = "" if spell.open else _given_up(question, last, named=len(holders) > 1)
    return Answer(f"{text}{given}.{rest}", because, edges, _advice(question, holders, done))


def held(question: Question) -> Answer:
    """By whom, what it was doing with it, and who wanted it meanwhile."""
    meanwhile, spell = question.meanwhile, question.spell
    done = [] if spell.ref is None else meanwhile.doing(spell.ref, spell.start, spell.end)
    text = (
        f"{opened(meanwhile.name(spell.ref))} {question.said('held', 'has held')} {question.name} for {question.took}{_at(done, spell.ns)}"
    )
    waiting = _waiting(question)
    because = tuple(
        Because(one.lane, one.start, one.end, State.gil_wait, one.ns, f"waited for it for {duration(one.ns)} of that")
        for one in waiting[:_SHOWN]
    )
    if spell.ref is not None:
        because = (question.beside(spell.ref), *because)
    more = [f"{len(waiting) - _NAMED} more"] if len(waiting) > _NAMED else []
    names = listed([meanwhile.name(one.lane) for one in waiting[:_NAMED]] + more)
    text = f"{text}; {names} waited for it" if waiting else f"{text}; nobody else wanted it"
    after = question.after
    if after is not None and after.state is State.held and not spell.open:
        text = f"{text}; then {meanwhile.name(after.ref)} took it"
    blocked = sum(one.ns for one in done if one.state in (State.lock_wait, State.io_wait))
    return Answer(f"{text}.", because, advice=_BLOCKS if waiting and 2 * blocked > spell.ns else None)


def free(question: Question) -> Answer:
    """What the threads that could have taken it did instead."""
    meanwhile, spell = question.meanwhile, question.spell
    text = f"Nobody {question.said('held', 'has held')} {question.name} for {question.took}"
    part = crossing(meanwhile.index.trace, _who_runs_in_it(question), spell.start, spell.end).clipped(spell.start, spell.end)
    spent: dict[State, tuple[int, set[int]]] = {}
    for lane, start, end, state, *_ in part.rows():
        ns, lanes = spent.get(State(state), (0, set()))
        spent[State(state)] = (ns + end - start, lanes | {lane})
    if spell.ns < _WOKEN_NS and State.runnable in spent:
        return Answer(f"{text}: who gets it next has to be woken first.")
    most = sorted(spent.items(), key=lambda item: -item[1][0])[:2]
    if len(most) > 1 and most[1][1][1] <= most[0][1][1]:
        del most[1]
    did = listed([f"{_were(question, lanes)} {generally(state)}" for state, (_, lanes) in most])
    return Answer(f"{text}: {did}." if did else f"{text}.")


def _were(question: Question, lanes: set[int]) -> str:
    return f"{question.meanwhile.name(next(iter(lanes)))} was" if len(lanes) == 1 else f"{count(len(lanes), 'thread')} were"


def _off_core(done: list[Doing]) -> str:
    """What kept a holder from using it, for most of the time."""
    if not done or done[0].state not in (State.runnable, State.lock_wait, State.io_wait):
        return ""
    return ", mostly without a core" if done[0].state is State.runnable else ", mostly blocked"


def _holding(had: Had, done: list[Doing]) -> Because:
    whole = had.end - had.start
    state = done[0].state if done else State.unknown
    longest = f", the longest for {duration(whole)}" if had.ns > whole else ""
    return Because(had.lane, had.start, had.end, state, had.ns, f"held it for {duration(had.ns)}{longest}{_at(done, whole)}")


def _at(done: list[Doing], whole: int) -> str:
    """What a holder did with it: `, running Python in spin (prog.py)`; with the times, where it was not one thing."""
    known = [one for one in done[:2] if one.state is not State.unknown and one.ns * 10 >= whole]
    if not known:
        return ""
    if len(known) == 1:
        return f", {doing(known[0].state, known[0].detail)}"
    return ", " + " and ".join(f"{doing(one.state, one.detail)} for {duration(one.ns)}" for one in known)


def _last_holder(question: Question, gil: int) -> Had:
    """Who held it last before the wait's end."""
    part = question.meanwhile.holds(gil, question.spell.start, question.spell.end)
    start, end = int(part.start[-1]), int(part.end[-1])
    return Had(int(part.ref[-1]), end - start, start, end)


def _given_up(question: Question, last: Had, *, named: bool) -> str:
    """What made the last holder let it go, where the record tells."""
    meanwhile = question.meanwhile
    _, now, after = meanwhile.at(last.lane, last.end)
    then = now if now is not None else after
    who = meanwhile.name(last.lane) if named else "it"
    interval, called = meanwhile.interval()
    asked = last.end - last.start
    if then is not None and then.state is State.gil_wait and asked >= 0.8 * interval:
        late = f", {duration(asked)} after it was asked" if asked > 1.5 * interval else f", after {called}"
        return f"; {who} gave it up only when made to{late}"
    if then is not None and then.state in (State.lock_wait, State.io_wait, State.idle):
        why = "had nothing more to do" if then.state is State.idle else f"began {doing(then.state, then.detail)}"
        return f"; {who} gave it up when it {why.replace('began asleep', 'went to sleep')}"
    return f"; {who} had it last" if named else ""


def _advice(question: Question, holders: list[Had], done: dict[int, list[Doing]]) -> str | None:
    spell, (interval, _) = question.spell, question.meanwhile.interval()
    every = [one for had in holders[:_SHOWN] for one in done[had.lane]]
    whole = sum(one.ns for one in every)
    if 3 * sum(one.ns for one in every if one.state in (State.lock_wait, State.io_wait)) > whole:
        return _BLOCKS
    if 3 * sum(one.ns for one in every if one.state is State.runnable) > whole:
        return _NO_CORE
    seen = question.meanwhile.trace.record.sources.get("gil") == "exact"
    if seen and any(had.end - had.start > 3 * interval and done[had.lane][0].state is State.running for had in holders[:_SHOWN]):
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
    """The threads of the GIL's process."""
    trace, process = question.meanwhile.trace, process_of(question.meanwhile.trace, question.spell.lane)
    return [lane.id for lane in trace.lanes.values() if lane.kind == "thread" and lane.parent == process]


def _who_runs_in_it(question: Question) -> list[int]:
    """Of those the ones that may want this GIL: where there are several, those that have ever had it."""
    meanwhile, gil = question.meanwhile, question.lane
    several = sum(lane.kind == "interpreter" and lane.parent == gil.parent for lane in meanwhile.trace.lanes.values()) > 1
    return meanwhile.index.lane(gil.id).refs(0, meanwhile.trace.t_ns) if several else _threads_of(question)
