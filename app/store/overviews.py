"""Overviews of large traces, kept beside them and gone with them."""

from __future__ import annotations

from app.store.database import Database
from engine.overview import Overview, read_overview


class Overviews:
    """Those of one store. Every method may be called from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, number: int) -> Overview | None:
        """Of the trace whose row has this number; None if there is none, or one that another version has written."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT body FROM overviews WHERE trace = ?", (number,)).fetchone()
        return None if row is None else read_overview(row["body"])

    def put(self, trace_id: str, body: bytes) -> None:
        """In place of the one before. Nothing if the trace is gone."""
        with self._database.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO overviews (trace, body) SELECT number, ? FROM traces WHERE id = ?",
                (body, trace_id),
            )
