"""Why a lane was in what it was in: one sentence, where to look, and who let it go on."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.api.answers import INVALID, NOT_FOUND, TraceId, answer, found_snapshot
from app.api.examples import EXPLANATION, told
from app.context import Context
from app.problems import ProblemError
from engine.explain import ExplainError, NoSuchLaneError
from engine.explain import explain as explained
from engine.views import LAST_NS

router = APIRouter(prefix="/api/v1/traces/{trace_id}", tags=["record"])


@router.get("/explain", summary="Why a lane was in what it was in", responses={**told(EXPLANATION), **NOT_FOUND, **INVALID})
def explain(
    request: Request,
    trace_id: TraceId,
    lane: Annotated[int, Query(ge=0, lt=2**31, description="The lane asked about.")],
    t: Annotated[int, Query(ge=0, le=LAST_NS, description="An instant in the segment asked about, in ns since the trace began.")],
) -> Response:
    """The segment of a lane at an instant, and why it is: who held the GIL, the lock, the core or the loop; what was awaited.

    `text` answers in words. `because` are places to look at: what another lane did in `[start_ns, end_ns)`, and for how much of the time
    in question (`ns`) that accounts. `edges` ended the wait; that of a wait for the GIL is the
    hand-over, told as a `release`. `advice`, if any, says what would change it. `segment` is null where the
    lane has none; then `text` says why. `exactness` is that of the weakest lane that was looked at.
    """
    snapshot = found_snapshot(Context.of(request), trace_id)
    try:
        return answer(explained(snapshot.index, lane, t).to_json())
    except NoSuchLaneError as error:
        raise ProblemError(404, f"{error}.") from None
    except ExplainError as error:
        raise ProblemError(422, f"t: {error}", errors=[{"field": "t", "message": str(error)}]) from None
