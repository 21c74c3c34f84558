"""One `multiprocessing.Process` a worker; results come back through a pipe each."""

import multiprocessing
import signal
from multiprocessing.connection import wait

from .. import codes, marks
from ..worker import serve

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess
    from typing import Any

    from ..plan import Plan
    from ..shapes import Jobs, Outcome

NAME = "processes"
TITLE = "Processes"
DESCRIPTION = "One process a worker, each with an interpreter and a GIL of its own; results travel back through pipes."
START_METHODS = ("spawn", "fork", "forkserver")


def run(plan: "Plan", work: "Jobs") -> "list[Outcome]":
    context: Any = multiprocessing.get_context(plan.start_method or "spawn")
    workers: dict[Any, tuple[BaseProcess, range]] = {}
    for number in range(plan.workers):
        receiver, sender = context.Pipe(duplex=False)
        name = f"worker-{number + 1}"
        process = context.Process(target=serve, args=(work, name, plan.indices(number), sender), name=name)
        process.start()
        sender.close()
        workers[receiver] = (process, plan.indices(number))
    mark = marks.of_this_thread().mark
    outcomes: list[Outcome] = []
    while workers:
        mark(codes.OP_BEGIN | codes.RESULTS << 8)
        ready: list[Any] = wait(list(workers))
        mark(codes.OP_END)
        for receiver in ready:
            outcomes.extend(_received(receiver, *workers.pop(receiver)))
    return outcomes


def _received(receiver: "Connection[Any, Any]", process: "BaseProcess", indices: range) -> "list[Outcome]":
    with receiver:
        try:
            outcomes: list[Outcome] = receiver.recv()
        except (EOFError, OSError):  # It died before, or in the middle.
            process.join()
            return _lost(process, indices)
    process.join()
    return outcomes


def _lost(process: "BaseProcess", indices: range) -> "list[Outcome]":
    message = f"{process.name} (pid {process.pid}) {_how(process.exitcode)} before its result"
    return [(index, False, {"type": "ProcessDied", "message": message, "traceback": None}) for index in indices]


def _how(exitcode: "int | None") -> str:
    if exitcode is None or exitcode >= 0:
        return f"ended with exit code {exitcode}"
    try:
        return f"was killed by {signal.Signals(-exitcode).name}"
    except ValueError:  # A real-time signal has no name.
        return f"was killed by signal {-exitcode}"
