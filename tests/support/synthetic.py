"""Synthetic traces that look like what the recorder tells, for tests that must not depend on the weather of a machine.

Each answers a `Recording`: the record before anything happened, and frames of 250 ms that end with a finished status.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from engine.trace import Frame, Interpreter, Lane, Record, RunSpec, Segments, State
from tests.support.scene import MS, US, Recording, S, Scene, gaps, turns

INTERPRETER = Interpreter(id="cpython-3.13-0a1b2c3d", path="/usr/bin/python3.13", version="3.13.5", own=True)
EXACT = {"marks": "exact", "kernel": "exact", "gil": "exact"}
_HANDOFF = 8 * US
_STARTED = 30 * MS


def record(workload: str, model: str, workers: int, identity: str = "k3v9m2x7q4ab", **more: Any) -> Record:
    """A queued record; `more` are fields of the `RunSpec`."""
    spec = RunSpec(workload, model, workers, more.pop("jobs", workers), interpreter=more.pop("interpreter", INTERPRETER.to_json()), **more)
    return Record(id=identity, created_at="2026-01-02T03:04:05.678Z", spec=spec)


def beginning(sources: dict[str, str] | None = None, notes: tuple[str, ...] = ()) -> dict[str, Any]:
    """The changes of a first frame: what is known as soon as the recorder runs."""
    return {
        "status": "starting",
        "clock": {"monotonic_ns": 123_456_789_000, "wall": "2026-01-02T03:04:05.700000Z"},
        "host": {"cores": 2, "platform": "Linux", "kernel": "6.18.0", "cpu": "synthetic", "steal_ratio": 0.002},
        "sources": EXACT if sources is None else sources,
        "notes": list(notes),
    }


def threads_taking_turns(workers: int = 4, seconds: float = 2, identity: str = "k3v9m2x7q4ab") -> Recording:
    """Pure Python under threads: 5 ms turns on one GIL, the others in `gil_wait`, the main thread in a join."""
    scene = Scene()
    first, until = _STARTED + 2 * MS, _STARTED + 2 * MS + round(seconds * S)
    process, gil, main = _process(scene, pid=4242)
    lanes = [_worker(scene, process, f"worker-{n + 1}", 4242, 4243 + n, first) for n in range(workers)]
    for number, lane in enumerate(lanes):
        scene.edge("spawn", (main, first - MS - 100 * US + number * 20 * US), (lane, first - MS))
    cores = [scene.lane("cpu", f"cpu {n}") for n in range(2)]
    spells = turns(first, until, 5 * MS)
    scene.spell(gil, 0, first, State.held, ref=main)
    last = dict.fromkeys(lanes, first)
    for turn, (start, end) in enumerate(spells):
        lane, core = lanes[turn % workers], cores[turn % 2]
        scene.spell(lane, last[lane], start, State.gil_wait)
        scene.spell(lane, start, start + _HANDOFF, State.runnable)
        scene.spell(lane, start + _HANDOFF, end, State.running)
        scene.spell(gil, start, start + _HANDOFF, State.free)
        scene.spell(gil, start + _HANDOFF, end, State.held, ref=lane)
        scene.spell(core, start + _HANDOFF, end, State.busy, ref=lane)
        last[lane] = end
    for core in cores:
        _idle(scene, core, until + 2 * MS)
    for number, lane in enumerate(lanes):
        scene.job(lane, number, first, last[lane])
    _joined(scene, process, main, gil, first, until)
    handoffs = len(spells)
    scene.counters = _counters(
        marks=workers * 40,
        switches_voluntary=handoffs * 2,
        switches_involuntary=handoffs // 8,
        gil_handoffs=handoffs + 2,
        gil_seen_handoffs=handoffs + 1,
        gil_oncore_overlap_ns=handoffs * 20 * US,
        gil_overlap_ns=0,
        elapsed_ns=until - _STARTED,
        jobs_total=workers,
    )
    return Recording(record("cpu", "threads", workers, identity), scene.frames(_complete(), beginning()))


def processes_at_once(workers: int = 2, seconds: float = 2, cores: int = 2, identity: str = "p7c2d9f4h6jk") -> Recording:
    """Pure Python under processes: each on a core with a GIL of its own; more workers than cores take 4 ms slices of them."""
    scene = Scene()
    first, until = 80 * MS, 80 * MS + round(seconds * S)
    parent, gil, main = _process(scene, pid=4242)
    scene.spell(gil, 0, first, State.held, ref=main)
    scene.spell(gil, first, until, State.free)
    _joined(scene, parent, main, gil, first, until)
    cpus = [scene.lane("cpu", f"cpu {n}") for n in range(cores)]
    ran: list[list[tuple[int, int]]] = [[] for _ in range(workers)]
    lanes = []
    for number in range(workers):
        pid, born = 4300 + number, _STARTED + number * 3 * MS
        child = scene.lane("process", f"worker-{number + 1}", parent=parent, pid=pid)
        own = scene.lane("interpreter", "GIL", parent=child, pid=pid)
        lane = _worker(scene, child, "MainThread", pid, pid, born, until=first)
        scene.spell(child, born, first, State.starting)
        scene.spell(child, first, until, State.running)
        scene.spell(child, until, until + MS, State.exited)
        scene.spell(own, born, until, State.held, ref=lane)
        lanes.append(lane)
    for turn, (start, end) in enumerate(turns(first, until, 4 * MS)):
        for cpu in range(min(cores, workers)):
            number = (turn * cores + cpu) % workers if workers > cores else cpu
            ran[number].append((start, end))
            scene.spell(cpus[cpu], start, end, State.busy, ref=lanes[number])
    for number, lane in enumerate(lanes):
        whole = _merged(ran[number])
        for start, end in whole:
            scene.spell(lane, start, end, State.running)
        for start, end in gaps(whole, first, whole[-1][1]):
            scene.spell(lane, start, end, State.runnable)
        scene.job(lane, number, first, whole[-1][1])
    for cpu in cpus:
        _idle(scene, cpu, until + 2 * MS)
    scene.counters = _counters(
        marks=workers * 30,
        switches_voluntary=workers * 3,
        switches_involuntary=sum(map(len, ran)) if workers > cores else 4,
        gil_handoffs=0,
        gil_seen_handoffs=0,
        gil_oncore_overlap_ns=0,
        gil_overlap_ns=0,
        elapsed_ns=until - 20 * MS,
        jobs_total=workers,
    )
    return Recording(record("cpu", "processes", workers, identity, start_method="spawn"), scene.frames(_complete(), beginning()))


def tasks_on_a_loop(tasks: int = 6, seconds: float = 1, identity: str = "t4s8k2l6m9np") -> Recording:
    """Tasks that await 40 ms and compute 2 ms, in turns on one thread; once, in the middle, one computes 120 ms while others are ready."""
    scene = Scene()
    first, until = _STARTED + 2 * MS, _STARTED + 2 * MS + round(seconds * S)
    process, gil, main = _process(scene, pid=4242)
    scene.spell(gil, 0, first, State.held, ref=main)
    lanes = [scene.lane("task", f"job-{n}", parent=main, pid=4242, measured=True) for n in range(tasks)]
    cpu = scene.lane("cpu", "cpu 0")
    wanted, fetching = [first] * tasks, [True] * tasks
    now, blocked, steps = first, False, []
    for lane in lanes:
        scene.spell(lane, first - MS, first, State.starting)
    while now < until - 200 * MS or not blocked:
        chosen = min(range(tasks), key=lambda n: wanted[n])
        begin = max(now, wanted[chosen] + 30 * US)
        length = 2 * MS if fetching[chosen] else MS
        if not blocked and begin > first + (until - first) // 2:
            length, blocked = 120 * MS, True
        scene.spell(lanes[chosen], wanted[chosen], begin, State.ready)
        scene.spell(lanes[chosen], begin, begin + length, State.running)
        steps.append((begin, begin + length))
        scene.spell(lanes[chosen], begin + length, begin + length + 40 * MS, State.suspended, detail="fetch")
        fetching[chosen] = not fetching[chosen]
        now, wanted[chosen] = begin + length, begin + length + 40 * MS
    for number in sorted(range(tasks), key=lambda n: wanted[n]):
        begin = max(now, wanted[number] + 30 * US)
        scene.spell(lanes[number], wanted[number], begin, State.ready)
        scene.spell(lanes[number], begin, begin + MS, State.running)
        steps.append((begin, begin + MS))
        now = begin + MS
        scene.job(lanes[number], number, first, now)
    steps.append((now, now + MS))
    scene.spell(main, _STARTED, first, State.running)
    for start, end in (whole := _merged(steps)):
        scene.spell(main, start, end, State.running)
        scene.spell(gil, start, end, State.held, ref=main)
        scene.spell(cpu, start, end, State.busy, ref=main)
    for start, end in gaps(whole, first, now):
        scene.spell(main, start, end, State.idle, detail="select")
        scene.spell(gil, start, end, State.free)
    _over(scene, process, now + MS)
    _idle(scene, cpu, now + 2 * MS)
    scene.counters = _counters(
        marks=len(steps) * 6,
        switches_voluntary=len(whole),
        switches_involuntary=2,
        gil_handoffs=0,
        gil_seen_handoffs=0,
        gil_oncore_overlap_ns=0,
        gil_overlap_ns=0,
        elapsed_ns=now - _STARTED,
        jobs_total=tasks,
    )
    return Recording(record("mixed", "asyncio", tasks, identity), scene.frames(_complete(), beginning()))


def waits_overlapping(workers: int = 8, seconds: float = 1, identity: str = "w5x7y3z9a2bc") -> Recording:
    """Sleeping threads: nearly all the time in `io_wait`, all at once, with 0.2 ms of Python between two sleeps of 100 ms."""
    scene = Scene()
    first = _STARTED + 2 * MS
    count = max(1, round(seconds * S) // (100 * MS))
    process, gil, main = _process(scene, pid=4242)
    scene.spell(gil, 0, first, State.held, ref=main)
    lanes = [_worker(scene, process, f"worker-{n + 1}", 4242, 4243 + n, first) for n in range(workers)]
    cpu = scene.lane("cpu", "cpu 0")
    worked, ends = [], []
    for number, lane in enumerate(lanes):
        at = first
        for turn in range(count):
            begin = first + turn * 101 * MS + number * 200 * US
            scene.spell(lane, at, begin, State.io_wait if turn else State.gil_wait, detail="sleep" if turn else None)
            scene.spell(lane, begin, begin + 200 * US, State.running)
            worked.append((begin, begin + 200 * US, lane))
            at = begin + 200 * US
        scene.spell(lane, at, at + 100 * MS, State.io_wait, detail="sleep")
        scene.spell(lane, at + 100 * MS, at + 100 * MS + 50 * US, State.running)
        scene.job(lane, number, first, at + 100 * MS + 50 * US)
        worked.append((at + 100 * MS, at + 100 * MS + 50 * US, lane))
        ends.append(at + 100 * MS + 50 * US)
    for begin, end, lane in sorted(worked):
        scene.spell(gil, begin, end, State.held, ref=lane)
        scene.spell(cpu, begin, end, State.busy, ref=lane)
    until = max(ends)
    for start, end in gaps(_merged([spell[:2] for spell in worked]), first, until):
        scene.spell(gil, start, end, State.free)
    scene.spell(main, _STARTED, first, State.running)
    scene.spell(main, first, until, State.lock_wait, detail="join")
    scene.spell(main, until, until + 2 * MS, State.running)
    scene.spell(gil, until, until + 2 * MS, State.held, ref=main)
    _over(scene, process, until + 2 * MS)
    _idle(scene, cpu, until + 3 * MS)
    scene.counters = _counters(
        marks=workers * count * 4,
        switches_voluntary=workers * count,
        switches_involuntary=0,
        gil_handoffs=len(worked),
        gil_seen_handoffs=len(worked),
        gil_oncore_overlap_ns=0,
        gil_overlap_ns=0,
        elapsed_ns=until - _STARTED,
        jobs_total=workers,
    )
    return Recording(record("sleep", "threads", workers, identity), scene.frames(_complete(), beginning()))


def failed(workers: int = 3, seconds: float = 1, identity: str = "f2g4h6j8k3mn") -> Recording:
    """Threads that take turns until their process dies of a signal: every lane of it ends `crashed` at the same instant."""
    whole = threads_taking_turns(workers, seconds)
    cut = _STARTED + 2 * MS + round(seconds * S) * 3 // 5
    trace = whole.trace
    scene = Scene(lanes=[_cut(lane, cut) for lane in trace.lanes.values()])
    for lane, start, end, state, _, ref in trace.segments.clipped(0, cut).rows():
        scene.spell(lane, start, end, State(state), ref=ref)
    for died in scene.lanes:
        if died.kind in ("thread", "process"):
            scene.spell(died.id, cut, cut + 5 * MS, State.crashed, detail="SIGSEGV")
    scene.counters = _counters(
        marks=90, gil_handoffs=120, gil_seen_handoffs=120, gil_oncore_overlap_ns=0, gil_overlap_ns=0, jobs_total=workers
    )
    error = {"kind": "crash", "message": "the measured process was ended by SIGSEGV (signal 11)", "traceback": None}
    last = {"status": "failed", "error": error}
    return Recording(record("cpu", "threads", workers, identity), scene.frames(last, beginning()))


def large(segments: int = 1_000_000, lanes: int = 16, frames: int = 8, seed: int = 1) -> Recording:
    """A trace for scale: `lanes` measured threads of one process that change between five states at random. Not a legal schedule."""
    random = np.random.default_rng(seed)
    each = segments // lanes
    told = [Lane(1, None, "process", "python", 4242, None, 0, measured=False)]
    told += [Lane(2 + n, 1, "thread", f"worker-{n + 1}", 4242, 4243 + n, 0, measured=True) for n in range(lanes)]
    choices = np.array([State.running, State.native, State.gil_wait, State.runnable, State.io_wait], np.uint8)
    parts = []
    for number in range(lanes):
        end = np.cumsum(random.integers(1 * US, 20 * US, each))
        states = choices[(np.cumsum(random.integers(1, 5, each)) % 5)]
        parts.append(Segments.of(np.full(each, 2 + number), end - np.diff(end, prepend=0), end, states))
    whole = Segments.concat(parts)
    until = int(whole.end.max())
    process = Segments.of([1], [0], [until], [State.running])
    edges = [0, *(until * (n + 1) // frames for n in range(frames))]
    answer = []
    for number, (before, edge) in enumerate(pairwise(edges)):
        last = number == frames - 1
        answer.append(
            Frame(
                t_ns=edge,
                lanes=tuple(told) if number == 0 else (),
                segments=Segments.concat([whole.take((whole.end > before) & (whole.end <= edge)), *([process] if last else [])]),
                counters={"marks": segments, "dropped": 0},
                changes=(beginning() if number == 0 else {}) | ({"status": "complete"} if last else {}),
            )
        )
    return Recording(record("cpu", "threads", lanes, "z9z9z9z9z9z9"), answer)


def _process(scene: Scene, pid: int) -> tuple[int, int, int]:
    """A process with its GIL and its main thread, started; what follows is the caller's to tell."""
    process = scene.lane("process", "python", pid=pid)
    gil = scene.lane("interpreter", "GIL", parent=process, pid=pid)
    main = scene.lane("thread", "MainThread", parent=process, pid=pid, tid=pid)
    scene.spell(process, 0, _STARTED, State.starting)
    scene.spell(main, 0, _STARTED, State.starting)
    return process, gil, main


