"""One `threading.Thread` a worker."""

import threading

from .. import codes, marks
from ..perform import perform_jobs

NAME = "threads"
TITLE = "Threads"
DESCRIPTION = "One operating-system thread a worker, all in one process under one GIL (unless the interpreter has none)."
START_METHODS = ()


def run(plan, work):
    outcomes = []

    def worker(number):
        mine = marks.name_this_thread(threading.current_thread().name)
        outcomes.extend(perform_jobs(work, plan.indices(number), mine))
        mine.mark(codes.THREAD_END)

    threads = [threading.Thread(target=worker, args=(number,), name=f"worker-{number + 1}") for number in range(plan.workers)]
    for thread in threads:
        thread.start()
    mark = marks.of_this_thread().mark
    mark(codes.OP_BEGIN, codes.JOIN)
    for thread in threads:
        thread.join()
    mark(codes.OP_END)
    return outcomes
