"""What a row of `traces` says, as frozen objects."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from engine.trace import Record
from engine.trace.record import FINISHED

COLUMNS = (
    "number, id, created_at, workload, model, status, label, pinned, imported, work, owner, cancel_requested, t_ns, digest, headline, "
    "record, metrics, findings"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One trace without its frames. `metrics`, `findings`, `headline` and `digest` are None until it is finished."""

    number: int
    id: str
    created_at: str
    status: str
    label: str
    pinned: bool
    imported: bool
    work: str
    owner: dict[str, Any] | None
    cancel_requested: bool
    t_ns: int
    digest: str | None
    headline: str | None
    record: Record
    metrics: dict[str, Any] | None
    findings: list[dict[str, Any]] | None

    @property
    def finished(self) -> bool:
        return self.status in FINISHED

    @classmethod
    def of(cls, row: sqlite3.Row) -> Row:
        return cls(
            number=row["number"],
            id=row["id"],
            created_at=row["created_at"],
            status=row["status"],
            label=row["label"],
            pinned=bool(row["pinned"]),
            imported=bool(row["imported"]),
            work=row["work"],
            owner=_loaded(row["owner"]),
            cancel_requested=bool(row["cancel_requested"]),
            t_ns=row["t_ns"],
            digest=row["digest"],
            headline=row["headline"],
            record=Record.from_json(json.loads(row["record"])),
            metrics=_loaded(row["metrics"]),
            findings=_loaded(row["findings"]),
        )


@dataclass(frozen=True, slots=True)
class Listing:
    """Which traces, newest first: after the one at `cursor` (`created_at`, `id`), at most `limit`, of these values only."""

    limit: int = 50
    cursor: tuple[str, str] | None = None
    workload: str | None = None
    model: str | None = None
    status: str | None = None


def _loaded(text: str | None) -> Any:
    return None if text is None else json.loads(text)
