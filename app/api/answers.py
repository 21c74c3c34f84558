"""How answers are written, and how a trace is found by the id in a path."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from fastapi import Path, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.context import Context
from app.problems import MEDIA_TYPE, ProblemError
from app.static_files import matches
from app.store import Row, Snapshot
from app.trace_object import as_bytes, trace_object

TraceId = Annotated[str, Path(description="The trace's id, as in its permalink.", examples=["k3v9m2x7q4ab"])]

_PROBLEM = {"content": {MEDIA_TYPE: {"example": {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "…"}}}}
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such trace (or the id is malformed)", **_PROBLEM}}
INVALID: dict[int | str, dict[str, Any]] = {422: {"description": "A value cannot be; `errors` names the fields", **_PROBLEM}}
CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"description": "It contradicts what is stored; `detail` says how to mend it", **_PROBLEM}
}


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(as_bytes(body), status, headers, "application/json")


def tagged_answer(request: Request, body: Any) -> Response:
    """With a strong ETag of the representation; 304 for whoever has it already."""
    data = as_bytes(body)
    headers = {"etag": f'"{hashlib.sha256(data).hexdigest()[:32]}"', "cache-control": "no-cache"}
    if matches(request, headers["etag"]):
        return Response(status_code=304, headers=headers)
    return Response(data, 200, headers, "application/json")


def no_such_trace(trace_id: str) -> ProblemError:
    return ProblemError(404, f"There is no trace {trace_id[:100]!r} here.")


def found_row(context: Context, trace_id: str) -> Row:
    """Raises ProblemError 404."""
    row = context.row(trace_id)
    if row is None:
        raise no_such_trace(trace_id)
    return row


def found_snapshot(context: Context, trace_id: str) -> Snapshot:
    """Raises ProblemError 404."""
    snapshot = context.snapshot(trace_id)
    if snapshot is None:
        raise no_such_trace(trace_id)
    return snapshot


def told(context: Context, trace_id: str) -> dict[str, Any]:
    """The trace object, with the figures so far if it has not ended. Raises ProblemError 404."""
    snapshot = found_snapshot(context, trace_id)
    return trace_object(snapshot.row, store=context.store, live=snapshot)


async def told_soon(context: Context, trace_id: str) -> dict[str, Any]:
    return await run_in_threadpool(told, context, trace_id)
