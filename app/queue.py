"""The line of runs of one data directory, across processes: one run at a time, whoever starts it.

    queued row in the store          the place in line; its owner is the process that will run it
    `<data>/run.lock`                held while a run is going on: a second would contaminate the first
    `cancel_requested` in the row    how one process cancels the run of another

Server and command line both use this class, and nothing else starts a supervisor.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol, Self

from app.conclude import cancelled, cut_off, failed, finish, interrupted, interruption, work_key
from app.ids import new_id
from app.owner import Owner, is_alive
from app.store import Comparison, Row, Store, StoreError
from engine.launch import Run
from engine.trace import Frame, Record, RunSpec, Trace, encode_frame
from engine.trace.record import FINISHED

log = logging.getLogger("gilscope")

RETRY_S = 5.0
"""How long the line rests when the store or the machine fails it."""
POLL_S = 0.1
"""How often the line and cancellations by other processes are looked at, while there is something to look at."""
MAX_QUEUED = 200
"""How many runs may wait."""
PATIENCE_S = 10.0
"""How long a cancelled run may take to end by itself."""


class Launched(Protocol):
    """What `engine.launch.Run` is, for the queue."""

    def frames(self) -> Iterator[Frame]: ...
    def cancel(self) -> None: ...
    def close(self) -> None: ...


Launcher = Callable[[RunSpec], Launched]


class QueueFullError(Exception):
    """The line is as long as it may be."""


class RunQueue:
    """Runs what is submitted here, one after another, when it is its turn in the data directory. Thread-safe.

    `on_change(trace_id)` is called from the worker's thread after each change that it made to the store, `on_rest()` when the line is empty
    after a run.
    """

    def __init__(
        self,
        store: Store,
        launcher: Launcher = Run,
        on_change: Callable[[str], None] = lambda _: None,
        on_rest: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._launcher = launcher
        self._on_change = on_change
        self._on_rest = on_rest
        self._owner = Owner(store.directory)
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._gate = threading.Lock()
        self._current: _Current | None = None
        self._worker: threading.Thread | None = None
        self._started: set[str] = set()
        recover(store, on_change)

    def submit(self, spec: RunSpec, label: str = "") -> str:
        """The id of the new trace, queued. Raises QueueFullError."""
        self._check_room(1)
        record = Record(id=new_id(), created_at=now(), spec=spec)
        self._store.add(record, work_key(spec), label, self._owner.to_json())
        self._begin(record.id)
        return record.id

    def submit_together(self, specs: Sequence[RunSpec], asked: dict[str, Any], label: str = "") -> Comparison:
        """A new comparison, its runs queued in this order: nobody else's run comes between them. `asked` is its `spec`.

        Raises QueueFullError, and then none of them is queued.
        """
        self._check_room(len(specs))
        queued = [(Record(id=new_id(), created_at=now(), spec=spec), work_key(spec)) for spec in specs]
        comparison = Comparison(new_id(), now(), asked, tuple(record.id for record, _ in queued), label)
        self._store.add_together(comparison, queued, self._owner.to_json())
        self._begin(comparison.traces[0])
        return comparison

    def cancel(self, trace_id: str) -> None:
        """Takes it out of the line, or asks its run to end, in whichever process that is. Nothing if it is finished."""
        self._store.request_cancel(trace_id)
        self._on_change(trace_id)
        self._wake.set()
        with self._gate:
            if self._current is not None and self._current.trace_id == trace_id:
                self._current.cancelled.set()

    def cancel_all(self, trace_ids: Sequence[str]) -> None:
        """Likewise, the last in line first, so that none begins because another one before it was cancelled."""
        there = self._store.rows_of(trace_ids).values()
        for row in sorted((row for row in there if not row.finished), key=lambda row: -row.number):
            self.cancel(row.id)

    def close(self) -> None:
        """Ends the current run and forgets the line; both become `interrupted`. Idempotent."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._wake.set()
        with self._gate:
            worker, current = self._worker, self._current
        if current is not None:
            current.launched.close()
        if worker is not None:
            worker.join()
        for row in self._mine():
            self._end(row.id, interrupted("gilscope was stopped before its turn came"))
        self._owner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_room(self, many: int) -> None:
        waiting = len(self._store.unfinished())
        if waiting + many > MAX_QUEUED:
            wish = "" if many == 1 else f", and this would add {many} to the {MAX_QUEUED} that may"
            raise QueueFullError(f"{waiting} runs wait already{wish}: try again when some of them are done, or cancel some")

    def _begin(self, trace_id: str) -> None:
        """Something of ours was put into the line, this one first."""
        self._on_change(trace_id)
        with self._gate:
            if self._worker is None and not self._closing.is_set():
                self._worker = threading.Thread(target=self._work, name="run-queue", daemon=True)
                self._worker.start()
        self._wake.set()

    def _work(self) -> None:
        while not self._closing.is_set():
            self._wake.clear()
            try:
                waiting = self._step()
                pause = POLL_S if waiting else None
            except Exception:
                log.exception("the run queue met an error, and tries again in a moment")
                pause = RETRY_S
            self._wake.wait(pause)

    def _step(self) -> bool:
        """Runs what is ours and first in line. Whether there is more of ours, so that we must look again."""
        for row in self._mine():
            if row.id in self._started:
                # It is over, but that could not be written down then.
                self._end(row.id, failed("gilscope could not store the end of this run"))
            elif row.cancel_requested:
                self._end(row.id, cancelled)
        if not self._mine():
            return False
        line = self._store.unfinished()
        if not self._owner.is_me(line[0].owner):
            recover(self._store, self._on_change)
            return True
        with self._running_alone() as alone:
            if alone and not self._closing.is_set():
                self._started.add(line[0].id)
                self._run(line[0])
                self._wake.set()
                if len(line) == 1 and not self._closing.is_set():
                    self._on_rest()
        return True

    def _mine(self) -> list[Row]:
        return [row for row in self._store.unfinished() if self._owner.is_me(row.owner)]

    @contextmanager
    def _running_alone(self) -> Iterator[bool]:
        lock = os.open(self._store.directory / "run.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
        finally:
            os.close(lock)

    def _end(self, trace_id: str, ending: Callable[[Trace], Frame]) -> None:
        if finish(self._store, trace_id, ending):
            self._on_change(trace_id)

    def _run(self, row: Row) -> None:
        """One run from the launch to the last frame. Whatever goes wrong, the trace ends, and the line goes on."""
        try:
            launched = self._launcher(row.record.spec)
        except Exception as error:
            log.exception("trace %s could not be launched", row.id)
            self._end(row.id, failed(f"the supervisor could not be started: {error}"))
            return
        current = _Current(row.id, launched)
        with self._gate:
            self._current = current
        watcher = threading.Thread(target=self._watch, args=(current,), name="run-cancel", daemon=True)
        watcher.start()
        try:
            self._end(row.id, self._follow(current, row.record))
        except Exception as error:
            log.exception("trace %s could not be ended as it should", row.id)
            self._end(row.id, failed(f"gilscope itself failed when the recording ended: {error}"))
        finally:
            current.over.set()
            launched.close()
            watcher.join()
            with self._gate:
                self._current = None

    def _follow(self, current: _Current, record: Record) -> Callable[[Trace], Frame]:
        """Stores each frame as it comes, but for the last one; answers how the trace ends."""
        if self._closing.is_set():
            current.launched.close()
        try:
            for frame in current.launched.frames():
                if frame.changes.get("status") in FINISHED:
                    return self._ending(current, frame)
                record = record.changed(frame.changes)
                self._store.append(current.trace_id, record, [(frame.t_ns, encode_frame(frame))])
                self._on_change(current.trace_id)
            message = "the recording ended without a last word"
        except Exception as error:
            if not self._closing.is_set():
                log.exception("the run of trace %s broke off", current.trace_id)
            message = f"gilscope itself failed while recording: {error}"
        return self._ending(current, failed(message)(Trace(record)))

    def _ending(self, current: _Current, last: Frame) -> Callable[[Trace], Frame]:
        """How the trace ends when `last` is what the supervisor told last, or what was made for want of it.

        We know better than the supervisor why it had to stop; and what it could not close is closed here.
        """
        made_up = (last.changes.get("error") or {}).get("kind") == "recorder"
        if self._closing.is_set() and not current.cancelled.is_set() and (made_up or last.changes["status"] == "cancelled"):
            stopped = interruption("gilscope was stopped during this run; everything up to then is kept")
            return lambda trace: cut_off(trace, stopped) if made_up else replace(last, changes={**last.changes, **stopped})
        if not made_up:
            return lambda _: last
        return cancelled if current.cancelled.is_set() else lambda trace: cut_off(trace, last.changes)

    def _watch(self, current: _Current) -> None:
        """Cancels the run when that is asked, here or in another process; by force if it does not end."""
        while not current.over.wait(POLL_S):
            with suppress(StoreError):
                row = self._store.row(current.trace_id)
                if row is not None and row.cancel_requested:
                    current.cancelled.set()
            if current.cancelled.is_set():
                current.launched.cancel()
                if not current.over.wait(PATIENCE_S):
                    current.launched.close()
                return


class _Current:
    """The run that is going on here."""

    def __init__(self, trace_id: str, launched: Launched) -> None:
        self.trace_id = trace_id
        self.launched = launched
        self.cancelled = threading.Event()
        self.over = threading.Event()


def recover(store: Store, on_change: Callable[[str], None] = lambda _: None) -> None:
    """Ends what processes that are gone have left behind. What cannot be ended is logged, and keeps nobody from working."""
    for row in store.unfinished():
        if row.owner is not None and not is_alive(store.directory, row.owner):
            waited = row.status == "queued"
            reason = "the gilscope that queued this ended before its turn came" if waited else "the gilscope that recorded this ended"
            try:
                if finish(store, row.id, interrupted(f"{reason}; everything up to then is kept")):
                    on_change(row.id)
            except Exception:
                log.exception("trace %s could not be ended", row.id)


def now() -> str:
    """UTC with microseconds, of fixed width."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
