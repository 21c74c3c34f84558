"""Runs: started, listed, waited for, cancelled, renamed, deleted."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query, Request
from starlette.responses import Response

from app.api.answers import (
    CONFLICT,
    FULL,
    INVALID,
    MAX_WAIT_S,
    NOT_FOUND,
    TraceId,
    answer,
    found_row,
    no_such_trace,
    refused,
    tagged_answer,
    told,
    told_soon,
    until,
)
from app.api.examples import TRACE, page_of
from app.api.examples import told as told_as
from app.context import Context
from app.ids import is_id
from app.listing import decode_cursor, page_of_traces
from app.problems import ProblemError
from app.queue import QueueFullError
from app.schemas import CREATE_EXAMPLES, PATCH_EXAMPLES, StatusName, TracePatch, TraceRequest
from app.store import ConflictError, Listing
from app.wishes import RefusedError, spec_of

router = APIRouter(prefix="/api/v1/traces", tags=["traces"])

QUEUED = {**TRACE, "status": "queued", "position": 1, "digest": None, "headline": None, "t_ns": 0, "metrics": None, "findings": []}


@router.post("", status_code=202, summary="Start a run", responses={**told_as(QUEUED, 202, "Accepted"), **INVALID, **FULL})
def create(request: Request, wanted: Annotated[TraceRequest, Body(openapi_examples=CREATE_EXAMPLES)]) -> Response:
    """Puts it into the line: one run at a time, so that none contaminates another. The answer is the trace object, `queued`."""
    context = Context.of(request)
    if context.queue is None:
        raise ProblemError(403, "This server is read-only: it was started with --read-only.")
    try:
        spec = spec_of(wanted.wish())
    except RefusedError as error:
        raise refused(error) from None
    try:
        trace_id = context.queue.submit(spec, wanted.label)
    except QueueFullError as full:
        raise ProblemError(429, str(full)) from None
    return answer(told(context, trace_id), 202, {"location": f"/api/v1/traces/{trace_id}"})


@router.get("", summary="List traces, newest first", responses={**told_as(page_of(TRACE)), **INVALID})
def list_traces(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=200, description="At most so many.")] = 50,
    cursor: Annotated[str | None, Query(max_length=200, description="The `next_cursor` of the page before.")] = None,
    workload: Annotated[str | None, Query(max_length=200, description="Only of this workload.")] = None,
    model: Annotated[str | None, Query(max_length=200, description="Only under this model.")] = None,
    status: Annotated[StatusName | None, Query(description="Only of this status.")] = None,
) -> Response:
    place = decode_cursor(cursor) if cursor else None
    return answer(page_of_traces(Context.of(request), Listing(limit, place, workload, model, status)))


@router.get(
    "/{trace_id}",
    summary="A trace, at once or when it is finished",
    responses={**told_as(TRACE), **NOT_FOUND, 304: {"description": "Unchanged"}},
)
async def get_trace(
    request: Request,
    trace_id: TraceId,
    wait: Annotated[float, Query(ge=0, description="Answer when it is finished, or after so many seconds (at most 60).")] = 0,
) -> Response:
    """The trace object, with a strong ETag. Figures are frozen once it is finished; before, they are those so far."""
    context = Context.of(request)
    if wait:
        await until(lambda: _is_over(context, trace_id), context, min(wait, MAX_WAIT_S))
    return tagged_answer(request, await told_soon(context, trace_id))


@router.post(
    "/{trace_id}/cancel",
    status_code=202,
    summary="Cancel a run",
    responses={**told_as({**TRACE, "status": "cancelled"}, 202, "Accepted"), **NOT_FOUND},
)
def cancel(request: Request, trace_id: TraceId) -> Response:
    """Takes it out of the line, or ends it and keeps what was recorded; 200 if it is over already. Wait for it with `?wait=`."""
    context = Context.of(request)
    row = found_row(context, trace_id)
    if not row.finished and context.queue is not None:
        context.queue.cancel(trace_id)
    return answer(told(context, trace_id), 200 if row.finished else 202)


@router.delete("/{trace_id}", status_code=204, summary="Delete a trace", responses={**NOT_FOUND, **CONFLICT})
def delete(request: Request, trace_id: TraceId) -> Response:
    """For good. One that waits or runs must be cancelled first: 409."""
    context = Context.of(request)
    try:
        gone = is_id(trace_id) and context.store.delete(trace_id)
    except ConflictError as conflict:
        raise ProblemError(409, f"{conflict} (POST /api/v1/traces/{trace_id}/cancel)") from None
    if not gone:
        raise no_such_trace(trace_id)
    context.hub.poke()
    return Response(status_code=204)


@router.patch("/{trace_id}", summary="Change label or pin", responses={**told_as(TRACE), **NOT_FOUND, **INVALID})
def change(request: Request, trace_id: TraceId, patch: Annotated[TracePatch, Body(openapi_examples=PATCH_EXAMPLES)]) -> Response:
    """Neither is part of the record, so the digest stays."""
    context = Context.of(request)
    found_row(context, trace_id)
    context.store.change(trace_id, patch.label, patch.pinned)
    context.hub.poke()
    return answer(told(context, trace_id))


def _is_over(context: Context, trace_id: str) -> bool:
    row = context.row(trace_id)
    return row is None or row.finished
