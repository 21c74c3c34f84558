"""Synthetic traces of what is no workload under a model: a recorded program; work handed to a pool; an interpreter a worker."""

from __future__ import annotations

from dataclasses import replace

from engine.trace import State
from tests.support.scene import MS, US, Recording, Scene, gaps
from tests.support.synthetic import beginning, record

COMMAND = ("scripts/crawl.py", "--depth", "2", "https://example.org/a b")


def program(identity: str = "b3g5h7j9k2mn", exit_code: int = 0) -> Recording:
    """A script that starts a thread, awaits two tasks on a loop of its own, computes in both threads and joins; no jobs anywhere.

    process  python   ss|rrrrrrrrrrrrrrrrrrrr|e
      GIL             mm|m.m.mtmtmt..........|
      MainThread      ss|rwrwrgrgrg l l l lrr|   a task `fetch-1`, a task `fetch-2`, then arithmetic, then a join
      parser            |     gr gr grwwwwww |   arithmetic, then a sleep
    """
    scene = Scene()
    process = scene.lane("process", "python", pid=7001)
    gil = scene.lane("interpreter", "GIL", parent=process, pid=7001)
    main = scene.lane("thread", "MainThread", parent=process, pid=7001, tid=7001, measured=True)
    parser = scene.lane("thread", "parser", parent=process, pid=7001, tid=7002, measured=True)
    tasks = [scene.lane("task", f"fetch-{n}", parent=main, pid=7001) for n in (1, 2)]
    cores = [scene.lane("cpu", f"cpu {n}") for n in range(2)]
    scene.spell(process, 0, 20 * MS, State.starting)
    scene.spell(main, 0, 20 * MS, State.starting)
    at = 20 * MS
    on_loop = [(at, at + 5 * MS, tasks[0]), (at + 5 * MS, at + 8 * MS, tasks[1]), (at + 40 * MS, at + 44 * MS, tasks[0])]
    scene.spell(tasks[1], at, at + 5 * MS, State.ready, ref=tasks[0])
    for start, end, task in on_loop:
        scene.spell(task, start, end, State.running)
        scene.spell(main, start, end, State.running)
        scene.spell(gil, start, end, State.held, ref=main)
        scene.spell(cores[0], start, end, State.busy, ref=main)
    scene.spell(tasks[0], at + 5 * MS, at + 39 * MS, State.suspended, detail="sleep")
    scene.spell(tasks[0], at + 39 * MS, at + 40 * MS, State.ready, ref=tasks[1])
    scene.spell(tasks[1], at + 8 * MS, at + 40 * MS, State.suspended, detail="Future")
    scene.spell(main, at + 8 * MS, at + 40 * MS, State.idle, detail="select")
    scene.spell(gil, at + 8 * MS, at + 40 * MS, State.free)
    scene.edge("message", (tasks[0], at + 4 * MS), (tasks[1], at + 5 * MS))
    turn = at + 44 * MS
    scene.edge("spawn", (main, turn - MS), (parser, turn))
    threads = [main, parser]
    waiting_since = {main: turn, parser: turn}
    for number in range(20):
        holder, other = threads[number % 2], threads[1 - number % 2]
        end = turn + 5 * MS
        scene.spell(holder, waiting_since[holder], turn, State.gil_wait, ref=other)
        scene.spell(holder, turn, turn + 10 * US, State.runnable, ref=other)
        scene.spell(holder, turn + 10 * US, end, State.running)
        scene.spell(gil, turn, end, State.held, ref=holder)
        scene.spell(cores[number % 2], turn, end, State.busy, ref=holder)
        waiting_since[holder], turn = end, end
    scene.spell(main, waiting_since[main], turn, State.gil_wait, ref=parser)
    scene.spell(parser, turn, turn + 60 * MS, State.io_wait, detail="sleep")
    scene.spell(main, turn, turn + MS, State.running)
    scene.spell(main, turn + MS, turn + 61 * MS, State.lock_wait, detail="join", ref=parser)
    scene.edge("release", (parser, turn + 60 * MS), (main, turn + 61 * MS))
    scene.spell(main, turn + 61 * MS, turn + 63 * MS, State.running)
    scene.spell(gil, turn, turn + MS, State.held, ref=main)
    scene.spell(gil, turn + MS, turn + 61 * MS, State.free)
    scene.spell(gil, turn + 61 * MS, turn + 63 * MS, State.held, ref=main)
    scene.spell(process, 20 * MS, turn + 63 * MS, State.running)
    scene.spell(process, turn + 63 * MS, turn + 64 * MS, State.exited)
    _idle(scene, cores, turn + 64 * MS)
    scene.counters = _counters(gil_handoffs=40, gil_seen_handoffs=22)
    last = {"status": "complete", "result": {"exit_code": exit_code}}
    head = record("crawl.py", "program", 1, identity, jobs=0, program=COMMAND, time_limit_s=None)
    return Recording(head, scene.frames(last, beginning()))


