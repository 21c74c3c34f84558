"""What was asked: one spell of one lane, with what came before and after it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.explain.answer import Because, Spell
from engine.explain.meanwhile import Meanwhile
from engine.explain.phrases import doing, opened
from engine.trace import Edge, Lane, State
from engine.wording import duration

_ON_THE_WAY = (State.runnable, State.gil_wait, State.ready)
_WAY_NS = 50_000
"""Between the mark of a hand-over and that of the end of a wait lies the mark itself."""


@dataclass(frozen=True, slots=True)
class Question:
    """Why was the lane in `spell`? `before` and `after` are the lane's spells around it, None where there are none."""

    meanwhile: Meanwhile
    spell: Spell
    before: Spell | None
    after: Spell | None

    @property
    def lane(self) -> Lane:
        return self.meanwhile.lane(self.spell.lane)

    @property
    def name(self) -> str:
        """Whose spell it is, in the middle of a sentence."""
        return self.meanwhile.name(self.spell.lane)

    @property
    def who(self) -> str:
        """The same at the beginning of one."""
        return opened(self.name)

    @property
    def took(self) -> str:
        """`5.10 ms`, `5.10 ms so far`."""
        return f"{duration(self.spell.ns)} so far" if self.spell.open else duration(self.spell.ns)

    def said(self, past: str, present: str) -> str:
        """The verb: of what has ended, or of what goes on still."""
        return present if self.spell.open else past

    def ended_by(self) -> list[Edge]:
        """The edges that let it go on, the latest last: they end where the spell does, or once the lane is on a core again."""
        if self.spell.open:
            return []
        until, lane = self.spell.end, self.spell.lane
        after = self.after
        while after is not None and after.start <= until + _WAY_NS and after.state in _ON_THE_WAY:
            until = after.end
            _, _, after = self.meanwhile.at(lane, after.start)
        found = self.meanwhile.arriving(lane, self.spell.start + 1, until + _WAY_NS + 1)
        return [edge for edge in found if edge.kind != "spawn" and edge.from_ns <= self.spell.end + _WAY_NS]

    def meanwhile_of(self, lane: int, lead: str, t0: int | None = None, t1: int | None = None) -> Because:
        """What another lane mostly did during the spell, or during a part of it: a place to look at."""
        begin, end = self.spell.start if t0 is None else t0, self.spell.end if t1 is None else t1
        done = self.meanwhile.doing(lane, begin, end)
        state, ns = (done[0].state, done[0].ns) if done else (State.unknown, 0)
        parts = [f"{doing(one.state, one.detail)} for {duration(one.ns)}" for one in done[:2] if one.ns * 10 >= end - begin]
        return Because(lane, begin, end, state, ns, f"{lead} {', then '.join(parts)}" if parts else lead)
