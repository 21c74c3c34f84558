"""A trace as a file in the formats of others, as it is and in pieces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from app.api.answers import CONFLICT, INVALID, NOT_FOUND, TraceId, found_snapshot
from app.api.windows import From, To
from app.context import Context
from app.downloads import Download
from app.exports import Export, exported, exported_page
from app.formats import FORMATS
from app.problems import ProblemError
from app.store import ConflictError
from engine.exports import ExportError

router = APIRouter(prefix="/api/v1/traces/{trace_id}", tags=["bundles"])

Packed = Annotated[bool, Query(description="Packed by gzip, as a file that ends in `.gz`.")]
_ANSWERS: dict[int | str, dict[str, Any]] = {**NOT_FOUND, **CONFLICT, **INVALID}


@router.get("/export/chrome", summary="Download it for Perfetto's UI", response_class=Response, responses=_ANSWERS)
def chrome(request: Request, trace_id: TraceId, t0: From = None, t1: To = None, gzip: Packed = False) -> Response:
    """Trace events as JSON (Chrome's format): open the file at ui.perfetto.dev, packed or not; nothing is sent anywhere by that.

    Processes, threads, GILs and cores are tracks; tasks are async events of their process; edges are arrows; threads at work, waiting for
    the GIL and waiting for a core are counters. A window takes whole segments, those that lie in it at least in part. The header
    `X-Estimated-Length` says about how many bytes will come.
    """
    return _file(request, trace_id, "chrome", t0, t1, gzip)


@router.get("/export/csv", summary="Download its segments as a table", response_class=Response, responses=_ANSWERS)
def csv(request: Request, trace_id: TraceId, t0: From = None, t1: To = None, gzip: Packed = False) -> Response:
    """One line a segment, with names: `lane`, `kind`, `name`, `process`, `parent`, `pid`, `tid`, `state`, `start_ns`, `end_ns`,
    `duration_ns`, `detail`, `ref`, `ref_name`, `open`. Names that a spreadsheet would run as formulas begin with an apostrophe.
    """
    return _file(request, trace_id, "csv", t0, t1, gzip)


@router.get("/export/html", summary="Download it as one page", response_class=Response, responses=_ANSWERS)
def html(
    request: Request,
    trace_id: TraceId,
    t0: From = None,
    t1: To = None,
    show: Annotated[str | None, Query(pattern=r"^[0-9]{1,16}-[0-9]{1,16}$", description="What it shows first: from-to, in ns.")] = None,
) -> Response:
    """A file that opens from disk, without this server and without a network: headline, figures, findings, and a timeline that zooms.

    It carries the exact segments, up to 2,000,000 of them; of a larger trace, or window, the share of each state in columns of time.
    """
    snapshot = found_snapshot(Context.of(request), trace_id)
    window = None if show is None else tuple(int(part) for part in show.split("-"))
    return _answered(lambda: exported_page(snapshot, t0, t1, None if window is None else (window[0], window[1])))


@router.get("/export/{wanted}", include_in_schema=False)
def unknown(request: Request, trace_id: TraceId, wanted: Annotated[str, Path()]) -> Response:
    found_snapshot(Context.of(request), trace_id)
    raise ProblemError(404, f"A trace cannot be exported as {wanted[:40]!r}: there are {', '.join(FORMATS[:-1])} and {FORMATS[-1]}.")


def _file(request: Request, trace_id: str, wanted: str, t0: int | None, t1: int | None, packed: bool) -> Response:
    snapshot = found_snapshot(Context.of(request), trace_id)
    return _answered(lambda: exported(snapshot, wanted, t0, t1, packed=packed))


def _answered(make: Callable[[], Export]) -> Response:
    try:
        made = make()
        return Download(made, {"x-estimated-length": str(made.estimate)})
    except ConflictError as conflict:
        raise ProblemError(409, str(conflict)) from None
    except ExportError as error:
        raise ProblemError(422, str(error), errors=[{"field": "t1", "message": str(error)}]) from None