def pool(identity: str = "q2w4e6r8t3yz") -> Recording:
    """Six jobs handed to a pool of two threads that sleep: each job waits in the queue until a worker has done the one before."""
    scene = Scene()
    process, gil, main = _python(scene)
    workers = [
        scene.lane("thread", f"ThreadPoolExecutor-0_{n}", parent=process, pid=7001, tid=7010 + n, measured=True, start_ns=20 * MS)
        for n in range(2)
    ]
    free = [21 * MS + n * 100 * US for n in range(2)]
    for worker in workers:
        scene.edge("spawn", (main, 19 * MS), (worker, 20 * MS))
        scene.spell(worker, 20 * MS, free[worker == workers[1]], State.starting)
    for job in range(6):
        number = job % 2
        begin, submitted = free[number], 20 * MS + job * 20 * US
        scene.edge("submit", (main, submitted), (workers[number], begin))
        scene.spell(workers[number], begin, begin + 50 * US, State.running)
        scene.spell(workers[number], begin + 50 * US, begin + 30 * MS, State.io_wait, detail="sleep")
        scene.job(workers[number], job, begin, begin + 30 * MS)
        free[number] = begin + 30 * MS + 200 * US
        scene.spell(workers[number], begin + 30 * MS, free[number], State.idle, detail="queue")
    until = max(free)
    _end(scene, process, gil, main, until)
    scene.counters = _counters(jobs_total=6, elapsed_ns=until - 20 * MS)
    return Recording(record("sleep", "thread_pool", 2, identity, jobs=6), scene.frames({"status": "complete"}, beginning()))


def interpreters(identity: str = "n2t4r6p8r3ts") -> Recording:
    """Two workers in interpreters of their own: a GIL each in one process, both on cores at once; the main one's GIL is free meanwhile.

    In the second half, a thread of the first worker's interpreter takes turns with it.
    """
    scene = Scene()
    process, gil, main = _python(scene)
    own = [scene.lane("interpreter", f"GIL of interpreter {n}", parent=process, pid=7001, start_ns=20 * MS) for n in (1, 2)]
    note = "exact until 120 ms, then sampled: more than 1,000 hand-offs a second"
    scene.lanes[own[1] - 1] = replace(scene.lanes[own[1] - 1], exactness="sampled", note=note)
    workers = [scene.lane("thread", f"worker-{n}", parent=process, pid=7001, tid=7010 + n, measured=True) for n in (1, 2)]
    helper = scene.lane("thread", "helper", parent=process, pid=7001, tid=7020)
    cores = [scene.lane("cpu", f"cpu {n}") for n in range(2)]
    first, middle, until = 21 * MS, 121 * MS, 221 * MS
    for number, worker in enumerate(workers):
        scene.edge("spawn", (main, 19 * MS), (worker, 20 * MS))
        scene.spell(worker, 20 * MS, first, State.starting)
        scene.spell(gil, 20 * MS, 20 * MS + 100 * US, State.held, ref=worker) if number == 0 else None
        scene.spell(own[number], 20 * MS, first, State.free)
        scene.job(worker, number, first, until)
    scene.spell(workers[1], first, until, State.running)
    scene.spell(own[1], first, until, State.held, ref=workers[1])
    scene.spell(cores[1], first, until, State.busy, ref=workers[1])
    scene.spell(workers[0], first, middle, State.running)
    scene.spell(own[0], first, middle, State.held, ref=workers[0])
    for turn in range(10):
        start = middle + turn * 10 * MS
        for at, runs, waits in ((start, helper, workers[0]), (start + 5 * MS, workers[0], helper)):
            scene.spell(runs, at, at + 5 * MS, State.running)
            scene.spell(waits, at, at + 5 * MS, State.gil_wait, ref=runs)
            scene.spell(own[0], at, at + 5 * MS, State.held, ref=runs)
    scene.spell(cores[0], first, until, State.busy, ref=workers[0])
    _end(scene, process, gil, main, until)
    scene.counters = _counters(jobs_total=2, elapsed_ns=until - 20 * MS, gil_handoffs=24, gil_seen_handoffs=22)
    return Recording(record("cpu", "interpreters", 2, identity), scene.frames({"status": "complete"}, beginning()))


