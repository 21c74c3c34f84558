"""Another gilscope on the same data directory, as the command line is one: what it records appears on the pages while it goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from app.comparison_wish import Plan
from app.conclude import finish, work_key
from app.ids import new_id
from app.owner import Owner
from app.store import Comparison, Store
from engine.trace import Frame, Record, Trace, encode_frame
from tests.support.scene import Recording


class Neighbour:
    """Puts recordings into the store, whole or frame by frame. `close` lets go of what is unfinished, as the end of its process would."""

    def __init__(self, data: Path) -> None:
        self.store = Store(data)
        self._owner = Owner(data)

    def close(self) -> None:
        self._owner.close()
        self.store.close()

    def queue(self, recording: Recording, label: str = "") -> Run:
        """A run in line, of which nothing has happened yet."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        record = replace(recording.record, id=new_id(), created_at=now)
        self.store.add(record, work_key(record.spec), label, self._owner.to_json())
        return Run(self.store, record, list(recording.frames))

    def compare(self, recordings: Sequence[Recording], label: str = "") -> tuple[str, list[Run]]:
        """The id of a comparison, and its runs in line: one for each recording, whose models differ."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        records = [replace(recording.record, id=new_id(), created_at=now) for recording in recordings]
        plan = Plan.of([record.spec for record in records], 1, None)
        comparison = Comparison(new_id(), now, plan.asked, tuple(record.id for record in records), label)
        self.store.add_together(comparison, [(record, work_key(record.spec)) for record in records], self._owner.to_json())
        runs = [Run(self.store, record, list(recording.frames)) for record, recording in zip(records, recordings, strict=True)]
        return comparison.id, runs

    def compared(self, recordings: Sequence[Recording], label: str = "") -> tuple[str, list[str]]:
        """The id of a finished comparison, and those of its traces."""
        identity, runs = self.compare(recordings, label)
        for run in runs:
            run.finish()
        return identity, [run.id for run in runs]

    def finished(self, recording: Recording, label: str = "") -> str:
        """The id of a whole trace."""
        run = self.queue(recording, label)
        run.finish()
        return run.id


class Run:
    """A run of a `Neighbour`."""

    def __init__(self, store: Store, record: Record, frames: list[Frame]) -> None:
        self._store = store
        self._trace = Trace(record)
        self._frames = frames
        self.id = record.id

    @property
    def grown_ns(self) -> int:
        return self._trace.t_ns

    def starts(self) -> None:
        """A supervisor is there, and has told nothing yet."""
        self._tell([Frame(0, changes={"status": "starting"})])

    def grow(self, frames: int = 1) -> None:
        """Tells the next few frames; there always is one left to end with."""
        assert len(self._frames) > frames
        told, self._frames = self._frames[:frames], self._frames[frames:]
        self._tell(told)

    def finish(self) -> None:
        """Tells the rest, and is over."""
        if len(self._frames) > 1:
            self.grow(len(self._frames) - 1)
        last = self._frames.pop()
        assert finish(self._store, self.id, lambda _: last)

    def _tell(self, frames: list[Frame]) -> None:
        self._trace = self._trace.grown(frames)
        assert self._store.append(self.id, self._trace.record, [(frame.t_ns, encode_frame(frame)) for frame in frames])
