"""One trace as one file: downloaded here, imported elsewhere under the same id."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import IO, Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.api.answers import CONFLICT, INVALID, NOT_FOUND, TraceId, answer, found_row, told_soon
from app.api.examples import TRACE, told
from app.bundles import GivenUpError, bundle_export, import_bundle
from app.context import Context
from app.downloads import Download
from app.problems import ProblemError
from app.store import ConflictError
from app.uploads import spooled, uploaded
from engine.bundle import BundleError

router = APIRouter(prefix="/api/v1/traces", tags=["bundles"])

_LOOK_S = 0.2
_UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The file as it was exported: as the body itself, or as the only part of a form.",
        "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {"schema": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}},
        },
    }
}


@router.get("/{trace_id}/export/bundle", summary="Download it as one file", response_class=Response, responses={**NOT_FOUND, **CONFLICT})
def export(request: Request, trace_id: TraceId) -> Response:
    """A bundle: another gilscope that imports it shows the same trace under the same id. Only of a finished trace."""
    context = Context.of(request)
    row = found_row(context, trace_id)
    try:
        made = bundle_export(context.store, row)
    except ConflictError as conflict:
        raise ProblemError(409, str(conflict)) from None
    return Download(made, {"content-length": str(made.estimate), "etag": f'"{row.digest}"'})


@router.post(
    "/import",
    status_code=201,
    summary="Import a bundle",
    openapi_extra=_UPLOAD,
    responses={
        **told(TRACE, 201, "Imported"),
        **INVALID,
        **CONFLICT,
        200: {"description": "It is here already"},
        413: {"description": "Larger than a bundle may be"},
    },
)
async def import_(request: Request) -> Response:
    """Keeps its id, so its permalink's path is the same. Importing it twice makes one trace; another trace under that id is a conflict."""
    context = Context.of(request)
    file = await spooled(request)
    gone = threading.Event()
    watch = asyncio.create_task(_watched(request, gone))
    try:
        trace_id, new = await run_in_threadpool(
            _imported, context, file, request.headers.get("content-type", ""), lambda: not gone.is_set()
        )
    finally:
        watch.cancel()
    context.hub.poke()
    return answer(await told_soon(context, trace_id), 201 if new else 200, {"location": f"/api/v1/traces/{trace_id}"})


async def _watched(request: Request, gone: threading.Event) -> None:
    """Tells when the client has hung up: checking a large bundle takes seconds, in which a reader may change their mind."""
    while not gone.is_set():
        await asyncio.sleep(_LOOK_S)
        if await request.is_disconnected():
            gone.set()


def _imported(context: Context, file: IO[bytes], content_type: str, wanted: Callable[[], bool]) -> tuple[str, bool]:
    with file, uploaded(file, content_type) as part:
        try:
            return import_bundle(context.store, part, context.settings.max_import, wanted)
        except BundleError as error:
            raise ProblemError(422, str(error), errors=[{"field": "file", "message": str(error)}]) from None
        except ConflictError as conflict:
            raise ProblemError(409, str(conflict)) from None
        except GivenUpError:
            raise ProblemError(409, "The import was given up: nothing is stored.") from None