def _python(scene: Scene) -> tuple[int, int, int]:
    process = scene.lane("process", "python", pid=7001)
    gil = scene.lane("interpreter", "GIL", parent=process, pid=7001)
    main = scene.lane("thread", "MainThread", parent=process, pid=7001, tid=7001)
    scene.spell(process, 0, 20 * MS, State.starting)
    scene.spell(main, 0, 20 * MS, State.starting)
    scene.spell(gil, 0, 20 * MS, State.held, ref=main)
    return process, gil, main


def _end(scene: Scene, process: int, gil: int, main: int, until: int) -> None:
    scene.spell(main, 20 * MS, until, State.lock_wait, detail="join")
    scene.spell(main, until, until + MS, State.running)
    scene.spell(gil, max(row[2] for row in scene.rows if row[0] == gil), until, State.free)
    scene.spell(gil, until, until + MS, State.held, ref=main)
    scene.spell(process, 20 * MS, until + MS, State.running)
    scene.spell(process, until + MS, until + 2 * MS, State.exited)


def _idle(scene: Scene, cores: list[int], until: int) -> None:
    for core in cores:
        busy = sorted((row[1], row[2]) for row in scene.rows if row[0] == core)
        for start, end in gaps(busy, 0, until):
            scene.spell(core, start, end, State.idle)


def _counters(**known: int) -> dict[str, int]:
    return {"marks": 300, "dropped": 0, "recorder_cpu_ns": 9 * MS, "overhead_ns": 400 * US, **known}


def relay(messages: int, identity: str = "r2l4y6m8s3ge") -> Recording:
    """Two threads that pass a message to and fro every 100 µs."""
    scene = Scene()
    process = scene.lane("process", "python", pid=7001)
    threads = [scene.lane("thread", name, parent=process, pid=7001, tid=7001 + n, measured=True) for n, name in enumerate(("ping", "pong"))]
    until = messages * 100 * US
    scene.spell(process, 0, until, State.running)
    for thread in threads:
        scene.spell(thread, 0, until, State.io_wait, detail="recv")
        scene.job(thread, thread, 0, until)
    for turn in range(messages):
        at = turn * 100 * US
        scene.edge("message", (threads[turn % 2], at), (threads[1 - turn % 2], at + 20 * US))
    scene.counters = _counters(jobs_total=2)
    return Recording(record("mixed", "threads", 2, identity), scene.frames({"status": "complete"}, beginning()))


def oddities(identity: str = "d3d5t7s9q2wk") -> Recording:
    """One thread that blocks with the GIL, is stopped by a signal, then for the interpreter's sake, and last lacks a core.

    Another works in native code, a third waits for a lock that the first one has.
    """
    scene = Scene()
    process = scene.lane("process", "python", pid=7001)
    worker = scene.lane("thread", "worker", parent=process, pid=7001, tid=7001, measured=True)
    other = scene.lane("thread", "other", parent=process, pid=7001, tid=7002, measured=True)
    third = scene.lane("thread", "third", parent=process, pid=7001, tid=7003, measured=True)
    scene.spell(third, 0, 100 * MS, State.lock_wait, detail="lock 1", ref=worker)
    core = scene.lane("cpu", "core 1")
    scene.spell(process, 0, 100 * MS, State.running)
    scene.spell(other, 0, 100 * MS, State.native)
    scene.spell(core, 0, 100 * MS, State.busy, ref=other)
    scene.spell(worker, 0, 25 * MS, State.io_wait, detail="blocked_holding_gil: call sleep")
    scene.spell(worker, 25 * MS, 50 * MS, State.io_wait, detail="stopped")
    scene.spell(worker, 50 * MS, 75 * MS, State.lock_wait, detail="stop_the_world")
    scene.spell(worker, 75 * MS, 100 * MS, State.runnable, ref=other)
    for lane in (worker, other, third):
        scene.job(lane, lane, 0, 100 * MS)
    scene.counters = _counters(jobs_total=3)
    return Recording(record("mixed", "threads", 3, identity), scene.frames({"status": "complete"}, beginning()))
