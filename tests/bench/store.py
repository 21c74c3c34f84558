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

import numpy as np

from app.conclude import finish, work_key
from app.store import Reader, Store
from app.view_cache import ViewCache, Window
from engine.trace import Frame, Lane, Record, RunSpec, Segments, State, Trace, decode_frame, encode_frame
from engine.trace.segments import Ints
from tests.support import synthetic
from tests.support.scene import Recording

_THREADS, _CORES, _FIRST = 8, 2, 2
_GIL, _CPU = _FIRST + _THREADS, _FIRST + _THREADS + 1
_PARTS_A_TURN = 7  # of the thread: waiting, ready, running; of its GIL: free, held; of its core: idle, busy


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
        "turns": lambda: turns(options.segments, options.frames),
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


def turns(segments: int, frames: int, seed: int = 1) -> Recording:
    """Threads that take turns of some hundred µs, log-normal, as interpreters do."""
    random = np.random.default_rng(seed)
    count = segments // _PARTS_A_TURN
    length = np.maximum(random.lognormal(11.5, 1.2, count), 3_000).astype(np.int64)
    wake = np.minimum(random.lognormal(8.5, 0.6, count).astype(np.int64) + 500, length // 2)
    end = np.cumsum(length)
    start, on = end - length, end - length + wake
    thread = _FIRST + random.integers(0, _THREADS, count)
    core = _CPU + random.integers(0, _CORES, count)
    since, idle = _ends_before(thread, start, end), _ends_before(core, start, end)
    whole = Segments.concat(
        [
            Segments.of(thread, since, start, np.full(count, State.gil_wait), ref=np.roll(thread, 1)),
            Segments.of(thread, start, on, np.full(count, State.runnable)),
            Segments.of(thread, on, end, np.full(count, State.running)),
            Segments.of(np.full(count, _GIL), start, on, np.full(count, State.free)),
            Segments.of(np.full(count, _GIL), on, end, np.full(count, State.held), ref=thread),
            Segments.of(core, idle, on, np.full(count, State.idle)),
            Segments.of(core, on, end, np.full(count, State.busy), ref=thread),
        ]
    )
    whole = whole.take(whole.end > whole.start)
    return _in_frames(whole.take(np.argsort(whole.end, kind="stable")), frames)


def _ends_before(lane: Ints, start: Ints, end: Ints) -> Ints:
    """For each turn the end of the last one before it on the same lane; its own start for the first."""
    order = np.argsort(lane, kind="stable")
    before = np.where(np.diff(lane[order], prepend=-1) == 0, np.roll(end[order], 1), start[order])
    found = np.empty_like(start)
    found[order] = before
    return found


def _in_frames(whole: Segments, frames: int) -> Recording:
    """What ends within a frame's time is told with it."""
    until = int(whole.end[-1])
    lanes = [Lane(1, None, "process", "python", 4242, None, 0, measured=False)]
    lanes += [Lane(_FIRST + n, 1, "thread", f"worker-{n + 1}", 4242, 4243 + n, 0, measured=True) for n in range(_THREADS)]
    lanes += [Lane(_GIL, 1, "interpreter", "GIL", 4242, None, 0, measured=False)]
    lanes += [Lane(_CPU + n, None, "cpu", f"CPU {n}", None, None, 0, measured=False) for n in range(_CORES)]
    edges = np.linspace(0, until, frames + 1).astype(np.int64)
    cuts = np.searchsorted(whole.end, edges, "right")
    told = []
    for number in range(frames):
        last = number == frames - 1
        process = [Segments.of([1], [0], [until], [State.running])] if last else []
        told.append(
            Frame(
                t_ns=int(edges[number + 1]),
                lanes=tuple(lanes) if number == 0 else (),
                segments=Segments.concat([whole.take(slice(int(cuts[number]), int(cuts[number + 1]))), *process]),
                counters={"marks": len(whole), "dropped": 0},
                changes=(synthetic.beginning() if number == 0 else {}) | ({"status": "complete"} if last else {}),
            )
        )
    spec = RunSpec("cpu", "threads", _THREADS, _THREADS, interpreter=synthetic.INTERPRETER.to_json())
    record = Record(id="y8y8y8y8y8y8", created_at="2026-01-02T03:04:05.678Z", spec=spec)
    assert Trace(record).grown(told[:1]).lanes
    return Recording(record, told)


class _Clock:
    def __init__(self) -> None:
        self._at = time.monotonic()

    def lap(self) -> float:
        before, self._at = self._at, time.monotonic()
        return self._at - before


if __name__ == "__main__":
    main()
