"""One `ProcessPoolExecutor`, to which every job is submitted."""

import multiprocessing
import signal
import threading
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool, ProcessPoolExecutor

from .. import codes, marks
from ..instruments.threads import of_threading
from ..losses import ending, lost
from ..pooled import given, results
from ..worker import enter_pool, perform_submitted

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess
    from typing import Any

    from ..plan import Plan
    from ..shapes import Jobs, Mark, Outcome

NAME = "process_pool"
TITLE = "Process pool"
DESCRIPTION = (
    "A concurrent.futures.ProcessPoolExecutor: every job is submitted at once and waits in a queue until one of the pool's processes is "
    "idle and takes it. Each process has a GIL of its own. If one dies, the pool gives up all jobs that are not done."
)
START_METHODS = ("spawn", "fork", "forkserver")
OLDEST = None


def run(plan: "Plan", work: "Jobs") -> "list[Outcome]":
    # The pool has two threads of its own here, which feed it and watch over it: they, too, are to say who they are.
    of_threading(threading)
    context: Any = multiprocessing.get_context(plan.start_method or "spawn")
    mark = marks.of_this_thread().mark
    processes: dict[int, BaseProcess] = {}
    with ProcessPoolExecutor(plan.workers, context, enter_pool, (work,)) as pool:
        futures = []
        for index in range(plan.jobs):
            futures.append(_submitted(pool, index, mark))
            # The pool forgets them when it breaks, and then they are asked how they ended.
            processes.update(getattr(pool, "_processes", None) or {})
        outcomes = results(futures, mark)
        mark(codes.OP_BEGIN | codes.JOIN << 8)
    mark(codes.OP_END)
    broken = [index for index, future in enumerate(futures) if isinstance(future.exception(), BrokenProcessPool)]
    whole = [outcome for outcome in outcomes if outcome[0] not in broken]
    return [*whole, *lost(broken, "BrokenProcessPool", _why(list(processes.values())))] if broken else outcomes


def _submitted(pool: ProcessPoolExecutor, index: int, mark: "Mark") -> "Future[Outcome]":
    try:
        return pool.submit(perform_submitted, index, given(mark))
    except BrokenProcessPool as error:
        refused: Future[Outcome] = Future()
        refused.set_exception(error)
        return refused


def _why(processes: "list[BaseProcess]") -> str:
    """Which of them broke the pool. It ends the others itself, by SIGTERM."""
    dead = [(f"worker-{process.name.rpartition('-')[2]}", process) for process in processes if process.exitcode]
    first = [one for one in dead if one[1].exitcode != -signal.SIGTERM] or dead
    named = " and ".join(ending(name, process) for name, process in first) or "one of its processes died"
    return f"{named}, and the pool gave up every job that was not done"
