"""Connections to the one file, and the discipline that keeps it whole.

Any process may write, but one at a time: a writer holds `write.lock` for its short transaction. Each process has one connection that
writes, and only that one checkpoints, under the same lock, because SQLite 3.7.0–3.51.2 can lose a transaction when a checkpoint resets
the write-ahead log while another connection writes (the WAL-reset bug). Readers never block, and are never blocked.
"""

from __future__ import annotations

import fcntl
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from app.store.schema import UPGRADERS, VERSION

FILE_NAME = "gilscope.db"
LOCK_NAME = "write.lock"
CHECKPOINT_BYTES = 16 * 2**20
_PATIENCE_S = 30.0


class StoreError(Exception):
    """The data directory cannot be used. The message says why, and what to do."""


class Database:
    """One process's way to `<directory>/gilscope.db`. Every method may be called from any thread."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE_NAME
        self._gate = threading.Lock()
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._watching = threading.Lock()
        self._watcher: sqlite3.Connection | None = None
        self._closed = False
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"the data directory {directory} cannot be used ({error.strerror}): name another one with --data") from None
        try:
            self._writer = self._connect()
            try:
                self._prepare()
            except BaseException:
                self._writer.close()
                raise
        except sqlite3.Error as error:
            os.close(self._lock)
            raise StoreError(f"{self.path} cannot be opened ({error}): name another directory with --data") from None
        except StoreError:
            os.close(self._lock)
            raise

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction of its own, kept short: every other writer, of every process, waits meanwhile. An exception undoes it."""
        with self._gate, self._locked():
            connection = self._writer
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            except BaseException as error:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error):
                    raise self._unusable(error) from error
                raise
            self._checkpoint_if_long()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection in one read transaction: everything it sees is of the same moment."""
        try:
            connection = self._idle.get_nowait()
        except queue.Empty:
            connection = self._connect()
        try:
            connection.execute("BEGIN")
            yield connection
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        finally:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            self._put_back(connection)

    def version(self) -> int:
        """Differs from the last answer once anything was written, by whichever process. 0 once closed."""
        with self._watching:
            if self._closed:
                return 0
            if self._watcher is None:
                self._watcher = self._connect()
            (version,) = self._watcher.execute("PRAGMA data_version").fetchone()
            return int(version)

    def close(self) -> None:
        """Idempotent. The last connection to close checkpoints, so this happens under the lock too."""
        with self._gate:
            if self._closed:
                return
            with self._locked():
                with self._watching:
                    self._closed = True
                    while not self._idle.empty():
                        self._idle.get_nowait().close()
                    if self._watcher is not None:
                        self._watcher.close()
                self._writer.close()
            os.close(self._lock)

    def _put_back(self, connection: sqlite3.Connection) -> None:
        """For the next reader; closed if there will be none. Under the lock that `close` empties the pool under, so none is forgotten."""
        with self._watching:
            if self._closed:
                connection.close()
            else:
                self._idle.put(connection)

    def _unusable(self, error: sqlite3.Error) -> StoreError:
        return StoreError(f"{self.path} cannot be used ({error}): is there room left on the disk, and may it be written?")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        try:
            for pragma in ("wal_autocheckpoint = 0", "synchronous = NORMAL", "foreign_keys = ON", "cache_size = -8192"):
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self) -> None:
        with self._locked():
            self._writer.execute("PRAGMA journal_mode = WAL")
            (version,) = self._writer.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                raise StoreError(
                    f"{self.path} was written by a newer gilscope (version {version} of the store; this one knows {VERSION}): "
                    "update gilscope, or name another directory with --data"
                )
            if version < VERSION:
                self._writer.execute("BEGIN IMMEDIATE")
                for upgrade in UPGRADERS[version:]:
                    upgrade(self._writer)
                self._writer.execute(f"PRAGMA user_version = {VERSION}")
                self._writer.execute("COMMIT")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        deadline, pause = time.monotonic() + _PATIENCE_S, 0.0005
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise StoreError(f"another gilscope has been writing to {self.path} for {_PATIENCE_S:.0f} s: is it stopped?") from None
                time.sleep(pause)
                pause = min(2 * pause, 0.02)
        try:
            yield
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    def _checkpoint_if_long(self) -> None:
        try:
            length = self.path.with_name(FILE_NAME + "-wal").stat().st_size
        except FileNotFoundError:
            return
        if length > CHECKPOINT_BYTES:
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
