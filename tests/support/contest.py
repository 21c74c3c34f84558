"""Recordings of the same work under three models, for comparisons that no weather of a machine decides."""

from __future__ import annotations

from dataclasses import replace

from tests.support import synthetic
from tests.support.scene import Recording

WORKERS = 4


def in_a_row() -> Recording:
    """Four jobs in one thread: 2 s."""
    return _as(synthetic.threads_taking_turns(1, 2), "sequential")


def contest() -> list[Recording]:
    """In a row 2.0 s, under threads that take turns on the GIL 2.0 s, under processes on two cores 1.1 s."""
    return [in_a_row(), synthetic.threads_taking_turns(WORKERS, 2), synthetic.processes_at_once(WORKERS, 1)]


def _as(recording: Recording, model: str) -> Recording:
    spec = replace(recording.record.spec, model=model, workers=WORKERS, jobs=WORKERS)
    return Recording(replace(recording.record, spec=spec), recording.frames)
