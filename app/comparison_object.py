"""A comparison as it is told: what was asked for, how far its runs are, their figures, and the sentence that answers.

{"id", "permalink", "title", "label", "created_at", "status", "spec", "progress": {"total", "finished", "running"}, …what
`engine.comparison.compared` answers…, "traces": [{"id", "name", "turn", "status", …} in the order of their runs]}

`id`, `label`, `created_at` and `spec` are null where traces were chosen that no comparison made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.store import Comparison, Row, Store
from app.trace_object import title
from engine.comparison import DELETED, Entrant, Run, compared, names_of
from engine.trace import RunSpec

_GOING_ON = ("running", "starting")
FINISHED = "complete"


def comparison_object(comparison: Comparison, store: Store) -> dict[str, Any]:
    """As it is now."""
    rows = store.rows_of(comparison.traces)
    models: list[str] = comparison.spec["models"]
    entrants = [_entrant(model, model, comparison.traces[at :: len(models)], rows) for at, model in enumerate(models)]
    names = [models[at % len(models)] for at in range(len(comparison.traces))]
    return {
        "id": comparison.id,
        "permalink": f"/c/{comparison.id}",
        "title": comparison_title(comparison.spec),
        "label": comparison.label,
        "created_at": comparison.created_at,
        "spec": comparison.spec,
        **_told(entrants, [(name, at // len(models)) for at, name in enumerate(names)], comparison.traces, rows, store),
    }


def chosen_object(trace_ids: Sequence[str], store: Store) -> dict[str, Any] | None:
    """Any traces, held against each other. None if none of them is here."""
    rows = store.rows_of(trace_ids)
    if not rows:
        return None
    there = [rows[trace_id] for trace_id in trace_ids if trace_id in rows]
    told = dict(zip((row.id for row in there), names_of([row.record.spec for row in there], [row.label for row in there]), strict=True))
    names = [told.get(trace_id, trace_id) for trace_id in trace_ids]
    models = [rows[trace_id].record.spec.model if trace_id in rows else "" for trace_id in trace_ids]
    entrants = [_entrant(name, model, (trace_id,), rows) for name, model, trace_id in zip(names, models, trace_ids, strict=True)]
    return {
        "id": None,
        "permalink": f"/c?ids={','.join(trace_ids)}",
        "title": f"{len(trace_ids)} runs",
        "label": None,
        "created_at": None,
        "spec": None,
        **_told(entrants, [(name, 0) for name in names], trace_ids, rows, store),
    }


def comparison_title(spec: Mapping[str, Any]) -> str:
    """Like `cpu · 9 models ×4 · 3.13`."""
    of_one = RunSpec(spec["workload"], "", spec["workers"], spec["jobs"], interpreter=spec["interpreter"])
    work, models = of_one.workload.rsplit("/", 1)[-1], f"{len(spec['models'])} models ×{of_one.workers}"
    return " · ".join(part for part in (work, models, of_one.version) if part)


def unfinished(comparison: Comparison, store: Store) -> bool:
    """Whether any of its runs waits or goes on."""
    return any(not row.finished for row in store.rows_of(comparison.traces).values())


def _entrant(name: str, model: str, trace_ids: Sequence[str], rows: Mapping[str, Row]) -> Entrant:
    there = [rows[trace_id] for trace_id in trace_ids if trace_id in rows]
    runs = tuple(Run.of(rows[one].record, rows[one].metrics, rows[one].findings) if one in rows else Run(one) for one in trace_ids)
    # The machine is told with the first frame: the first trace that has one knows it.
    known = next((row.record for row in there if row.record.host), there[0].record if there else None)
    return Entrant.of(name, model, runs, known)


def _told(
    entrants: Sequence[Entrant], places: Sequence[tuple[str, int]], trace_ids: Sequence[str], rows: Mapping[str, Row], store: Store
) -> dict[str, Any]:
    ended = sum(trace_id not in rows or rows[trace_id].finished for trace_id in trace_ids)
    running = next((name for (name, _), one in zip(places, trace_ids, strict=True) if one in rows and rows[one].status in _GOING_ON), None)
    return {
        "status": _status(entrants),
        "progress": {"total": len(trace_ids), "finished": ended, "running": running},
        **compared(entrants),
        "traces": [_trace(one, place, rows.get(one), store) for one, place in zip(trace_ids, places, strict=True)],
    }


def _status(entrants: Sequence[Entrant]) -> str:
    """`queued` until the first run begins, `running` until the last has ended; then `complete` if every one has a time, else how not."""
    told = [one.status for one in entrants]
    if any(status in _GOING_ON for status in told):
        return "running"
    if "queued" in told:
        return "queued" if all(status == "queued" for status in told) else "running"
    return next((status for status in told if status not in (FINISHED, DELETED)), FINISHED)


def _trace(trace_id: str, place: tuple[str, int], row: Row | None, store: Store) -> dict[str, Any]:
    name, turn = place
    if row is None:
        return {"id": trace_id, "name": name, "turn": turn, "status": DELETED, "permalink": None}
    return {
        "id": trace_id,
        "name": name,
        "turn": turn,
        "status": row.status,
        "permalink": f"/t/{trace_id}",
        "title": row.label or title(row.record.spec),
        "position": store.position(row.number) if row.status == "queued" else None,
        "t_ns": row.t_ns,
        "elapsed_ns": (row.metrics or {}).get("elapsed_ns"),
        "headline": row.headline,
        "error": row.record.error,
        "cores": row.record.host.get("cores"),
    }
