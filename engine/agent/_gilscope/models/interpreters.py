"""One subinterpreter a worker, with a GIL of its own, called from a thread of its own."""

import pickle
import sys

from .. import marks, worker
from ..threaded import in_threads

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from collections.abc import Callable
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

READY_BY_WORKERS = True
"""Making an interpreter imports so much that a watch on its GIL would cost it more than all of its jobs. Who is ready last waits for the
watch, a few milliseconds, so that at least from then on all is seen."""

_CALL = "from _gilscope.worker import call_pickled\ncall_pickled(name, arguments, queue)"


def run(plan: "Plan", work: "Jobs") -> "list[Outcome]":
    shares = plan.shares()
    unprepared = list(shares)

    def perform(indices: range, _: object) -> "list[Outcome]":
        interpreter = _Called() if sys.version_info >= (3, 14) else _Executed()
        try:
            error = interpreter.call(worker.prepare, work)
            unprepared.pop()
            if not unprepared:
                marks.ready_when_watched()
            return [(index, False, error) for index in indices] if error else interpreter.call(worker.perform_apart, indices)
        finally:
            interpreter.close()

    return in_threads(shares, perform)


class _Called:
    """Through the public module, from 3.14 on."""

    def __init__(self) -> None:
        self._interpreter = _interpreters.create()

    def call(self, function: "Callable[..., Any]", *arguments: object) -> "Any":
        return self._interpreter.call(function, *arguments)

    def close(self) -> None:
        self._interpreter.close()


class _Executed:
    """Through what is under it, on 3.13, which hands over no more than bytes and numbers."""

    def __init__(self) -> None:
        self._queue = _queues.create(0, 0, 1)
        self._interpreter = _interpreters.create("isolated")

    def call(self, function: "Callable[..., Any]", *arguments: object) -> "Any":
        told = {"name": function.__name__, "arguments": pickle.dumps(arguments), "queue": self._queue}
        failure = _interpreters.exec(self._interpreter, _CALL, told)
        if failure is not None:
            raise RuntimeError(f"in its interpreter: {failure.formatted}")
        return pickle.loads(_queues.get(self._queue)[0])

    def close(self) -> None:
        _interpreters.destroy(self._interpreter)
        _queues.destroy(self._queue)


_interpreters: "Any" = None
_queues: "Any" = None
# Imported with the model, lest the first worker pay for it.
if sys.version_info >= (3, 14):
    _interpreters = __import__("concurrent.interpreters", fromlist=["create"])
elif sys.version_info >= OLDEST:
    _interpreters, _queues = __import__("_interpreters"), __import__("_interpqueues")
