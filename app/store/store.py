"""Everything that is asked of the stored traces, and everything that changes them, one short transaction each."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.store.comparisons import Comparison, Comparisons, insert
from app.store.database import Database
from app.store.overviews import Overviews
from app.store.rows import COLUMNS, Listing, Row
from engine.trace import Record
from engine.trace.record import FINISHED

_FINISHED = ", ".join(f"'{status}'" for status in sorted(FINISHED))


class ConflictError(Exception):
    """What was asked contradicts what is stored. The message says how to mend it."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What is frozen when a trace ends: its digest, and the figures derived from it once."""

    digest: str | None = None
    headline: str | None = None
    metrics: dict[str, Any] | None = None
    findings: list[dict[str, Any]] | None = None

    @property
    def elapsed_ns(self) -> int | None:
        return None if self.metrics is None else self.metrics.get("elapsed_ns")


class Store:
    """The traces of one data directory. Every method may be called from any thread."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.database = Database(directory)
        self.comparisons = Comparisons(self.database)
        self.overviews = Overviews(self.database)

    def close(self) -> None:
        self.database.close()

    def row(self, trace_id: str) -> Row | None:
        with self.database.reading() as connection:
            return _row(connection, trace_id)

    def rows_of(self, trace_ids: Iterable[str]) -> dict[str, Row]:
        """Those that are there, by id, as they were at one moment."""
        with self.database.reading() as connection:
            return {trace_id: row for trace_id in trace_ids if (row := _row(connection, trace_id)) is not None}

    def rows(self, listing: Listing) -> tuple[list[Row], bool]:
        """Newest first, and whether there are more after these."""
        where, values = ["1"], list[Any]()
        for column, value in (("workload", listing.workload), ("model", listing.model), ("status", listing.status)):
            if value is not None:
                where.append(f"{column} = ?")
                values.append(value)
        if listing.cursor is not None:
            where.append("(created_at, id) < (?, ?)")
            values.extend(listing.cursor)
        query = f"SELECT {COLUMNS} FROM traces WHERE {' AND '.join(where)} ORDER BY created_at DESC, id DESC LIMIT ?"
        with self.database.reading() as connection:
            found = [Row.of(row) for row in connection.execute(query, (*values, listing.limit + 1))]
        return found[: listing.limit], len(found) > listing.limit

    def unfinished(self) -> list[Row]:
        """Every trace that somebody owns: the running one and the queue, in their order."""
        with self.database.reading() as connection:
            return [Row.of(row) for row in connection.execute(f"SELECT {COLUMNS} FROM traces WHERE owner IS NOT NULL ORDER BY number")]

    def baseline(self, work: str) -> Row | None:
        """The latest complete sequential trace of the same work on the same interpreter of this machine."""
        query = (
            f"SELECT {COLUMNS} FROM traces WHERE work = ? AND model = 'sequential' AND status = 'complete' AND NOT imported "
            "AND elapsed_ns > 0 ORDER BY number DESC LIMIT 1"
        )
        with self.database.reading() as connection:
            row = connection.execute(query, (work,)).fetchone()
            return None if row is None else Row.of(row)

    def position(self, number: int) -> int:
        """How many unfinished traces come before this one."""
        with self.database.reading() as connection:
            (count,) = connection.execute("SELECT COUNT(*) FROM traces WHERE owner IS NOT NULL AND number < ?", (number,)).fetchone()
            return int(count)

    def frames(self, number: int, after: int = 0, limit: int = -1) -> list[tuple[int, bytes]]:
        """`(seq, encoded frame)` of the frames after `after`, in their order."""
        query = "SELECT seq, body FROM frames WHERE trace = ? AND seq > ? ORDER BY seq LIMIT ?"
        with self.database.reading() as connection:
            return [(seq, body) for seq, body in connection.execute(query, (number, after, limit))]

    def times(self, number: int, after: int = 0, limit: int = -1) -> list[tuple[int, int]]:
        """`(seq, t_ns)` of the frames after `after`, in their order."""
        query = "SELECT seq, t_ns FROM frames WHERE trace = ? AND seq > ? ORDER BY seq LIMIT ?"
        with self.database.reading() as connection:
            return [(seq, t_ns) for seq, t_ns in connection.execute(query, (number, after, limit))]

    def growth(self, trace_id: str, number: int, seq: int) -> tuple[Row, list[tuple[int, bytes]]] | None:
        """Of one moment: the row, and its frames after `seq` if it is still the one with this number, else all of them."""
        with self.database.reading() as connection:
            row = _row(connection, trace_id)
            if row is None:
                return None
            after = seq if row.number == number else 0
            query = "SELECT seq, body FROM frames WHERE trace = ? AND seq > ? ORDER BY seq"
            return row, [(found, body) for found, body in connection.execute(query, (row.number, after))]

    def last_seq(self, number: int) -> int:
        with self.database.reading() as connection:
            (seq,) = connection.execute("SELECT COALESCE(MAX(seq), 0) FROM frames WHERE trace = ?", (number,)).fetchone()
            return int(seq)

    def add(self, record: Record, work: str, label: str, owner: dict[str, Any]) -> Row:
        """A queued trace; its row is its place in the line."""
        with self.database.writing() as connection:
            _insert(connection, record, work, label)
            connection.execute("UPDATE traces SET owner = ? WHERE id = ?", (json.dumps(owner), record.id))
            row = _row(connection, record.id)
        assert row is not None
        return row

    def add_together(self, comparison: Comparison, queued: Sequence[tuple[Record, str]], owner: dict[str, Any]) -> None:
        """A comparison and its traces, each a record and its work's key: all of them queued in this order, or nothing."""
        with self.database.writing() as connection:
            for record, work in queued:
                number = _insert(connection, record, work, "")
                connection.execute("UPDATE traces SET owner = ? WHERE number = ?", (json.dumps(owner), number))
            insert(connection, comparison)

    def append(self, trace_id: str, record: Record, frames: Sequence[tuple[int, bytes]], conclusion: Conclusion | None = None) -> bool:
        """These `(t_ns, encoded frame)`, and the record as it is after them; with `conclusion`, for the last time.

        False, and nothing done, if the trace is already finished or gone.
        """
        with self.database.writing() as connection:
            row = connection.execute(f"SELECT number FROM traces WHERE id = ? AND status NOT IN ({_FINISHED})", (trace_id,)).fetchone()
            if row is None:
                return False
            _append(connection, row["number"], frames)
            connection.execute(
                "UPDATE traces SET status = ?, record = ? WHERE number = ?",
                (record.status, json.dumps(record.to_json()), row["number"]),
            )
            if conclusion is not None:
                _conclude(connection, row["number"], conclusion)
            return True

    def conclude(self, trace_id: str, conclusion: Conclusion) -> None:
        """Freezes figures for a trace that was finished without them."""
        with self.database.writing() as connection:
            row = connection.execute("SELECT number FROM traces WHERE id = ?", (trace_id,)).fetchone()
            if row is not None:
                _conclude(connection, row["number"], conclusion)

    def request_cancel(self, trace_id: str) -> None:
        """Whoever owns the run will see it."""
        with self.database.writing() as connection:
            connection.execute("UPDATE traces SET cancel_requested = 1 WHERE id = ? AND owner IS NOT NULL", (trace_id,))

    def change(self, trace_id: str, label: str | None, pinned: bool | None) -> None:
        """What is not part of the record: None leaves it as it is."""
        with self.database.writing() as connection:
            connection.execute(
                "UPDATE traces SET label = COALESCE(?, label), pinned = COALESCE(?, pinned) WHERE id = ?",
                (label, None if pinned is None else int(pinned), trace_id),
            )

    def delete(self, trace_id: str) -> bool:
        """Whether there was such a trace. Raises ConflictError if it still waits or runs."""
        with self.database.writing() as connection:
            row = connection.execute("SELECT number, status, owner FROM traces WHERE id = ?", (trace_id,)).fetchone()
            if row is None:
                return False
            if row["owner"] is not None:
                raise ConflictError(f"The trace {trace_id} is {row['status']}: cancel it first, then delete it.")
            connection.execute("DELETE FROM traces WHERE number = ?", (row["number"],))
            return True

    def put(self, record: Record, work: str, label: str, frames: Iterable[tuple[int, bytes]], conclusion: Conclusion) -> bool:
        """A finished trace from elsewhere, under its own id. False if it is here already.

        Raises ConflictError if a different trace has that id.
        """
        with self.database.writing() as connection:
            there = _row(connection, record.id)
            if there is not None and there.digest == conclusion.digest:
                return False
            if there is not None:
                raise ConflictError(
                    f"A different trace has the id {record.id} here ({there.digest or 'unfinished'}, not {conclusion.digest}): "
                    "delete that one first if this one is to take its place."
                )
            number = _insert(connection, record, work, label)
            _append(connection, number, frames)
            connection.execute("UPDATE traces SET imported = 1 WHERE number = ?", (number,))
            _conclude(connection, number, conclusion)
            return True


