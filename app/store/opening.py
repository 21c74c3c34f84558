"""Large traces being read in the background, one at a time, while somebody still wants them.

Whoever asks says by that that he still does: a page asks a few times a second. Two pages share one opening; and one that nobody has asked
about for PATIENCE_S is given up, so that nothing piles up behind pages that were left.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

PATIENCE_S = 3.0
log = logging.getLogger("gilscope")


class GivenUpError(Exception):
    """Nobody wants it any more."""


@dataclass(slots=True)
class _Wanted:
    asked: float
    opened: float = 0.0


class Openings:
    """`read(trace_id, on_progress)` opens a trace, and tells `on_progress` how much of it is open, of 1; that may raise GivenUpError."""

    def __init__(self, read: Callable[[str, Callable[[float], None]], object], clock: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._clock = clock
        self._gate = threading.Lock()
        self._wanted: dict[str, _Wanted] = {}
        self._worker: threading.Thread | None = None

    def ask(self, trace_id: str) -> float:
        """How much of it is open, of 1. Begins to open it, or goes on."""
        with self._gate:
            wanted = self._wanted.setdefault(trace_id, _Wanted(0))
            wanted.asked = self._clock()
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, name="opening", daemon=True)
                self._worker.start()
            return wanted.opened

    def _work(self) -> None:
        while (trace_id := self._next()) is not None:
            try:
                self._read(trace_id, lambda opened, trace_id=trace_id: self._progress(trace_id, opened))  # type: ignore[misc]
            except GivenUpError:
                log.info("the opening of trace %s was given up: nobody waits for it", trace_id)
            except Exception:
                log.exception("trace %s could not be opened", trace_id)
            with self._gate:
                self._wanted.pop(trace_id, None)

    def _next(self) -> str | None:
        """The one that was asked about last; None, and the worker ends, when nobody waits."""
        with self._gate:
            late = self._clock() - PATIENCE_S
            self._wanted = {trace_id: wanted for trace_id, wanted in self._wanted.items() if wanted.asked >= late}
            if not self._wanted:
                self._worker = None
                return None
            return max(self._wanted, key=lambda trace_id: self._wanted[trace_id].asked)

    def _progress(self, trace_id: str, opened: float) -> None:
        with self._gate:
            wanted = self._wanted[trace_id]
            wanted.opened = opened
            if self._clock() - wanted.asked > PATIENCE_S:
                raise GivenUpError
