"""Pages of traces, newest first; and cursors, which are opaque to clients and hostile to us."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from app.context import Context
from app.problems import ProblemError
from app.queue import recover
from app.store import Listing
from app.trace_object import trace_object


def page_of_traces(context: Context, listing: Listing) -> dict[str, Any]:
    """`{"items": [trace object …], "next_cursor": str | None}`."""
    if context.store.unfinished():
        recover(context.store, lambda _: context.hub.poke())
    rows, more = context.store.rows(listing)
    return {
        "items": [trace_object(row, store=context.store) for row in rows],
        "next_cursor": encode_cursor((rows[-1].created_at, rows[-1].id)) if more else None,
    }


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
