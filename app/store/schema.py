"""The tables, and the way from each version to the next. `PRAGMA user_version` says which one a file has."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

_FIRST = """
CREATE TABLE traces (
  number INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order of arrival: the place in the queue
  id TEXT NOT NULL UNIQUE,
  created_at TEXT NOT NULL,                  -- UTC, fixed width, so that text order is time order
  workload TEXT NOT NULL,
  model TEXT NOT NULL,
  status TEXT NOT NULL,
  label TEXT NOT NULL DEFAULT '',
  pinned INTEGER NOT NULL DEFAULT 0,
  imported INTEGER NOT NULL DEFAULT 0,
  work TEXT NOT NULL,                        -- same work on the same interpreter: what baselines are looked up by
  owner TEXT,                                -- JSON of the process that runs it; NULL once finished
  cancel_requested INTEGER NOT NULL DEFAULT 0,
  t_ns INTEGER NOT NULL DEFAULT 0,
  digest TEXT,
  headline TEXT,
  elapsed_ns INTEGER,
  record TEXT NOT NULL,                      -- JSON of engine.trace.Record
  metrics TEXT,                              -- JSON, frozen at the end
  findings TEXT                              -- JSON, frozen at the end
);
CREATE INDEX traces_newest ON traces (created_at DESC, id DESC);
CREATE INDEX traces_work ON traces (work, model, status);
CREATE INDEX traces_unfinished ON traces (number) WHERE owner IS NOT NULL;
CREATE TABLE frames (
  trace INTEGER NOT NULL REFERENCES traces (number) ON DELETE CASCADE,
  seq INTEGER NOT NULL,                      -- 1, 2, 3 …: the stream's cursor
  t_ns INTEGER NOT NULL,
  body BLOB NOT NULL,                        -- engine.trace.encode_frame
  PRIMARY KEY (trace, seq)
);
"""

_COMPARISONS = """
CREATE TABLE comparisons (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  created_at TEXT NOT NULL,                  -- as of traces
  label TEXT NOT NULL DEFAULT '',
  spec TEXT NOT NULL,                        -- JSON of what was asked for, with every default filled in
  traces TEXT NOT NULL                       -- JSON list of ids, in the order of their runs; one that was deleted stays named
);
CREATE INDEX comparisons_newest ON comparisons (created_at DESC, id DESC);
"""

_OVERVIEWS = """
CREATE TABLE overviews (
  trace INTEGER PRIMARY KEY REFERENCES traces (number) ON DELETE CASCADE,
  body BLOB NOT NULL                         -- engine.overview.overview_of: made anew whenever it is missing
);
"""


def _to_first(connection: sqlite3.Connection) -> None:
    _execute(connection, _FIRST)


def _to_comparisons(connection: sqlite3.Connection) -> None:
    _execute(connection, _COMPARISONS)


def _to_overviews(connection: sqlite3.Connection) -> None:
    _execute(connection, _OVERVIEWS)


def _execute(connection: sqlite3.Connection, script: str) -> None:
    for statement in script.split(";\n"):
        if statement.strip():
            connection.execute(statement)


UPGRADERS: tuple[Callable[[sqlite3.Connection], None], ...] = (_to_first, _to_comparisons, _to_overviews)
"""`UPGRADERS[n]` takes a file from version n to n + 1, inside the caller's transaction."""

VERSION = len(UPGRADERS)
