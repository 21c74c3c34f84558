"""What is kept of comparisons: which runs belong together, and what was asked for. Their figures are the traces' own."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from app.store.database import Database

_COLUMNS = "id, created_at, label, spec, traces"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs of the same work. `traces` are ids in the order of their runs, some perhaps of traces that were deleted since.

    `spec`: workload, params, workers, jobs, models, repeat, interpreter, start_method, switch_interval; the i-th trace ran under
    `models[i % len(models)]`, in turn `i // len(models)`.
    """

    id: str
    created_at: str
    spec: dict[str, Any]
    traces: tuple[str, ...]
    label: str = ""


class Comparisons:
    """The comparisons of one data directory. Every method may be called from any thread. Made by `Store.add_together` only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, comparison_id: str) -> Comparison | None:
        with self._database.reading() as connection:
            row = connection.execute(f"SELECT {_COLUMNS} FROM comparisons WHERE id = ?", (comparison_id,)).fetchone()
            return None if row is None else _of(row)

    def with_trace(self, trace_id: str) -> list[Comparison]:
        """Those that made this trace, oldest first."""
        query = f"SELECT {_COLUMNS} FROM comparisons WHERE ? IN (SELECT value FROM json_each(traces)) ORDER BY number"
        with self._database.reading() as connection:
            return [_of(row) for row in connection.execute(query, (trace_id,))]

    def newest(self, limit: int, cursor: tuple[str, str] | None = None) -> tuple[list[Comparison], bool]:
        """Newest first, after the one at `cursor` (`created_at`, `id`); and whether there are more after these."""
        where, values = ("(created_at, id) < (?, ?)", cursor) if cursor else ("1", ())
        query = f"SELECT {_COLUMNS} FROM comparisons WHERE {where} ORDER BY created_at DESC, id DESC LIMIT ?"
        with self._database.reading() as connection:
            found = [_of(row) for row in connection.execute(query, (*values, limit + 1))]
        return found[:limit], len(found) > limit

    def rename(self, comparison_id: str, label: str) -> None:
        with self._database.writing() as connection:
            connection.execute("UPDATE comparisons SET label = ? WHERE id = ?", (label, comparison_id))

    def delete(self, comparison_id: str) -> bool:
        """Whether there was such a comparison. Its traces stay."""
        with self._database.writing() as connection:
            return connection.execute("DELETE FROM comparisons WHERE id = ?", (comparison_id,)).rowcount > 0


def insert(connection: sqlite3.Connection, comparison: Comparison) -> None:
    """Inside the transaction that adds its traces."""
    connection.execute(
        "INSERT INTO comparisons (id, created_at, label, spec, traces) VALUES (?, ?, ?, ?, ?)",
        (comparison.id, comparison.created_at, comparison.label, json.dumps(comparison.spec), json.dumps(list(comparison.traces))),
    )


def _of(row: sqlite3.Row) -> Comparison:
    return Comparison(row["id"], row["created_at"], json.loads(row["spec"]), tuple(json.loads(row["traces"])), row["label"])
