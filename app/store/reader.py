"""Traces as the engine's `Trace`, kept in memory and grown by the frames that came since: what every figure is drawn from."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace

from app.store.rows import Row
from app.store.store import Store
from engine.trace import Trace, decode_frame
from engine.views import ViewIndex

CACHE_BYTES = 512 * 2**20
MAX_KEPT = 500
_BYTES_A_SEGMENT = 100
"""The columns themselves (30) and what views keep beside them (starts, ends and cumulative durations by lane and state)."""
_BYTES_A_TRACE = 100_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A trace at one moment: its row, the fold of its frames up to `seq`, and the index that views of it are answered from."""

    row: Row
    trace: Trace
    seq: int
    index: ViewIndex


@dataclass(slots=True)
class _Kept:
    gate: threading.Lock = field(default_factory=threading.Lock)
    snapshot: Snapshot | None = None
    size: int = 0


class Reader:
    """Snapshots of a store's traces. Thread-safe; a trace is read by one thread at a time, different ones in parallel.

    Holds at most about `limit` bytes beyond the trace asked for last, which always stays.
    """

    def __init__(self, store: Store, limit: int = CACHE_BYTES) -> None:
        self._store = store
        self._limit = limit
        self._gate = threading.Lock()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def snapshot(self, trace_id: str) -> Snapshot | None:
        """As the store has it now. None if there is no such trace."""
        kept = self._entry(trace_id)
        with kept.gate:
            before = kept.snapshot
            found = self._store.growth(trace_id, before.row.number, before.seq) if before else self._store.growth(trace_id, -1, 0)
            kept.snapshot = snapshot = None if found is None else _grown(before, *found)
            kept.size = _BYTES_A_TRACE + _BYTES_A_SEGMENT * len(snapshot.trace.segments) if snapshot else 0
        self._evict()
        return snapshot

    def _entry(self, trace_id: str) -> _Kept:
        with self._gate:
            kept = self._kept.setdefault(trace_id, _Kept())
            self._kept.move_to_end(trace_id)
            return kept

    def _evict(self) -> None:
        with self._gate:
            total = sum(kept.size for kept in self._kept.values())
            while (total > self._limit or len(self._kept) > MAX_KEPT) and len(self._kept) > 1:
                _, gone = self._kept.popitem(last=False)
                total -= gone.size


def _grown(before: Snapshot | None, row: Row, frames: list[tuple[int, bytes]]) -> Snapshot:
    """`frames` are all of them when the trace is another one than before."""
    if before is None or before.row.number != row.number:
        before = Snapshot(row, Trace(row.record), 0, ViewIndex(Trace(row.record)))
    if not frames and before.row == row:
        return before
    trace = before.trace.grown(decode_frame(body) for _, body in frames)
    if trace.record != row.record:
        trace = replace(trace, record=row.record)
    return Snapshot(row, trace, frames[-1][0] if frames else before.seq, ViewIndex(trace) if frames else before.index)
