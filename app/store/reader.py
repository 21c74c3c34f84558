"""Traces as the engine's `Trace` and its index, kept in memory and grown by the frames that came since: what every figure is drawn from."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from app.store.database import StoreError
from app.store.memory import give_back
from app.store.opening import Openings
from app.store.rows import Row
from app.store.store import Store
from engine.overview import LARGE, Overview, overview_of
from engine.trace import Frame, Trace, decode_frame
from engine.views import ViewIndex

CACHE_BYTES = 1024 * 2**20
MAX_KEPT = 500
_BYTES_A_TRACE = 100_000
_DECODED = 0.5
"""How far a trace is open when its frames are decoded: to put them together, and to index them, is the other half."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A trace at one moment: its row, and the index of its frames up to `seq`, from which views of it are answered."""

    row: Row
    seq: int
    index: ViewIndex

    @property
    def trace(self) -> Trace:
        """Put together when it is first asked for: who needs no segments asks for `head`."""
        return self.index.trace

    @property
    def head(self) -> Trace:
        """The trace without its closed segments."""
        return self.index.head


@dataclass(frozen=True, slots=True)
class Glimpse:
    """Of a large trace that is being opened: its overview, and how much of it is open, of 1."""

    overview: Overview
    opened: float


@dataclass(slots=True)
class _Kept:
    gate: threading.Lock = field(default_factory=threading.Lock)
    snapshot: Snapshot | None = None


class Reader:
    """Snapshots of a store's traces. Thread-safe; a trace is read by one thread at a time, different ones in parallel.

    Holds at most about `limit` bytes beyond the trace asked for last, which always stays.
    """

    def __init__(self, store: Store, limit: int = CACHE_BYTES) -> None:
        self._store = store
        self._limit = limit
        self._gate = threading.Lock()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._openings = Openings(self.snapshot)

    def snapshot(self, trace_id: str, on_progress: Callable[[float], None] = lambda _: None) -> Snapshot | None:
        """As the store has it now. None if there is no such trace. `on_progress` hears how much of it is open, of 1, and may raise."""
        kept = self._entry(trace_id)
        with kept.gate:
            before = kept.snapshot
            found = self._store.growth(trace_id, before.row.number, before.seq) if before else self._store.growth(trace_id, -1, 0)
            kept.snapshot = snapshot = None if found is None else _grown(before, *found, on_progress)
        self._evict()
        if before is None and snapshot is not None and snapshot.row.finished and len(snapshot.trace.segments) >= LARGE:
            self._keep_overview(snapshot)
            give_back()
        return snapshot

    def held(self, row: Row) -> Snapshot | None:
        """The snapshot of the very moment that the row is of, if it is in memory. Reads nothing, waits for nobody."""
        with self._gate:
            kept = self._kept.get(row.id)
        snapshot = None if kept is None else kept.snapshot
        return snapshot if snapshot is not None and snapshot.row == row else None

    def glimpse(self, row: Row) -> Glimpse | None:
        """What there is to see of a trace at once that is large and not in memory, and is from now on being opened.

        None for all others: their snapshot is as good as there.
        """
        if not row.finished or self._has(row):
            return None
        overview = self._store.overviews.get(row.number)
        return None if overview is None else Glimpse(overview, self._openings.ask(row.id))

    def _has(self, row: Row) -> bool:
        with self._gate:
            kept = self._kept.get(row.id)
            return kept is not None and kept.snapshot is not None and kept.snapshot.row.number == row.number

    def _keep_overview(self, snapshot: Snapshot) -> None:
        """For the next time that the trace is opened, if nobody has yet: it was recorded before there were any, or by another version."""
        if self._store.overviews.get(snapshot.row.number) is None and (body := overview_of(snapshot.index)) is not None:
            # A full disk keeps nobody from reading.
            with suppress(StoreError):
                self._store.overviews.put(snapshot.row.id, body)

    def _entry(self, trace_id: str) -> _Kept:
        with self._gate:
            kept = self._kept.setdefault(trace_id, _Kept())
            self._kept.move_to_end(trace_id)
            return kept

    def _evict(self) -> None:
        with self._gate:
            sizes = {
                trace_id: _BYTES_A_TRACE + (kept.snapshot.index.nbytes if kept.snapshot else 0) for trace_id, kept in self._kept.items()
            }
            total = sum(sizes.values())
            while (total > self._limit or len(self._kept) > MAX_KEPT) and len(self._kept) > 1:
                gone, _ = self._kept.popitem(last=False)
                total -= sizes[gone]


def _grown(before: Snapshot | None, row: Row, frames: list[tuple[int, bytes]], on_progress: Callable[[float], None]) -> Snapshot:
    """`frames` are all of them when the trace is another one than before."""
    if before is not None and before.row.number == row.number:
        if not frames and before.row == row:
            return before
        if not frames and before.row.record == row.record:
            return Snapshot(row, before.seq, before.index)
        index = before.index.grown([decode_frame(body) for _, body in frames], row.record)
        return Snapshot(row, frames[-1][0] if frames else before.seq, index)
    trace = Trace(row.record).grown(_decoded(frames, on_progress))
    on_progress(1.0)
    index = ViewIndex(trace).grown([], row.record)
    return Snapshot(row, frames[-1][0] if frames else 0, index)


def _decoded(frames: list[tuple[int, bytes]], on_progress: Callable[[float], None]) -> Iterator[Frame]:
    for number, (_, body) in enumerate(frames):
        if number % 16 == 0:
            on_progress(_DECODED * number / len(frames))
        yield decode_frame(body)
