"""How well a lane is known: as well as the weakest source that it rested on in its life, and what is to be said of that."""

from __future__ import annotations

from engine.timeline.evidence import GIL_ABSENT, GIL_EXACT, GIL_OFF, GIL_SAMPLED, GilSource
from engine.trace import Exactness

LEVELS: tuple[Exactness, ...] = ("exact", "sampled", "inferred")
_OF_GIL: dict[int, Exactness] = {GIL_EXACT: "exact", GIL_SAMPLED: "sampled", GIL_OFF: "inferred", GIL_ABSENT: "exact"}
_SAID = {GIL_ABSENT: "GIL disabled: threads run Python at once"}


class Standing:
    """Grows with each change of a source. `note` tells them in order: "sampled while …; from 0.26 s: exact"."""

    __slots__ = ("_sources", "note")

    def __init__(self) -> None:
        self._sources: dict[int, None] = {}
        self.note: str | None = None

    @property
    def disabled(self) -> bool:
        """Whether there was no GIL in all its life."""
        return list(self._sources) == [GIL_ABSENT]

    def see(self, source: GilSource, t: int) -> None:
        """From `t` (ns since the trace began) on, a GIL is seen so."""
        if source.source in (GIL_EXACT, GIL_SAMPLED, GIL_ABSENT):
            # Before its GIL was found, or found missing, it has no source yet: that says nothing of what is seen from now on.
            self._sources.pop(GIL_OFF, None)
        elif source.source == GIL_OFF and not source.why:
            # It has called exec: what was before that is nothing to whom it is now.
            self._sources.clear()
            self.note = None
        self._sources[source.source] = None
        said = source.why or _SAID.get(source.source) or ("exact" if self.note is not None else None)
        if said is None or (self.note is not None and self.note.endswith(said)):
            return
        self.note = said if self.note is None else f"{self.note}; from {t / 1e9:.3f} s: {said}"

    @property
    def level(self) -> Exactness:
        """Of the weakest; what was never told of is inferred."""
        return weakest(*(_OF_GIL[source] for source in self._sources)) if self._sources else LEVELS[-1]


def weakest(*levels: Exactness) -> Exactness:
    return max(levels, key=LEVELS.index)
