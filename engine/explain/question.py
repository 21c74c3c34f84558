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

    def did(self, lane: int, t0: int, t1: int) -> str:
        """What a lane mostly did in `[t0, t1)`: `asleep for 65.6 ms and waiting for a core for 23.5 ms`."""
        done = self.meanwhile.doing(lane, t0, t1)
        told = [one for at, one in enumerate(done[:2]) if not at or one.ns * 10 >= t1 - t0]
        return " and ".join(f"{doing(one.state, one.detail)} for {duration(one.ns)}" for one in told) or "not seen"

    def beside(self, lane: int, t0: int | None = None, t1: int | None = None, lead: str = "was meanwhile") -> Because:
        """What another lane mostly did during the spell, or a part of it, as a place to look at."""
        begin = self.spell.start if t0 is None else t0
        end = max(self.spell.end if t1 is None else t1, begin + 1)
        done = self.meanwhile.doing(lane, begin, end)
        state, ns = (done[0].state, done[0].ns) if done else (State.unknown, 0)
        return Because(lane, begin, end, state, ns, f"{lead} {self.did(lane, begin, end)}")
