"""Answers to `view`, made once for all who look at the same window of the same moment: ten tabs on one run cost little more than one."""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from app.store import Snapshot
from app.trace_object import as_bytes

LIMIT_BYTES = 32 * 2**20
EXACT: dict[str, Any] = {"resolution": "exact", "opened": 1.0}
"""What an answer says of itself that is not of an overview."""


@dataclass(frozen=True, slots=True)
class Window:
    """What is asked of a view; see `engine.views`. `edges`: at most so many of them, else none."""

    t0: int | None
    t1: int | None
    px: int
    lanes: tuple[int, ...] | None
    budget: int
    edges: int = 0
    at_work: bool = False
    sums: bool = False


class ViewCache:
    """JSON by trace, moment and window; thread-safe. While one thread makes an answer, others who want the same wait for it."""

    def __init__(self, limit: int = LIMIT_BYTES) -> None:
        self._limit = limit
        self._gate = threading.Lock()
        self._answers: OrderedDict[tuple[int, int, Window], Future[bytes]] = OrderedDict()

    def made(self, snapshot: Snapshot, window: Window) -> bytes | None:
        """What was answered to the same before, if that is kept. Does not wait."""
        with self._gate:
            future = self._answers.get((snapshot.row.number, snapshot.seq, window))
        return future.result() if future is not None and future.done() and future.exception() is None else None

    def answer(self, snapshot: Snapshot, window: Window) -> bytes:
        """Raises what the view raises: `ViewError` for a window that cannot be."""
        key = (snapshot.row.number, snapshot.seq, window)
        with self._gate:
            future = self._answers.get(key)
            mine = future is None
            if future is None:
                future = self._answers[key] = Future()
            self._answers.move_to_end(key)
        if mine:
            try:
                view = snapshot.index.view(window.t0, window.t1, window.px, window.lanes, window.budget, window.at_work)
                sums = snapshot.index.sums(window.t0, window.t1) if window.sums else None
                future.set_result(as_bytes({**view, "sums": sums, **snapshot.index.edges(view, window.edges), **EXACT}))
            except BaseException as error:
                future.set_exception(error)
                with self._gate:
                    self._answers.pop(key, None)
            else:
                self._evict()
        return future.result()

    def _evict(self) -> None:
        with self._gate:
            ready = [(key, len(future.result())) for key, future in self._answers.items() if future.done() and not future.exception()]
            total = sum(size for _, size in ready)
            for key, size in ready[:-1]:
                if total <= self._limit:
                    return
                del self._answers[key]
                total -= size
