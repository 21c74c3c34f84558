"""What a selection adds up to, as JSON and as CSV."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.api.answers import INVALID, NOT_FOUND, TraceId, answer, found_snapshot
from app.api.examples import SELECTION, told
from app.api.windows import From, LaneIds, To, lanes_of, refuse, window_of
from app.context import Context
from app.store import Snapshot
from engine.exports.names import names
from engine.selection import Selection, Spent, selection
from engine.selection_csv import selection_csv
from engine.trace import State, Trace

router = APIRouter(prefix="/api/v1/traces/{trace_id}", tags=["record"])

_CSV: dict[int | str, dict[str, Any]] = {200: {"description": "Done", "content": {"text/csv": {"example": "lane,kind,name,…"}}}}
_AT_ONCE = threading.BoundedSemaphore(2)
"""How many are added up at once: each takes some dozen bytes a segment meanwhile, and no more of them would be quicker."""
_SORTS = ("work", "lane", "name", "segments", "longest_wait", *State.__members__)


@router.get("/selection", summary="What a selection adds up to", responses={**told(SELECTION), **NOT_FOUND, **INVALID})
def get_selection(
    request: Request,
    trace_id: TraceId,
    t0: From = None,
    t1: To = None,
    lanes: LaneIds = None,
    find: Annotated[str, Query(max_length=200, description="Tell only lanes whose names hold this; the figures are of all.")] = "",
    sort: Annotated[
        str, Query(max_length=30, description=f"One of {', '.join(_SORTS)}; `-` in front: the largest first; `work`: those that carry it.")
    ] = "work",
    after: Annotated[int, Query(ge=0, le=2**31, description="The `next_cursor` of the page before.")] = 0,
    limit: Annotated[int, Query(ge=0, le=10_000, description="At most so many lanes; 0: only the figures.")] = 100,
) -> Response:
    """A window on some lanes, or on all: per lane ns in each state, segments, the longest wait; and all of it together.

    `states`, `parallelism` and `longest_wait` of the whole are of the lanes that carry work (all chosen ones if none of them does);
    `handoffs` are those seen to the benefit of one of them. Unknown figures are null, never 0.
    """
    snapshot = found_snapshot(Context.of(request), trace_id)
    told = _selected(snapshot, t0, t1, lanes)
    called = names(snapshot.trace)
    items = _sorted(snapshot.trace, [one for one in told.lanes if find.casefold() in called.get(one.lane, "").casefold()], sort, called)
    page = items[after : after + limit]
    more = limit > 0 and after + limit < len(items)
    return answer(
        {
            **_figures(told),
            "states_found": [state.name for state in State if any(state.name in one.states for one in items)],
            "items": [_item(snapshot.trace, one, called) for one in page],
            "items_in_all": len(items),
            "next_cursor": str(after + limit) if more else None,
        }
    )


@router.get("/selection.csv", summary="The same as a table for spreadsheets", responses={**_CSV, **NOT_FOUND, **INVALID})
def get_selection_csv(request: Request, trace_id: TraceId, t0: From = None, t1: To = None, lanes: LaneIds = None) -> Response:
    """A line for all together, then one for each lane; times in ns, unknown figures empty."""
    snapshot = found_snapshot(Context.of(request), trace_id)
    told = _selected(snapshot, t0, t1, lanes)
    name = f"{snapshot.row.record.id}-{told.t0}-{told.t1}.csv"
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-cache"}
    return Response(selection_csv(told, snapshot.trace), headers=headers, media_type="text/csv; charset=utf-8")


def _selected(snapshot: Snapshot, t0: int | None, t1: int | None, lanes: str | None) -> Selection:
    window, chosen = window_of(snapshot, t0, t1), lanes_of(snapshot, lanes)
    with _AT_ONCE:
        return selection(snapshot.trace, *window, chosen)


def _figures(told: Selection) -> dict[str, Any]:
    return {
        "t0_ns": told.t0,
        "t1_ns": told.t1,
        "span_ns": told.t1 - told.t0,
        "lanes": len(told.lanes),
        "work_lanes": told.work,
        "segments": told.segments,
        "states": told.states,
        "parallelism": told.parallelism,
        "max_parallelism": told.max_parallelism,
        "handoffs": told.handoffs,
        "longest_wait": None if told.longest_wait is None else told.longest_wait.to_json(),
    }


def _item(trace: Trace, one: Spent, called: dict[int, str]) -> dict[str, Any]:
    lane = trace.lanes.get(one.lane)
    return {
        "lane": one.lane,
        "kind": lane.kind if lane else None,
        "name": called.get(one.lane),
        "work": one.works,
        "states": one.states,
        "segments": one.segments,
        "longest_wait": None if one.longest_wait is None else one.longest_wait.to_json(),
    }


def _sorted(trace: Trace, items: list[Spent], sort: str, called: dict[int, str]) -> list[Spent]:
    """By the key; those that are alike in it by id."""
    key = sort.removeprefix("-")
    if key not in _SORTS:
        refuse("sort", f"must be one of {', '.join(_SORTS)}, with `-` in front for the largest first")
    keys: dict[str, Callable[[Spent], Any]] = {
        "work": lambda one: not one.works,
        "lane": lambda one: one.lane,
        "name": lambda one: called.get(one.lane, "").casefold(),
        "segments": lambda one: one.segments,
        "longest_wait": lambda one: one.longest_wait.ns if one.longest_wait else 0,
    }
    return sorted(items, key=keys.get(key, lambda one: _in_state(trace, one, key)), reverse=sort.startswith("-"))


def _in_state(trace: Trace, one: Spent, state: str) -> int:
    """A process that is `running` is there; it is not running as its threads are, and does not stand among them."""
    lane = trace.lanes.get(one.lane)
    return 0 if lane is not None and lane.kind == "process" else one.states.get(state, 0)
