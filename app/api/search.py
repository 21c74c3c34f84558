"""What a reader looks for in a trace, and one lane's segments one by one."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from app.api.answers import INVALID, NOT_FOUND, TraceId, answer, found_snapshot
from app.api.examples import EXCERPT, SEARCH, told
from app.api.windows import From, To, refuse, window_of
from app.context import Context
from app.problems import ProblemError
from app.store import Snapshot
from engine.excerpt import excerpt
from engine.exports.names import names
from engine.search import LONGEST_QUERY, SearchError, parsed, search
from engine.trace import Segments, State, Trace
from engine.wording import duration

router = APIRouter(prefix="/api/v1/traces/{trace_id}", tags=["record"])

MAX_ITEMS = 1_000
MAX_PLACE = 1_000_000

Place = Annotated[int, Query(ge=0, le=MAX_PLACE, description="The `next_cursor` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=MAX_ITEMS, description="At most so many.")]


@router.get("/search", summary="Find lanes and segments by words", responses={**told(SEARCH), **NOT_FOUND, **INVALID})
def get_search(
    request: Request,
    trace_id: TraceId,
    q: Annotated[
        str, Query(max_length=LONGEST_QUERY, description="What to look for.", openapi_examples={"waits": {"value": "gil_wait > 5ms"}})
    ],
    after: Place = 0,
    limit: Limit = 50,
) -> Response:
    """A name, a function, a lock, a peer, a file, a state; `gil_wait > 5ms` for the long ones, `< 1ms` for the short ones.

    Plain text finds lanes by name (their times and state are null) and segments by detail. A state or a duration finds segments, the
    longest first; with text besides, those whose detail or lane's name holds it. What is quoted is text whatever it says.
    """
    snapshot = found_snapshot(Context.of(request), trace_id)
    try:
        query = parsed(q)
    except SearchError as error:
        refuse("q", str(error))
    trace, called = snapshot.trace, names(snapshot.trace)
    found = search(trace, query, after, limit)
    lanes = found.lanes[after : after + limit]
    reached = after + len(lanes) + len(found.segments)
    more = reached < len(found.lanes) + found.total and reached <= MAX_PLACE
    return answer(
        {
            "items": [*(_lane_hit(lane, called) for lane in lanes), *_hits(trace, found.segments, called)],
            "next_cursor": str(reached) if more else None,
            "lanes_found": len(found.lanes),
            "segments_found": found.total,
            "query": {
                "text": query.text,
                "state": None if query.state is None else query.state.name,
                "least_ns": query.least,
                "most_ns": query.most,
            },
        }
    )


@router.get("/lanes/{lane}/segments", summary="One lane's segments of a window", responses={**told(EXCERPT), **NOT_FOUND, **INVALID})
def get_excerpt(
    request: Request,
    trace_id: TraceId,
    lane: Annotated[int, Path(ge=0, lt=2**31, description="The lane's id.", examples=[4])],
    t0: From = None,
    t1: To = None,
    state: Annotated[str | None, Query(max_length=20, description="Only in this state.")] = None,
    after: Annotated[int, Query(ge=-1, le=2**62, description="The `next_cursor` of the page before.")] = -1,
    limit: Limit = 100,
) -> Response:
    """In the order of time, growing ones included (`open`); a wait for the GIL carries `holders`: `[[lane, ns], …]`.

    `total` is how many the window has, `before` how many of them come before this page. A cursor stays good while the trace grows.
    """
    snapshot = found_snapshot(Context.of(request), trace_id)
    if lane not in snapshot.trace.lanes:
        raise ProblemError(404, f"This trace has no lane {lane}; `GET …/lanes` tells which it has.")
    if state is not None and state not in State.__members__:
        refuse("state", f"must be one of {', '.join(State.__members__)}")
    start, end = window_of(snapshot, t0, t1)
    page = excerpt(snapshot.trace, lane, start, end, limit, after, None if state is None else State[state])
    closed = len(page.segments) - page.growing
    items = [{**item, "open": row >= closed} for row, item in enumerate(_with_holders(snapshot, page.segments))]
    return answer(
        {
            "items": items,
            "next_cursor": None if page.after is None else str(page.after),
            "total": page.total,
            "before": page.before,
            "t0_ns": start,
            "t1_ns": end,
        }
    )


def _with_holders(snapshot: Snapshot, segments: Segments) -> list[dict[str, Any]]:
    told = segments.to_json(snapshot.trace.strings)
    for row in (row for row, state in enumerate(segments.state.tolist()) if state == State.gil_wait):
        one = segments.take(slice(row, row + 1))
        told[row]["holders"] = snapshot.index.holders(int(one.lane[0]), one.start, one.end, one.ref)[0]
    return told


def _lane_hit(lane: int, called: dict[int, str]) -> dict[str, Any]:
    return {"lane": lane, "start_ns": None, "end_ns": None, "state": None, "detail": None, "text": called[lane]}


def _hits(trace: Trace, segments: Segments, called: dict[int, str]) -> list[dict[str, Any]]:
    return [
        {name: item[name] for name in ("lane", "start_ns", "end_ns", "state", "detail")} | {"text": _said(item, called)}
        for item in segments.to_json(trace.strings)
    ]


def _said(item: dict[str, Any], called: dict[int, str]) -> str:
    name = called.get(item["lane"], f"lane {item['lane']}")
    length = duration(item["end_ns"] - item["start_ns"])
    return f"{length} {item['state']} of {name}" + (f": {item['detail']}" if item["detail"] else "")
