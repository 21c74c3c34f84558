"""What a trace holds: lanes, segments, the picture of a window, and the figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from app.api.answers import INVALID, NOT_FOUND, TraceId, answer, found_row, found_snapshot, no_such_trace
from app.api.examples import EDGE, LANE, METRICS, SEGMENT, VIEW, page_of, told
from app.api.windows import From, LaneIds, To, lanes_of, refuse, window_of
from app.context import Context
from app.problems import ProblemError
from app.segment_pages import Filter, Place, SegmentPage, segment_page
from app.store import Snapshot
from app.trace_object import as_bytes
from app.view_cache import Window
from engine.edge_index import NO_EDGES
from engine.metrics import metrics
from engine.trace import State
from engine.views import MAX_COLUMNS, ViewError
from engine.wording import duration

router = APIRouter(prefix="/api/v1/traces/{trace_id}", tags=["record"])

NDJSON = "application/x-ndjson"
MAX_ITEMS = 10_000
_FRESH = {"cache-control": "no-cache"}

Limit = Annotated[int, Query(ge=1, le=MAX_ITEMS, description="At most so many.")]
After = Annotated[
    str | None, Query(max_length=40, pattern=r"^[0-9]{1,12}(\.[0-9]{1,12})?$", description="The `next_cursor` of the page before.")
]


@router.get("/lanes", summary="Its lanes", responses={**told(page_of(LANE)), **NOT_FOUND, **INVALID})
def lanes(request: Request, trace_id: TraceId, after: After = None, limit: Limit = MAX_ITEMS) -> Response:
    """Processes, interpreters (GILs), threads, tasks and cores, a tree by `parent`, in the order of their ids."""
    context = Context.of(request)
    row = found_row(context, trace_id)
    glimpse = context.reader.glimpse(row)
    first = int((after or "-1").partition(".")[0])
    if glimpse is not None:
        found = [lane for lane in glimpse.overview.lanes if lane["id"] > first]
    else:
        known = found_snapshot(context, trace_id).head.lanes
        found = [known[lane].to_json() for lane in sorted(known) if lane > first]
    cursor = str(found[limit - 1]["id"]) if len(found) > limit else None
    return _items(request, found[:limit], cursor)


@router.get("/segments", summary="Its segments, exactly", responses={**told(page_of(SEGMENT)), **NOT_FOUND, **INVALID})
def segments(
    request: Request,
    trace_id: TraceId,
    after: After = None,
    limit: Limit = 1000,
    lane: Annotated[int | None, Query(ge=0, lt=2**31, description="Only of this lane.")] = None,
    state: Annotated[str | None, Query(max_length=20, description="Only in this state.")] = None,
) -> Response:
    """Closed segments in the order in which they were recorded, within one frame by lane and start.

    A page's cursor stays good while the trace grows.
    """
    if state is not None and state not in State.__members__:
        message = f"must be one of {', '.join(State.__members__)}"
        raise ProblemError(422, f"state: {message}", errors=[{"field": "state", "message": message}])
    wanted = Filter(lane, None if state is None else State[state])
    context = Context.of(request)
    row = found_row(context, trace_id)
    page: SegmentPage = segment_page(context.store, row.number, Place.parse(after), limit, wanted)
    return _items(request, page.items, page.next_cursor)


@router.get("/edges", summary="Who did what to whom", responses={**told(page_of(EDGE)), **NOT_FOUND, **INVALID})
def get_edges(request: Request, trace_id: TraceId, after: After = None, limit: Limit = 1000) -> Response:
    """From a moment of one lane to a moment of another, in the order in which their ends were recorded.

    `spawn`: a thread or process was made. `submit`: work was handed to a pool; the time between is the queue's. `release`: a lock was
    let go, and a waiter woken. `message`: something was put, sent or set, and received. A page's cursor stays good while the trace grows.
    """
    snapshot = found_snapshot(Context.of(request), trace_id)
    first = int((after or "0").partition(".")[0])
    page = snapshot.head.edges[first : first + limit]
    cursor = str(first + limit) if first + limit < len(snapshot.head.edges) else None
    return _items(request, [asdict(edge) for edge in page], cursor)


@router.get("/view", summary="What a screen needs of a window", responses={**told(VIEW), **NOT_FOUND, **INVALID})
async def view(
    request: Request,
    trace_id: TraceId,
    t0: From = None,
    t1: To = None,
    px: Annotated[int, Query(ge=1, le=MAX_COLUMNS, description="How many pixels wide.")] = 1000,
    lanes: LaneIds = None,
    budget: Annotated[int, Query(ge=0, le=2000, description="At most so many exact segments; 0: only the picture.")] = 2000,
    edges: Annotated[int, Query(ge=0, le=2000, description="All edges of the window if they are at most so many, else none.")] = 0,
    at_work: Annotated[bool, Query(description="Also how many threads are at work in each column.")] = False,
    sums: Annotated[bool, Query(description="Also ns per state over all lanes that carry work.")] = False,
    overview: Annotated[bool, Query(description="While a large trace is being opened, be content with its overview.")] = False,
) -> Response:
    """Per lane and state the occupied fraction of each column (base64 of one byte a column, 255 = all of it).

    And the exact segments that are wide enough to see, at most `budget`; a wait for the GIL carries `holders`: `[[lane, ns], …]`.
    The view's own `holders` are coverage, too: per GIL and core the share of each thread; `totals` are ns per lane and state.
    `edges_in_window` says how many edges there are that touch its lanes; null if `edges` asked for none. `at_work`, null unless asked for,
    is how many threads that carry work are on a core: 255 stands for `most`; `sums`, likewise, the window's ns per state over all that
    carry work, whichever lanes were asked for. At most 512 lanes are answered; `lanes` says which.

    `resolution` is `exact`, or, only if `overview` was asked for, `overview`: a large trace is still being read, `opened` of 1 is done, and
    this is its whole run in coarser columns, with the lanes that its overview has. Ask again to have it opened, and for the window itself.
    """
    context, asked = Context.of(request), _Asked(t0, t1, px, lanes, budget, edges, at_work, sums)
    row = context.glance(trace_id)
    held = None if row is None else context.reader.held(row)
    body = None if held is None else context.views.made(held, asked.window(held))
    if body is None:
        moment = None if row is None else (row.number, row.status, row.t_ns)
        body = await context.flights.answer((trace_id, moment, asked, overview), lambda: _view(context, trace_id, asked, overview))
    return Response(body, headers=_FRESH, media_type="application/json")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a request for a view says, not yet held against the trace."""

    t0: int | None
    t1: int | None
    px: int
    lanes: str | None
    budget: int
    edges: int
    at_work: bool
    sums: bool

    def window(self, snapshot: Snapshot) -> Window:
        """Raises ProblemError 422 for lanes that the trace does not have."""
        lanes = () if self.lanes == "" else lanes_of(snapshot, self.lanes)
        return Window(self.t0, self.t1, self.px, lanes, self.budget, self.edges, self.at_work, self.sums)


