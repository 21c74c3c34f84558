"""One subinterpreter a worker, with a GIL of its own, called from a thread of its own."""

import pickle
import sys

from .. import worker
from ..threaded import in_threads

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from typing import Any

    from ..plan import Plan
    from ..shapes import Jobs, Outcome

NAME = "interpreters"
TITLE = "Subinterpreters"
DESCRIPTION = (
    "One subinterpreter a worker, each with modules and a GIL of its own, all in one process, each called from a thread: they run Python "
    "at once like processes, without starting any. Work and results cross as copies, pickled; not every extension module can be imported."
)
START_METHODS = ()
OLDEST = (3, 13)

_CALL = "from _gilscope.worker import perform_pickled\nperform_pickled(pickled, queue)"


def run(plan: "Plan", work: "Jobs") -> "list[Outcome]":
    perform = _called if sys.version_info >= (3, 14) else _executed
    return in_threads(plan.shares(), lambda indices, _: perform(work, indices))


def _called(work: "Jobs", indices: range) -> "list[Outcome]":
    """Through the public module, from 3.14 on."""
    interpreters: Any = __import__("concurrent.interpreters", fromlist=["create"])
    interpreter = interpreters.create()
    try:
        outcomes: list[Outcome] = interpreter.call(worker.perform_apart, work, indices)
    finally:
        interpreter.close()
    return outcomes


def _executed(work: "Jobs", indices: range) -> "list[Outcome]":
    """Through what is under it, on 3.13, which hands over no more than bytes and numbers."""
    interpreters: Any = __import__("_interpreters")
    queues: Any = __import__("_interpqueues")
    queue = queues.create(0, 0, 1)
    interpreter = interpreters.create("isolated")
    try:
        failure = interpreters.exec(interpreter, _CALL, {"pickled": pickle.dumps((work, indices)), "queue": queue})
        if failure is not None:
            raise RuntimeError(f"in its interpreter: {failure.formatted}")
        outcomes: list[Outcome] = pickle.loads(queues.get(queue)[0])
    finally:
        interpreters.destroy(interpreter)
        queues.destroy(queue)
    return outcomes
