"""Which lanes a picture without a page shows, in which order, under which names.

python 4242
GIL                 of the processes in which work is done
worker-1            threads and tasks that carry work
cpu 0               cores
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.exports.names import names
from engine.scope import scope_of
from engine.trace import Lane, Trace

_KINDS = ("interpreter", "thread", "task", "cpu")


@dataclass(frozen=True, slots=True)
class Chosen:
    """`lanes` from top to bottom; `left_out`: how many more there would have been; `hues`: thread → its number as a holder."""

    lanes: tuple[Lane, ...]
    labels: tuple[str, ...]
    hues: dict[int, int]
    left_out: int


def chosen(trace: Trace, most: int, *, work_only: bool = False) -> Chosen:
    """Those that carry work, their GILs and the cores, or without the latter two; all lanes if nothing carries work. At most `most`."""
    scope = scope_of(trace, 0, 1)  # Of no window in particular: who carries work is asked, not when.
    wanted = {*scope.carriers} if work_only else {*scope.carriers, *scope.hosts, *scope.gils}
    lanes = [lane for lane in trace.lanes.values() if lane.id in wanted or (lane.kind == "cpu" and not work_only)]
    if not wanted:
        lanes = [lane for lane in trace.lanes.values() if lane.kind in _KINDS]
    lanes.sort(key=lambda lane: (_KINDS.index(lane.kind) if lane.kind in _KINDS else len(_KINDS), lane.id))
    called = names(trace)
    hosts = sorted(scope.hosts)
    shown = tuple(lanes[:most])
    return Chosen(shown, tuple(called[lane.id] for lane in shown), {host: hue for hue, host in enumerate(hosts)}, len(lanes) - len(shown))
