"""The HTTP interface for programs, version 1: `/api/v1`, and `/healthz`. Shapes are those of the contract."""

from __future__ import annotations

from app.api import about, bundles, comparisons, explain, exports, pictures, record, search, selection, stream, traces

TAGS = [
    {"name": "traces", "description": "Start, list, wait for, cancel, rename and delete runs."},
    {"name": "comparisons", "description": "The same work under several models, or any traces: which was better, and why."},
    {"name": "record", "description": "What a trace holds: lanes, segments, the picture of a window, figures, and all of it live."},
    {"name": "bundles", "description": "One trace as one file, to keep or to give away."},
    {"name": "about", "description": "What can be run here, and on what."},
]

routers = (
    bundles.router,
    exports.router,
    traces.router,
    comparisons.router,
    record.router,
    pictures.router,
    explain.router,
    selection.router,
    search.router,
    stream.router,
    about.router,
)

__all__ = ["TAGS", "routers"]
