"""A huge trace: how many bytes a segment takes in the store, and how long it takes until one sees it.

    python -m tests.bench.store [--segments N] [--frames N]

`random` is noise, which nothing compresses: threads that change between states at random. `turns` is what recorders tell: threads that
take turns on a GIL and on cores, so that the same moments are told of a thread, its GIL and its core.

    told      frames encoded, as the supervisor does while it runs
    stored    decoded, written to the database
    finished  the whole of it merged, figures and findings derived, its digest taken
    shown     read from the database, and the first view of all of it answered
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from app.conclude import finish, work_key
from app.store import Reader, Store
from app.view_cache import ViewCache, Window
from engine.trace import decode_frame, encode_frame
from tests.support import synthetic
from tests.support.large import large
from tests.support.scene import Recording

_THREADS = 8


def main() -> None:
    """Prints a row for each kind of trace."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--segments", type=int, default=10_000_000)
    parser.add_argument("--frames", type=int, default=400)
    options = parser.parse_args()
    print(f"{options.segments:,} segments in {options.frames} frames, {os.cpu_count()} cores\n")
    print("| trace | bytes a segment | told | stored | finished | shown | finished and shown |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    makers: dict[str, Callable[[], Recording]] = {
        "turns": lambda: large(options.segments, _THREADS, rate=options.segments * 10 // options.frames),
        "random": lambda: synthetic.large(options.segments, frames=options.frames),
    }
    for name, make in makers.items():
        print(row(name, make()), flush=True)


def row(name: str, recording: Recording) -> str:
    """One of the table."""
    segments = sum(len(frame.segments) for frame in recording.frames)
    with tempfile.TemporaryDirectory() as folder:
        clock = _Clock()
        encoded = [(frame.t_ns, encode_frame(frame)) for frame in recording.frames[:-1]]
        told = clock.lap()
        store = Store(Path(folder))
        trace_id = recording.record.id
        store.add(recording.record, work_key(recording.record.spec), "", {"token": "nobody", "pid": 0})
        for t_ns, body in encoded:
            decode_frame(body)
            store.append(trace_id, replace(recording.record, status="running"), [(t_ns, body)])
        stored = clock.lap()
        finish(store, trace_id, lambda _: recording.frames[-1])
        finished = clock.lap()
        snapshot = Reader(store).snapshot(trace_id)
        assert snapshot is not None
        assert len(snapshot.trace.segments) == segments
        ViewCache().answer(snapshot, Window(None, None, 2000, None, 2000))
        shown = clock.lap()
        size = sum(len(body) for _, body in store.frames(snapshot.row.number))
        store.close()
    laps = (told, stored, finished, shown, finished + shown)
    return f"| `{name}` | {size / segments:.2f} | " + " | ".join(f"{lap:.1f} s" for lap in laps) + " |"


class _Clock:
    def __init__(self) -> None:
        self._at = time.monotonic()

    def lap(self) -> float:
        before, self._at = self._at, time.monotonic()
        return self._at - before


if __name__ == "__main__":
    main()
