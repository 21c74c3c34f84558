"""Runs that do exactly what a test tells them to, when it tells them to."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from engine.trace import Frame, RunSpec

PATIENCE_S = 20.0


class Puppet:
    """What `engine.launch.Run` is for the run queue: tells the frames that a test hands it."""

    def __init__(self, spec: RunSpec) -> None:
        self.spec = spec
        self.cancelled = threading.Event()
        self.closed = threading.Event()
        self.obedient = True
        """Ends when it is cancelled, as a sound supervisor does."""
        self._told: queue.Queue[Frame | Exception | None] = queue.Queue()

    def tell(self, *frames: Frame) -> None:
        for frame in frames:
            self._told.put(frame)

    def fail(self, error: Exception) -> None:
        self._told.put(error)

    def fall_silent(self) -> None:
        """Ends without a last word."""
        self._told.put(None)

    def frames(self) -> Iterator[Frame]:
        while True:
            item = self._told.get(timeout=PATIENCE_S)
            if item is None:
                return
            if isinstance(item, Exception):
                raise item
            yield item

    def cancel(self) -> None:
        if not self.cancelled.is_set() and self.obedient:
            self.tell(Frame(0, changes={"status": "cancelled"}))
        self.cancelled.set()

    def close(self) -> None:
        if not self.closed.is_set():
            self.tell(Frame(0, changes={"status": "failed", "error": {"kind": "recorder", "message": "closed", "traceback": None}}))
        self.closed.set()


class Stage:
    """A launcher that keeps its puppets, in the order in which they were launched."""

    def __init__(self) -> None:
        self.puppets: list[Puppet] = []
        self.app: Any = None

    def launch(self, spec: RunSpec) -> Puppet:
        self.puppets.append(Puppet(spec))
        return self.puppets[-1]

    def puppet(self, number: int = 0) -> Puppet:
        """The one launched as the `number`th, as soon as it is."""
        until(lambda: len(self.puppets) > number)
        return self.puppets[number]


def until(condition: Callable[[], object]) -> None:
    """Waits for what another thread or process must bring about. Fails when it does not."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(0.005)
