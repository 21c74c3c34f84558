"""The contract's trace object, built in one place for the interface, the pages and the command line.

Beyond the contract it has `title`, `label`, `pinned`, `imported`, `headline`, `position` (in line; None unless queued), `t_ns` (how far
it is told), `notes` (what a reader must know of the sources), `usage` (the kernel's own account).
"""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Callable
from typing import Any

from app.store import Row, Snapshot, Store
from engine.findings import headline
from engine.metrics import metrics
from engine.trace import RunSpec

_LONGEST_TITLE = 72


Figures = tuple[dict[str, Any] | None, str | None]
"""Metrics and headline."""


def figures_so_far(snapshot: Snapshot) -> Figures:
    """Of a trace that has not ended. None of one without lanes."""
    if not snapshot.head.lanes:
        return None, None
    figures = metrics(snapshot.trace)
    return figures, headline(snapshot.trace, figures)


def trace_object(
    row: Row, *, store: Store | None = None, live: Snapshot | None = None, so_far: Callable[[Snapshot], Figures] = figures_so_far
) -> dict[str, Any]:
    """`store` tells the place in line. With `live`, the figures of a trace that has not ended are those `so_far`, else None."""
    record = row.record
    figures, said, t_ns = row.metrics, row.headline, row.t_ns
    if live is not None and figures is None:
        t_ns = live.head.t_ns
        figures, said = so_far(live)
    return {
        "id": row.id,
        "digest": row.digest,
        "permalink": f"/t/{row.id}",
        "title": title(record.spec),
        "label": row.label,
        "pinned": row.pinned,
        "imported": row.imported,
        "status": row.status,
        "position": store.position(row.number) if store is not None and row.status == "queued" else None,
        "error": record.error,
        "headline": said,
        "created_at": row.created_at,
        "spec": record.spec.to_json(),
        "clock": record.clock,
        "host": record.host,
        "sources": record.sources,
        "notes": list(record.notes),
        "t_ns": t_ns,
        "metrics": figures,
        "result": record.result,
        "usage": record.usage,
        "findings": row.findings or [],
    }


def title(spec: RunSpec) -> str:
    """Like `cpu · threads ×4 · 3.13`; of a recorded program its command line in place of work and model."""
    if spec.program:
        words = [_command(spec.program)]
    else:
        words = [spec.workload.rsplit("/", 1)[-1], spec.model if spec.model == "sequential" else f"{spec.model} ×{spec.workers}"]
    return " · ".join([*words, spec.version] if spec.version else words)


def _command(program: tuple[str, ...]) -> str:
    """As one would type it, the script without its folder; in one line, and cut where it is too long for a title."""
    first = ["python", program[0]] if program[0].startswith("-") else [program[0].rsplit("/", 1)[-1] or program[0]]
    said = "".join(letter if letter.isprintable() else " " for letter in shlex.join([*first, *program[1:_LONGEST_TITLE]]))
    return said if len(said) <= _LONGEST_TITLE else f"{said[: _LONGEST_TITLE - 1]}…"


def as_bytes(body: Any) -> bytes:
    """The one way JSON is written at the boundary: equal objects have equal bytes, so that an ETag can be strong."""
    try:
        text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError:
        text = json.dumps(_finite(body), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")  # An imported or measured text may hold half a surrogate pair.


def _finite(value: Any) -> Any:
    """JSON knows no NaN and no infinity, but what a workload found may be one: unknown, then."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
