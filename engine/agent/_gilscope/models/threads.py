"""One `threading.Thread` a worker."""

import threading

from .. import codes, marks
from ..perform import perform_jobs

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from ..plan import Plan
    from ..shapes import Jobs, Outcome

NAME = "threads"
TITLE = "Threads"
DESCRIPTION = "One operating-system thread a worker, all in one process under one GIL (unless the interpreter has none)."
START_METHODS = ()


def run(plan: "Plan", work: "Jobs") -> "list[Outcome]":
    outcomes: list[Outcome] = []

    def worker(number: int) -> None:
        mine = marks.name_this_thread(threading.current_thread().name)
        outcomes.extend(perform_jobs(work, plan.indices(number), mine))
        mine.mark(codes.THREAD_END)

    threads = [threading.Thread(target=worker, args=(number,), name=f"worker-{number + 1}") for number in range(plan.workers)]
    for thread in threads:
        thread.start()
    mark = marks.of_this_thread().mark
    mark(codes.OP_BEGIN | codes.JOIN << 8)
    for thread in threads:
        thread.join()
    mark(codes.OP_END)
    return outcomes
