"""An application over synthetic traces, for work on the pages: `python -m tests.support.demo_server --port 8765`.

Complete traces of every kind, a failed, a cancelled and an interrupted one; and a run that goes on in real time, again and again, with a
second one queued behind it. Runs that a page starts are replays, too. The data directory is thrown away at the end.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.conclude import cut_off, interrupted, work_key
from app.conclude import finish as finish_trace
from app.context import Context
from app.factory import create_app
from app.owner import Owner
from app.server import Listening, run_server
from app.settings import Settings
from app.store import Store
from engine.trace import Record, RunSpec, Trace, encode_frame
from tests.support import synthetic
from tests.support.replaying import replayer
from tests.support.scene import Recording


def fill(store: Store) -> None:
    """With one trace of every kind."""
    finished = [
        synthetic.threads_taking_turns(),
        synthetic.processes_at_once(),
        synthetic.tasks_on_a_loop(),
        synthetic.waits_overlapping(),
        synthetic.failed(),
        synthetic.large(300_000),
    ]
    for age, recording in enumerate(finished):
        put(store, recording, timedelta(minutes=3 + 17 * age * age))
    cut = synthetic.threads_taking_turns(identity="c2t4f6g8h3jk")
    put(store, cut, timedelta(hours=30), frames=4)
    finish_trace(store, cut.record.id, interrupted("the gilscope that recorded this ended; everything up to then is kept"))
    gone = synthetic.processes_at_once(identity="x2n4c6e8l3ed")
    put(store, gone, timedelta(hours=31), frames=3)
    finish_trace(store, gone.record.id, lambda trace: cut_off(trace, {"status": "cancelled"}))


def put(store: Store, recording: Recording, age: timedelta = timedelta(0), frames: int | None = None, owner: Owner | None = None) -> None:
    """Stores a recording as the run queue would have: all of it, or its first `frames` (by `owner`, or by somebody who is gone)."""
    created = (datetime.now(UTC) - age).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    record: Record = replace(recording.record, created_at=created)
    store.add(record, work_key(record.spec), "", owner.to_json() if owner else {"token": "nobody", "pid": 0})
    told = recording.frames[:-1] if frames is None else recording.frames[:frames]
    grown = Trace(record).grown(told).record
    store.append(record.id, grown, [(frame.t_ns, encode_frame(frame)) for frame in told])
    if frames is None:
        finish_trace(store, record.id, lambda _: recording.frames[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--seconds", type=float, default=20, help="how long a replayed run takes")
    parser.add_argument("--empty", action="store_true", help="no traces at all, and none growing")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        settings = Settings(data=Path(directory), port=asked.port)
        store = Store(settings.data)
        if not asked.empty:
            fill(store)
        store.close()
        app = create_app(settings, replayer(asked.seconds, pace=1))
        context: Context = app.state.context
        stop = threading.Event()
        if not asked.empty:
            threading.Thread(target=keep_growing, args=(context, stop), daemon=True).start()
        try:
            run_server(app, Listening.open(settings))
        finally:
            stop.set()


def keep_growing(context: Context, stop: threading.Event) -> None:
    """Always one run that goes on and one in line."""
    spec = RunSpec("cpu", "threads", 4, 4, interpreter=synthetic.INTERPRETER.to_json())
    while not stop.wait(0.5):
        if context.queue is not None and len(context.store.unfinished()) < 2:
            context.queue.submit(spec, label="synthetic, live")


if __name__ == "__main__":
    main()
