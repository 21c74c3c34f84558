"""Pages of traces and comparisons, newest first; runs that somebody chose; and cursors, which are opaque to clients and hostile to us."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from app.comparison_object import chosen_object, comparison_object
from app.context import Context
from app.problems import ProblemError
from app.queue import recover
from app.store import Listing
from app.trace_object import trace_object

FEWEST_CHOSEN, MOST_CHOSEN = 2, 20


def page_of_traces(context: Context, listing: Listing) -> dict[str, Any]:
    """`{"items": [trace object …], "next_cursor": str | None}`."""
    _end_what_was_left(context)
    rows, more = context.store.rows(listing)
    return {
        "items": [trace_object(row, store=context.store) for row in rows],
        "next_cursor": encode_cursor((rows[-1].created_at, rows[-1].id)) if more else None,
    }


def page_of_comparisons(context: Context, limit: int, cursor: tuple[str, str] | None = None) -> dict[str, Any]:
    """`{"items": [comparison …], "next_cursor": str | None}`."""
    _end_what_was_left(context)
    found, more = context.store.comparisons.newest(limit, cursor)
    return {
        "items": [comparison_object(one, context.store) for one in found],
        "next_cursor": encode_cursor((found[-1].created_at, found[-1].id)) if more else None,
    }


def chosen_runs(context: Context, ids: str) -> dict[str, Any]:
    """Traces that somebody chose by ids with commas between them, held against each other.

    Raises ProblemError: 422 for too few or too many, 404 if none of them is here.
    """
    wanted = list(dict.fromkeys(part.strip() for part in ids.split(",") if part.strip()))
    if not FEWEST_CHOSEN <= len(wanted) <= MOST_CHOSEN:
        many = "none is" if not wanted else "only one is" if len(wanted) == 1 else f"{len(wanted)} are"
        some = f"{FEWEST_CHOSEN} to {MOST_CHOSEN} different runs"
        message = f"must name {some} (choose them in the list, or write their ids with commas between them), and {many} named"
        raise ProblemError(422, f"ids: {message}", errors=[{"field": "ids", "message": message}])
    _end_what_was_left(context)
    found = chosen_object(wanted, context.store)
    if found is None:
        raise ProblemError(404, "None of these traces is here: they were deleted, or recorded somewhere else.")
    return found


def encode_cursor(place: tuple[str, str]) -> str:
    return base64.urlsafe_b64encode("|".join(place).encode()).decode().rstrip("=")


def decode_cursor(text: str) -> tuple[str, str]:
    """Raises ProblemError 422 for what `encode_cursor` did not write."""
    try:
        created_at, _, identity = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True).decode().partition("|")
    except (binascii.Error, UnicodeError, ValueError):
        created_at = identity = ""
    if not created_at or not identity:
        message = "is not a cursor that this server gave"
        raise ProblemError(422, f"cursor: {message}", errors=[{"field": "cursor", "message": message}])
    return created_at, identity


def _end_what_was_left(context: Context) -> None:
    """By processes that are gone."""
    if context.store.unfinished():
        recover(context.store, lambda _: context.hub.poke())
