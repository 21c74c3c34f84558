"""What a recording has cost the measured program so far: an estimate, of what was counted and what each costs here.

    marks × mark + steps × step + starts × start + traps × trap + switches × switch + calls × call + wakings × waking

It is the program's own processor time, summed over its threads. Not in it: what the recorder's own process takes (which is told apart),
what other threads wait for meanwhile (a trap while holding the GIL makes all who ask for it wait), caches that grow colder, and what an
instrumented call costs beyond its marks.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.supervisor.unit_costs import UnitCosts


@dataclass(slots=True)
class Toll:
    """The counts, growing. `marks` are those that belong to no step; `starts` are interpreters that began, not by a fork."""

    costs: UnitCosts
    marks: int = 0
    steps: int = 0
    starts: int = 0
    traps: int = 0
    switches: int = 0
    calls: int = 0
    wakings: int = 0

    @property
    def ns(self) -> int | None:
        """None while something was counted whose cost is not known."""
        counted = (
            (self.marks, self.costs.mark),
            (self.steps, self.costs.step),
            (self.starts, self.costs.start),
            (self.traps, self.costs.trap),
            (self.switches, self.costs.switch),
            (self.calls, self.costs.call),
            (self.wakings, self.costs.waking),
        )
        known = [count * cost for count, cost in counted if count and cost is not None]
        return round(sum(known)) if len(known) == sum(count > 0 for count, _ in counted) else None