def _joined(scene: Scene, process: int, main: int, gil: int, first: int, until: int) -> None:
    """The main thread from its start of the workers to its end: a join in between."""
    scene.spell(main, _STARTED, first, State.running)
    scene.spell(main, first, until, State.lock_wait, detail="join")
    scene.spell(main, until, until + 2 * MS, State.running)
    scene.spell(gil, until, until + 2 * MS, State.held, ref=main)
    _over(scene, process, until + 2 * MS)


def _over(scene: Scene, process: int, until: int) -> None:
    scene.spell(process, _STARTED, until, State.running)
    scene.spell(process, until, until + MS, State.exited)


def _worker(scene: Scene, process: int, name: str, pid: int, tid: int, born: int, until: int | None = None) -> int:
    lane = scene.lane("thread", name, parent=process, pid=pid, tid=tid, measured=True)
    scene.spell(lane, born - MS if until is None else born, born if until is None else until, State.starting)
    return lane


def _idle(scene: Scene, cpu: int, until: int) -> None:
    spells = _merged([(row[1], row[2]) for row in scene.rows if row[0] == cpu])
    for start, end in gaps(spells, 0, until):
        scene.spell(cpu, start, end, State.idle)


def _merged(spells: list[tuple[int, int]]) -> list[tuple[int, int]]:
    whole: list[tuple[int, int]] = []
    for start, end in sorted(spells):
        if whole and whole[-1][1] == start:
            whole[-1] = (whole[-1][0], end)
        else:
            whole.append((start, end))
    return whole


def _cut(lane: Lane, at: int) -> Lane:
    return Lane(lane.id, lane.parent, lane.kind, lane.name, lane.pid, lane.tid, min(lane.start_ns, at), None, measured=lane.measured)


def _counters(**known: int) -> dict[str, int]:
    return {"marks": 0, "dropped": 0, "recorder_cpu_ns": 40 * MS, "overhead_ns": 60 * US, **known}


def _complete() -> dict[str, Any]:
    return {"status": "complete", "result": {"checksum": 1234567890}, "usage": {"utime_ns": 2 * S, "stime_ns": 10 * MS}}