def _view(context: Context, trace_id: str, asked: _Asked, overview: bool) -> bytes:
    row = found_row(context, trace_id)
    if row.finished and (asked.t0 or 0) >= max(row.t_ns, 1):
        refuse("t0", f"the trace ends at {row.t_ns} ns ({duration(row.t_ns)}): a window of it begins before; got {asked.t0}")
    glimpse = context.reader.glimpse(row) if overview else None
    if glimpse is not None:
        lanes = None if asked.lanes is None else [int(lane) for lane in asked.lanes.split(",") if lane]
        whole = glimpse.overview.told(asked.t0, asked.t1, lanes, asked.at_work, asked.sums)
        return as_bytes({**whole, **NO_EDGES, "resolution": "overview", "opened": glimpse.opened})
    snapshot = context.reader.snapshot(trace_id)
    if snapshot is None:  # It was deleted just now.
        raise no_such_trace(trace_id)
    try:
        return context.views.answer(snapshot, asked.window(snapshot))
    except ViewError as error:
        refuse("t1", str(error))


@router.get("/metrics", summary="The figures of the trace, or of a window", responses={**told(METRICS), **NOT_FOUND, **INVALID})
def get_metrics(request: Request, trace_id: TraceId, t0: From = None, t1: To = None) -> Response:
    """Unknown ones are null, never 0. Counters of the whole trace are unknown for a window."""
    context = Context.of(request)
    row = found_row(context, trace_id)
    if t0 is None and t1 is None and row.metrics is not None:
        return answer(row.metrics)
    return answer(_metrics(found_snapshot(context, trace_id), t0, t1))


def _metrics(snapshot: Snapshot, t0: int | None, t1: int | None) -> dict[str, Any]:
    if t0 is None and t1 is None:
        return snapshot.row.metrics or metrics(snapshot.trace)
    return metrics(snapshot.trace, *window_of(snapshot, t0, t1))


def _items(request: Request, items: list[dict[str, Any]], cursor: str | None) -> Response:
    """One JSON object, or a line for each item if the client prefers; the next page is in a `Link` header, too."""
    headers = {"vary": "accept"}
    if cursor is not None:
        query = urlencode({**request.query_params, "after": cursor})
        headers["link"] = f'<{request.url.path}?{query}>; rel="next"'
    if NDJSON in request.headers.get("accept", ""):
        return StreamingResponse(_lines(items), headers=headers, media_type=NDJSON)
    return answer({"items": items, "next_cursor": cursor}, headers=headers)


def _lines(items: list[dict[str, Any]]) -> Iterator[bytes]:
    for first in range(0, len(items), 500):
        yield b"".join(as_bytes(item) + b"\n" for item in items[first : first + 500])
