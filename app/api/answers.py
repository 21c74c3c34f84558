"""How answers are written, and how a trace is found by the id in a path."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Path, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.context import Context
from app.problems import MEDIA_TYPE, ProblemError
from app.static_files import matches
from app.store import Row, Snapshot
from app.trace_object import as_bytes
from app.wishes import RefusedError

MAX_WAIT_S = 60.0
TraceId = Annotated[str, Path(description="The trace's id, as in its permalink.", examples=["k3v9m2x7q4ab"])]

_PROBLEM = {"content": {MEDIA_TYPE: {"example": {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "…"}}}}
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such trace (or the id is malformed)", **_PROBLEM}}
INVALID: dict[int | str, dict[str, Any]] = {422: {"description": "A value cannot be; `errors` names the fields", **_PROBLEM}}
FULL: dict[int | str, dict[str, Any]] = {429: {"description": "Too many runs wait already"}}
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
    found = context.told(trace_id)
    if found is None:
        raise no_such_trace(trace_id)
    return found


def refused(error: RefusedError) -> ProblemError:
    """The 422 that names the fields to blame."""
    return ProblemError(422, str(error), errors=[{"field": problem.field, "message": problem.message} for problem in error.problems])


async def until(over: Callable[[], bool], context: Context, seconds: float) -> None:
    """Waits while the store says that something goes on: until `over()`, asked in a thread, or the time is up."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not context.hub.closed:
        with context.hub.watch() as watch:
            done = await run_in_threadpool(over)
            left = deadline - loop.time()
            if done or left <= 0:
                return
            await watch.wait(left)


async def told_soon(context: Context, trace_id: str) -> dict[str, Any]:
    return await run_in_threadpool(told, context, trace_id)
