"""Pictures of a trace for where its page is not: notebooks, lists."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.api.answers import CONFLICT, INVALID, NOT_FOUND, TraceId, answer, found_row, found_snapshot, no_such_trace
from app.api.examples import FIGURE, told
from app.api.windows import From, To
from app.context import Context
from app.exports import extent_of
from app.problems import ProblemError
from app.static_files import matches
from app.store import ConflictError
from app.thumbnails import Thumbnails
from app.trace_object import title
from engine.exports import ExportError, figure

router = APIRouter(prefix="/api/v1/traces/{trace_id}", tags=["record"])

_IMAGE: dict[int | str, dict[str, Any]] = {200: {"description": "The picture", "content": {"image/png": {}}}}


@router.get("/figure", summary="A chart for a notebook", responses={**told(FIGURE), **NOT_FOUND, **CONFLICT, **INVALID})
def get_figure(request: Request, trace_id: TraceId, t0: From = None, t1: To = None) -> Response:
    """A figure of Plotly's as JSON: `plotly.io.from_json(httpx.get(url).text).show()`.

    Bars for the segments that are wide enough to see, at most 2,000 of them; where there are more, the occupied fractions of the lanes
    behind them as an image, and a line that says so. It shows the lanes that carry work, their GILs and the cores, at most 64.
    """
    snapshot = found_snapshot(Context.of(request), trace_id)
    try:
        extent = extent_of(snapshot, t0, t1)
    except ConflictError as conflict:
        raise ProblemError(409, str(conflict)) from None
    except ExportError as error:
        raise ProblemError(422, str(error), errors=[{"field": "t1", "message": str(error)}]) from None
    name = title(snapshot.row.record.spec)
    label = snapshot.row.label
    return answer(figure(extent, f"{label} · {name}" if label else name, snapshot.row.headline or "", snapshot.index))


@router.get("/thumbnail", summary="A small picture", response_class=Response, responses={**_IMAGE, **NOT_FOUND, **INVALID})
def get_thumbnail(
    request: Request,
    trace_id: TraceId,
    theme: Annotated[Literal["light", "dark"], Query(description="For a light or a dark page.")] = "light",
) -> Response:
    """The whole trace as far as it is told, as a PNG of 264 × 88 pixels: in each column the shares of the lanes' states, stacked."""
    context = Context.of(request)
    row = found_row(context, trace_id)
    headers = {"etag": f'"{Thumbnails.key(row, theme)}"', "cache-control": "no-cache"}
    if matches(request, headers["etag"]):
        return Response(status_code=304, headers=headers)
    body = context.thumbnails.png(row, theme, lambda: context.snapshot(trace_id))
    if body is None:
        raise no_such_trace(trace_id)
    return Response(body, headers=headers, media_type="image/png")
