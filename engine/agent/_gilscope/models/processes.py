"""One `multiprocessing.Process` a worker; results come back through a pipe each."""

import multiprocessing
import signal
from multiprocessing.connection import wait

from .. import codes, marks
from ..perform import perform_jobs

NAME = "processes"
TITLE = "Processes"
DESCRIPTION = "One process a worker, each with an interpreter and a GIL of its own; results travel back through pipes."
START_METHODS = ("spawn", "fork", "forkserver")


def run(plan, work):
    context = multiprocessing.get_context(plan.start_method or "spawn")
    workers = {}
    for number in range(plan.workers):
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_worker, args=(plan, work, number, sender), name=f"worker-{number + 1}")
        process.start()
        sender.close()
        workers[receiver] = (number, process)
    mark = marks.of_this_thread().mark
    outcomes = []
    while workers:
        mark(codes.OP_BEGIN, codes.RESULTS)
        ready = wait(list(workers))
        mark(codes.OP_END)
        for receiver in ready:
            outcomes.extend(_received(plan, receiver, *workers.pop(receiver)))
    return outcomes


def _worker(plan, work, number, sender):
    mine = marks.name_this_thread(f"worker-{number + 1}")
    marks.ready()
    sender.send(perform_jobs(work, plan.indices(number), mine))
    sender.close()


def _received(plan, receiver, number, process):
    with receiver:
        try:
            outcomes = receiver.recv()
        except EOFError:
            outcomes = None
    process.join()
    if outcomes is not None:
        return outcomes
    how = f"exit code {process.exitcode}"
    if process.exitcode is not None and process.exitcode < 0:
        how = signal.Signals(-process.exitcode).name
    error = {"type": "ProcessDied", "message": f"{process.name} (pid {process.pid}) died by {how} before its result", "traceback": None}
    return [(index, False, error) for index in plan.indices(number)]