def _row(connection: sqlite3.Connection, trace_id: str) -> Row | None:
    row = connection.execute(f"SELECT {COLUMNS} FROM traces WHERE id = ?", (trace_id,)).fetchone()
    return None if row is None else Row.of(row)


def _insert(connection: sqlite3.Connection, record: Record, work: str, label: str) -> int:
    cursor = connection.execute(
        "INSERT INTO traces (id, created_at, workload, model, status, label, work, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            record.id,
            _fixed_width(record.created_at),
            _encodable(record.spec.workload),
            _encodable(record.spec.model),
            record.status,
            label,
            work,
            json.dumps(record.to_json()),
        ),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def _fixed_width(instant: str) -> str:
    """So that text order is time order, whoever wrote the record."""
    return datetime.fromisoformat(instant).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _encodable(text: str) -> str:
    """Without halves of surrogate pairs, which an imported record may have and SQLite does not take."""
    return text.encode("utf-8", "replace").decode()


def _append(connection: sqlite3.Connection, number: int, frames: Iterable[tuple[int, bytes]]) -> None:
    (seq,) = connection.execute("SELECT COALESCE(MAX(seq), 0) FROM frames WHERE trace = ?", (number,)).fetchone()
    t_ns = None
    for t_ns, body in frames:
        seq += 1
        connection.execute("INSERT INTO frames (trace, seq, t_ns, body) VALUES (?, ?, ?, ?)", (number, seq, t_ns, body))
    if t_ns is not None:
        connection.execute("UPDATE traces SET t_ns = ? WHERE number = ?", (t_ns, number))


def _conclude(connection: sqlite3.Connection, number: int, conclusion: Conclusion) -> None:
    connection.execute(
        "UPDATE traces SET owner = NULL, cancel_requested = 0, digest = ?, headline = ?, elapsed_ns = ?, metrics = ?, findings = ? "
        "WHERE number = ?",
        (
            conclusion.digest,
            conclusion.headline,
            conclusion.elapsed_ns,
            None if conclusion.metrics is None else json.dumps(conclusion.metrics),
            None if conclusion.findings is None else json.dumps(conclusion.findings),
            number,
        ),
    )
