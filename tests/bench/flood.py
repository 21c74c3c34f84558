"""A flood of marks: what is recorded of it, what is counted as dropped, and how much memory the supervisor takes for it.

    python -m tests.bench.flood [--seconds N] [--rate MARKS_PER_S] [--processes N]

Each process marks operations that begin and end, evenly over the time; every mark made must be recorded or counted as dropped. Without
`--rate` it marks as fast as it can.
"""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.interpreters import own
from engine.launch import Run
from engine.probes import procfs
from engine.trace import RunSpec, State

PROGRAM = Path(__file__).with_name("flooding.py")


def main() -> None:
    """Prints what was marked and what became of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=float, default=1e6, help="marks a second of all processes together; 0: as many as they can")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    name = f"flood_{options.rate / options.processes:.0f}_{options.seconds:g}".replace(".", "p")
    spec = RunSpec(f"{PROGRAM}:{name}", "processes", options.processes, options.processes, {}, own().to_json())
    counters: dict[str, int] = {}
    segments, unknown, made = 0, 0, 0
    with Run(spec) as run, resident(run.pid) as most:
        for frame in run.frames():
            counters.update(frame.counters)
            segments += len(frame.segments)
            unknown += int((frame.segments.state == State.unknown).sum())
            if (result := frame.changes.get("result")) is not None:
                made = sum(map(int, result["values"]))
            if error := frame.changes.get("error"):
                raise SystemExit(error["message"])
            if frame.changes.get("status") == "starting":
                begun = time.monotonic()
        took = time.monotonic() - begun
    told, dropped = counters["marks"], counters["dropped"]
    print(f"{made:,} marks made in {options.seconds:g} s by {options.processes} processes")
    print(f"{told:,} recorded ({told / made:.1%}), {dropped:,} counted as dropped; {segments:,} segments, {unknown:,} of them unknown")
    print(f"{made - told - dropped:,} neither (below 0: marks of the run itself)")
    print(f"finished {took - options.seconds:.1f} s after the flood began to ebb; the supervisor took {max(most) / 2**20:.0f} MB at most")
    print(f"and {counters['recorder_cpu_ns'] / 1e9 / took:.0%} of a core")


@contextmanager
def resident(pid: int) -> Iterator[list[int]]:
    """Its resident bytes, looked at ten times a second."""
    seen: list[int] = [0]
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.1):
            status = procfs.status(pid)
            if status is not None:
                seen.append(status.resident_bytes)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


if __name__ == "__main__":
    main()
