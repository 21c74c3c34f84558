"""Synthetic traces for scale, realistic in shape: turns on a GIL, tasks under one loop, many threads, processes below processes.

    python -m tests.support.large --data DIR [--segments N] [--lanes N] [--tasks N] [--processes N]

stores one in a data directory, and prints its id. `--lanes` threads are spread over `--processes` processes, each the child of the one
before, which take turns on their GILs; `--tasks` are steps under one more process' event loop. Every process keeps to cores of its own.

    threads     per turn of one      it waits, is ready, runs; its GIL is free, is held; a core idles, is busy
    tasks       per step of one      it is suspended, ready, runs; per burst of steps their loop runs and idles, the GIL and a core alike
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.store import Store
from engine.trace import Edge, Frame, Job, Lane, LaneKind, Segments, State
from engine.trace.segments import Ints
from tests.support.demo_server import put
from tests.support.scene import MS, US, Recording, S
from tests.support.synthetic import beginning, record

RATE = 100_000
"""Segments a second: what a busy program makes."""
FRAME_NS = 100 * MS
_BORN, _FIRST = 1 * MS, 3 * MS
_PARTS_A_TURN, _PARTS_A_STEP = 7, 3.75
_STEPS_A_BURST = 8
_FETCH, _SELECT, _JOIN = range(3)
_STRINGS = ("fetch", "select", "join")


def large(segments: int = 1_000_000, lanes: int = 16, tasks: int = 0, processes: int = 1, rate: int = RATE, seed: int = 1) -> Recording:
    """About `segments` of them, in `segments / rate` seconds; `lanes` threads and `tasks` tasks carry jobs. No chance in it."""
    until = _FIRST + max(segments * S // rate, 10 * MS)
    stage = _Stage(np.random.default_rng(seed), until)
    groups = [lanes // processes + (number < lanes % processes) for number in range(processes)] if lanes else []
    cores = [stage.lane("cpu", f"cpu {number}") for number in range(max(2, len(groups) + bool(tasks)))]
    parent, free = None, list(cores)
    for number, threads in enumerate(groups):
        mine = free if len(groups) + bool(tasks) == 1 else [free.pop(0)]
        share = segments * threads // (lanes + tasks)
        parent = _threads(stage, parent, mine, 4242 + 100 * number, threads, max(share // _PARTS_A_TURN, 2 * threads))
    if tasks:
        share = segments * tasks // (lanes + tasks)
        _loop(stage, parent, free, 4242 + 100 * len(groups), tasks, max(int(share / _PARTS_A_STEP), 1))
    spec = ("mixed", "asyncio", tasks) if tasks else ("cpu", "processes+threads" if processes > 1 else "threads", lanes)
    return Recording(record(*spec, identity=_identity(segments, lanes, tasks, processes, rate, seed)), list(stage.frames(spec[2])))


@dataclass
class _Stage:
    """What there is so far."""

    random: np.random.Generator
    until: int
    lanes: list[Lane] = field(default_factory=list)
    parts: list[Segments] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)

    def lane(self, kind: LaneKind, name: str, parent: int | None = None, pid: int | None = None, measured: bool = False) -> int:
        number = len(self.lanes) + 1
        tid = None if pid is None or kind != "thread" else pid + number
        born = _BORN + US if measured else 0
        self.lanes.append(Lane(number, parent, kind, name, pid, tid, born, self.until, measured=measured))
        if measured:
            self.jobs.append(Job(number, len(self.jobs), _FIRST, self.until, True))
        return number

    def tell(
        self, lane: npt.ArrayLike, start: npt.ArrayLike, end: npt.ArrayLike, state: State, detail: int = -1, ref: npt.ArrayLike = -1
    ) -> None:
        """Spells; those of no length are left out."""
        columns = np.broadcast_arrays(np.asarray(lane), np.asarray(start), np.asarray(end), int(state), detail, np.asarray(ref))
        part = Segments.of(*(np.atleast_1d(column) for column in columns))
        self.parts.append(part.take(part.end > part.start))

    def process(self, parent: int | None, pid: int) -> tuple[int, int, int]:
        """A process, its GIL, and its main thread, which has begun."""
        process = self.lane("process", "python", parent, pid)
        gil = self.lane("interpreter", "GIL", process, pid)
        main = self.lane("thread", "MainThread", process, pid)
        for one in (process, main):
            self.tell(one, 0, _BORN, State.starting)
        self.tell(process, _BORN, self.until, State.running)
        self.tell(gil, 0, _FIRST, State.held, ref=main)
        self.tell(main, _BORN, _FIRST, State.running)
        return process, gil, main

    def moments(self, count: int, idle_share: float) -> tuple[Ints, Ints]:
        """Starts and ends of `count` spells in order, log-normal in length, that fill the time but for gaps, one in eight of them idle."""
        length = self.random.lognormal(0, 1.1, count)
        gap = np.where(self.random.random(count) < 1 / _STEPS_A_BURST, self.random.lognormal(0, 1, count), 0) * idle_share
        end = np.cumsum(length + gap)
        scale = (self.until - _FIRST) / end[-1]
        ends = _FIRST + (end * scale).astype(np.int64)
        starts = _FIRST + ((end - length) * scale).astype(np.int64)
        ends[-1] = self.until
        return np.maximum(starts, np.concatenate([[_FIRST], ends[:-1]])), ends

    def frames(self, workers: int) -> Iterator[Frame]:
        """What ends within 100 ms is told with them; but a trace has at least four frames."""
        whole = Segments.concat(self.parts)
        self.parts.clear()
        whole = whole.take(np.argsort(whole.end, kind="stable"))
        count = max(4, -(-self.until // FRAME_NS))
        edges = np.linspace(0, self.until, count + 1).astype(np.int64)
        cuts = np.searchsorted(whole.end, edges, "right")
        for number, (t_ns, first, after) in enumerate(zip(edges[1:].tolist(), cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)):
            last = number == count - 1
            counters = {"marks": after, "dropped": 0, "jobs_total": workers} | ({"elapsed_ns": self.until} if last else {})
            yield Frame(
                t_ns=t_ns,
                lanes=tuple(self.lanes) if number == 0 else (),
                segments=whole.take(slice(first, after)),
                strings=_STRINGS if number == 0 else (),
                jobs=tuple(self.jobs) if last else (),
                edges=tuple(self.edges) if number == 0 else (),
                counters=counters,
                changes=(beginning() if number == 0 else {"status": "running"}) | ({"status": "complete"} if last else {}),
            )


def _threads(stage: _Stage, parent: int | None, cores: list[int], pid: int, threads: int, turns: int) -> int:
    """A process whose threads take turns; its lane."""
    process, gil, main = stage.process(parent, pid)
    workers = np.array([stage.lane("thread", f"worker-{number + 1}", process, pid, measured=True) for number in range(threads)])
    stage.edges += [Edge("spawn", main, _BORN, int(worker), _BORN + US) for worker in workers]
    stage.tell(workers, _BORN + US, _FIRST, State.starting)
    stage.tell(main, _FIRST, stage.until, State.lock_wait, _JOIN)
    start, end = stage.moments(turns, 0)
    lane = workers[np.concatenate([stage.random.permutation(threads), stage.random.integers(0, threads, max(turns - threads, 0))])[:turns]]
    core = np.array(cores)[stage.random.integers(0, len(cores), turns)]
    woken = start + np.minimum((stage.random.lognormal(8.5, 0.6, turns)).astype(np.int64), (end - start) // 4)
    stage.tell(lane, _ends_before(lane, end), start, State.gil_wait, ref=np.roll(lane, 1))
    stage.tell(lane, start, woken, State.runnable)
    stage.tell(lane, woken, end, State.running)
    stage.tell(gil, np.concatenate([[_FIRST], end[:-1]]), woken, State.free)
    stage.tell(gil, woken, end, State.held, ref=lane)
    _after(stage, lane, end, workers, State.idle, -1)
    _cores(stage, core, woken, end, lane, cores)
    return process


def _loop(stage: _Stage, parent: int | None, cores: list[int], pid: int, tasks: int, steps: int) -> None:
    """A process whose main thread runs an event loop; tasks step in random order, but each once before any does twice more than another."""
    _, gil, main = stage.process(parent, pid)
    lanes = np.array([stage.lane("task", f"job-{number}", main, pid, measured=True) for number in range(tasks)])
    stage.tell(lanes, _BORN + US, _FIRST, State.starting)
    start, end = stage.moments(steps, 3)
    start[0] += min(US, (end[0] - start[0]) // 2)
    lane = _rounds(stage, lanes, steps)
    since = _ends_before(lane, end)
    gap = start - since
    wanted = np.minimum(stage.random.lognormal(11, 1, steps).astype(np.int64), gap // 2)
    ready = start - np.where(since == _FIRST, gap, np.clip(wanted, 1, np.maximum(gap, 1)))
    stage.tell(lane, since, ready, State.suspended, _FETCH)
    stage.tell(lane, ready, start, State.ready)
    stage.tell(lane, start, end, State.running)
    stage.tell(np.setdiff1d(lanes, lane), _FIRST, stage.until, State.ready)
    _after(stage, lane, end, lanes, State.suspended, _FETCH)
    opens = np.concatenate([[True], start[1:] > end[:-1]])
    begun, over = start[opens], end[np.append(np.flatnonzero(opens)[1:] - 1, steps - 1)]
    idle = np.concatenate([[_FIRST], over[:-1]])
    stage.tell(main, begun, over, State.running)
    stage.tell(main, idle, begun, State.idle, _SELECT)
    stage.tell(gil, begun, over, State.held, ref=main)
    stage.tell(gil, idle, begun, State.free)
    _cores(stage, np.full(len(begun), cores[0]), begun, over, np.full(len(begun), main), cores)


def _rounds(stage: _Stage, lanes: Ints, count: int) -> Ints:
    """`count` lanes, each once a round, none twice in a row."""
    rounds = [stage.random.permutation(lanes) for _ in range(-(-count // len(lanes)))]
    for before, after in pairwise(rounds):
        if before[-1] == after[0]:
            after[:] = np.roll(after, 1)
    return np.concatenate(rounds)[:count]


def _after(stage: _Stage, lane: Ints, end: Ints, lanes: Ints, state: State, detail: int) -> None:
    """What comes after the last spell of each of `lanes` that has had one."""
    last = np.zeros(int(lanes.max()) + 1, np.int64)
    np.maximum.at(last, lane, end)
    there = last[lanes] > 0
    stage.tell(lanes[there], last[lanes][there], stage.until, state, detail)


def _cores(stage: _Stage, core: Ints, start: Ints, end: Ints, thread: Ints, cores: list[int]) -> None:
    stage.tell(core, start, end, State.busy, ref=thread)
    stage.tell(core, _ends_before(core, end, 0), start, State.idle)
    for one in cores:
        last = end[core == one]
        stage.tell(one, last[-1] if len(last) else 0, stage.until, State.idle)


def _ends_before(lane: Ints, end: Ints, first: int = _FIRST) -> Ints:
    """For each spell the end of the one before it on the same lane; `first` where there is none."""
    order = np.argsort(lane, kind="stable")
    before = np.where(np.diff(lane[order], prepend=-1) == 0, np.roll(end[order], 1), first)
    found = np.empty_like(end)
    found[order] = before
    return found


def _identity(*asked: int) -> str:
    """The same for the same recording, so that it takes the place of the one stored before."""
    return hashlib.sha256(repr(asked).encode()).hexdigest()[:12]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the data directory")
    parser.add_argument("--segments", type=int, default=1_000_000)
    parser.add_argument("--lanes", type=int, default=16, help="threads that carry jobs")
    parser.add_argument("--tasks", type=int, default=0, help="tasks under one event loop, too")
    parser.add_argument("--processes", type=int, default=1, help="over which the threads are spread")
    asked = parser.parse_args()
    recording = large(asked.segments, asked.lanes, asked.tasks, asked.processes)
    store = Store(asked.data)
    store.delete(recording.record.id)
    put(store, recording)
    store.close()
    print(recording.record.id)  # noqa: T201 - for the next command


if __name__ == "__main__":
    main()
