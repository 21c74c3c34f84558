"""A stand-in for a run: tells the frames of a synthetic recording, at once or in real time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from engine.trace import Frame, RunSpec
from tests.support import synthetic
from tests.support.scene import Recording


class Replay:
    """What `engine.launch.Run` is for the run queue. `pace` 0 tells everything at once, 1 in real time."""

    def __init__(self, recording: Recording, pace: float = 0) -> None:
        self._recording = recording
        self._pace = pace
        self._cancelled = threading.Event()
        self._closed = threading.Event()
        self._stopped = threading.Event()

    def frames(self) -> Iterator[Frame]:
        told = 0
        for frame in self._recording.frames:
            if self._pace:
                self._stopped.wait((frame.t_ns - told) / 1e9 * self._pace)
            if self._closed.is_set():
                yield Frame(told, changes={"status": "failed", "error": {"kind": "recorder", "message": "closed", "traceback": None}})
                return
            if self._cancelled.is_set():
                yield Frame(told, changes={"status": "cancelled"})
                return
            told = frame.t_ns
            yield frame

    def cancel(self) -> None:
        self._cancelled.set()
        self._stopped.set()

    def close(self) -> None:
        self._closed.set()
        self._stopped.set()


def recording_of(spec: RunSpec, seconds: float = 2) -> Recording:
    """A synthetic recording that suits what was asked for."""
    if spec.model == "processes":
        return synthetic.processes_at_once(spec.workers, seconds)
    if spec.model == "asyncio":
        return synthetic.tasks_on_a_loop(spec.workers, seconds)
    if spec.workload in ("sleep", "http"):
        return synthetic.waits_overlapping(spec.workers, seconds)
    return synthetic.threads_taking_turns(spec.workers, seconds)


def replayer(seconds: float = 2, pace: float = 0) -> Callable[[RunSpec], Replay]:
    """A launcher for `RunQueue`."""
    return lambda spec: Replay(recording_of(spec, seconds), pace)
