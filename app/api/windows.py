"""What a request may say of a window and of lanes, held against the trace; and in words what is wrong with it."""

from __future__ import annotations

from typing import Annotated, NoReturn

from fastapi import Query

from app.problems import ProblemError
from app.store import Snapshot
from engine.views import LAST_NS
from engine.wording import duration

From = Annotated[int | None, Query(ge=0, le=LAST_NS, description="Where the window begins, in ns since the trace began.")]
To = Annotated[int | None, Query(ge=0, le=LAST_NS, description="Where it ends.")]
LaneIds = Annotated[str | None, Query(max_length=20_000, pattern=r"^([0-9]{1,9}(,[0-9]{1,9})*)?$", description="Lane ids, by commas.")]

_NAMED = 5


def window_of(snapshot: Snapshot, t0: int | None, t1: int | None) -> tuple[int, int]:
    """`[t0, t1)`; by default from the beginning to as far as the trace is told.

    Raises ProblemError 422 for one that is empty, or that lies wholly behind the end of a finished trace.
    """
    told = max(snapshot.head.t_ns, 1)
    start, end = t0 or 0, max(told, (t0 or 0) + 1) if t1 is None else t1
    if end <= start:
        refuse("t1", f"must be after t0 ({start})")
    if snapshot.head.record.finished and start >= told:
        refuse("t0", f"the trace ends at {told} ns ({duration(told)}): a window of it begins before; got {start}")
    return start, end


def lanes_of(snapshot: Snapshot, lanes: str | None) -> tuple[int, ...] | None:
    """The ids, None for all of them. Raises ProblemError 422 that names those which the trace does not have."""
    if lanes is None:
        return None
    wanted = tuple(dict.fromkeys(int(lane) for lane in lanes.split(",") if lane))
    unknown = [lane for lane in wanted if lane not in snapshot.head.lanes]
    if unknown:
        more = f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
        refuse("lanes", f"this trace has no lane {', '.join(map(str, unknown[:_NAMED]))}{more}; `GET …/lanes` tells which it has")
    if not wanted:
        refuse("lanes", "names no lane; leave it out to mean all of them")
    return wanted


def refuse(field: str, message: str) -> NoReturn:
    """Raises ProblemError 422 on account of one field."""
    raise ProblemError(422, f"{field}: {message}", errors=[{"field": field, "message": message}])
