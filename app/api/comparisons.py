"""The same work under several models: started, told, listed, cancelled, deleted; and any traces held against each other."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.api.answers import CONFLICT, FULL, INVALID, MAX_WAIT_S, answer, refused, tagged_answer, until
from app.api.examples import COMPARISON, page_of
from app.api.examples import told as told_as
from app.comparison_object import comparison_object, unfinished
from app.comparison_wish import plan_of
from app.context import Context
from app.listing import chosen_runs, decode_cursor, page_of_comparisons
from app.problems import ProblemError
from app.queue import QueueFullError
from app.schemas import COMPARE_EXAMPLES, RENAME_EXAMPLES, ComparisonPatch, ComparisonRequest
from app.store import Comparison
from app.wishes import RefusedError

router = APIRouter(prefix="/api/v1/comparisons", tags=["comparisons"])

ComparisonId = Annotated[str, Path(description="The comparison's id, as in its permalink.", examples=["c7m4p2w9x3kd"])]
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such comparison (or the id is malformed)"}}
QUEUED = {**COMPARISON, "status": "queued", "progress": {"total": 3, "finished": 0, "running": None}}


@router.post("", status_code=202, summary="Compare models", responses={**told_as(QUEUED, 202, "Accepted"), **INVALID, **FULL})
def create(request: Request, wanted: Annotated[ComparisonRequest, Body(openapi_examples=COMPARE_EXAMPLES)]) -> Response:
    """Puts one run for each model into the line, one after another. `speedup` is against `sequential` of this comparison, by `elapsed_ns`.

    The answer is the comparison, `queued`; each of its `traces` is a trace of its own, too.
    """
    context = Context.of(request)
    if context.queue is None:
        raise ProblemError(403, "This server is read-only: it was started with --read-only.")
    try:
        plan = plan_of(wanted.wish())
    except RefusedError as error:
        raise refused(error) from None
    try:
        comparison = context.queue.submit_together(plan.runs, plan.asked, wanted.label)
    except QueueFullError as full:
        raise ProblemError(429, str(full)) from None
    return answer(comparison_object(comparison, context.store), 202, {"location": f"/api/v1/comparisons/{comparison.id}"})


@router.get("", summary="List comparisons, newest first", responses={**told_as(page_of(COMPARISON)), **INVALID})
def list_comparisons(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=100, description="At most so many.")] = 20,
    cursor: Annotated[str | None, Query(max_length=200, description="The `next_cursor` of the page before.")] = None,
) -> Response:
    return answer(page_of_comparisons(Context.of(request), limit, decode_cursor(cursor) if cursor else None))


@router.get("/of", summary="Hold any traces against each other", responses={**told_as(COMPARISON), **NOT_FOUND, **INVALID})
def of_traces(
    request: Request,
    ids: Annotated[str, Query(max_length=2000, description="Ids of traces, 2 to 20, by commas.", examples=["k3v9m2x7q4ab,p7c2d9f4h6jk"])],
) -> Response:
    """The same object, without an id. Speedups are against the first sequential trace, where all did the same work."""
    return tagged_answer(request, chosen_runs(Context.of(request), ids))


@router.get(
    "/{comparison_id}",
    summary="A comparison, at once or when it is finished",
    responses={**told_as(COMPARISON), **NOT_FOUND, 304: {"description": "Unchanged"}},
)
async def get_comparison(
    request: Request,
    comparison_id: ComparisonId,
    wait: Annotated[float, Query(ge=0, description="Answer when all its runs are finished, or after so many seconds (at most 60).")] = 0,
) -> Response:
    """Medians and spreads where it has repeated runs; the sentence that answers; its traces in the order of their runs."""
    context = Context.of(request)
    if wait:
        await until(lambda: _is_over(context, comparison_id), context, min(wait, MAX_WAIT_S))
    return tagged_answer(request, await run_in_threadpool(told, context, comparison_id))


@router.patch("/{comparison_id}", summary="Rename a comparison", responses={**told_as(COMPARISON), **NOT_FOUND, **INVALID})
def change(
    request: Request, comparison_id: ComparisonId, patch: Annotated[ComparisonPatch, Body(openapi_examples=RENAME_EXAMPLES)]
) -> Response:
    context = Context.of(request)
    found(context, comparison_id)
    context.store.comparisons.rename(comparison_id, patch.label)
    context.hub.poke()
    return answer(told(context, comparison_id))


@router.post(
    "/{comparison_id}/cancel",
    status_code=202,
    summary="Cancel what is left of a comparison",
    responses={**told_as({**COMPARISON, "status": "cancelled"}, 202, "Accepted"), **NOT_FOUND},
)
def cancel(request: Request, comparison_id: ComparisonId) -> Response:
    """Ends the run that is going on and takes the others out of the line; runs that are finished stay. 200 if all are."""
    context = Context.of(request)
    comparison = found(context, comparison_id)
    live = unfinished(comparison, context.store)
    if live and context.queue is not None:
        context.queue.cancel_all(comparison.traces)
    return answer(told(context, comparison_id), 202 if live else 200)


@router.delete("/{comparison_id}", status_code=204, summary="Delete a comparison", responses={**NOT_FOUND, **CONFLICT})
def delete(
    request: Request,
    comparison_id: ComparisonId,
    traces: Annotated[bool, Query(description="Its traces, too; else they stay as runs of their own.")] = False,
) -> Response:
    """For good. One that waits or runs must be cancelled first: 409."""
    context = Context.of(request)
    comparison = found(context, comparison_id)
    if unfinished(comparison, context.store):
        mend = f"cancel it first, then delete it (POST /api/v1/comparisons/{comparison_id}/cancel)"
        raise ProblemError(409, f"The comparison {comparison_id} has runs that wait or go on: {mend}.")
    for trace_id in comparison.traces if traces else ():
        context.store.delete(trace_id)
    context.store.comparisons.delete(comparison_id)
    context.hub.poke()
    return Response(status_code=204)


def found(context: Context, comparison_id: str) -> Comparison:
    """Raises ProblemError 404."""
    comparison = context.comparison(comparison_id)
    if comparison is None:
        raise ProblemError(404, f"There is no comparison {comparison_id[:100]!r} here.")
    return comparison


def told(context: Context, comparison_id: str) -> dict[str, Any]:
    """Raises ProblemError 404."""
    return comparison_object(found(context, comparison_id), context.store)


def _is_over(context: Context, comparison_id: str) -> bool:
    comparison = context.comparison(comparison_id)
    return comparison is None or not unfinished(comparison, context.store)
