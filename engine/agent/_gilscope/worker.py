"""What a process or an interpreter does that carries out jobs for another one.

Beside `models`, because a child that is to start quickly must not import every model.
"""

from . import marks, pooled
from .perform import describe, failed, perform_jobs

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from multiprocessing.connection import Connection
    from typing import Any

    from .shapes import Jobs, Outcome

_submitted: "Jobs"
_hindered: "dict[str, Any] | None" = None
"""Why this process cannot do what is submitted to it."""


def serve(work: "Jobs", name: str, indices: range, sender: "Connection[list[Outcome], None]") -> None:
    """Carries out its jobs and sends their outcomes, all at once."""
    mine = marks.name_this_thread(name)
    sender.send(_unless_hindered(work, indices, lambda: perform_jobs(work, indices, mine)))
    sender.close()


def serve_in_threads(work: "Jobs", name: str, shares: "list[tuple[str, range]]", sender: "Connection[list[Outcome], None]") -> None:
    """The same, with a thread for each share."""
    from .threaded import in_threads  # Only these processes need it.

    marks.name_this_thread(name)
    indices = [index for _, share in shares for index in share]
    sender.send(_unless_hindered(work, indices, lambda: in_threads(shares, lambda share, mine: perform_jobs(work, share, mine))))
    sender.close()


def _unless_hindered(work: "Jobs", indices: "Iterable[int]", perform: "Callable[[], list[Outcome]]") -> "list[Outcome]":
    """What `perform` answers; where the work cannot even be loaded, every job's failure says why."""
    error = prepare(work)
    marks.ready()
    return perform() if error is None else [(index, False, error) for index in indices]


def enter_pool(work: "Jobs") -> None:
    """Makes this process, which a pool has started, one that can take jobs. Processes are numbered as they were started.

    Raises nothing: a pool would say of it only that it lost a process.
    """
    global _hindered
    from multiprocessing import current_process

    _hindered = prepare(work)
    pooled.begin(f"worker-{current_process().name.rpartition('-')[2]}")
    marks.ready()


def perform_submitted(index: int, token: int) -> "Outcome":
    """Carries out one job for the pool that this process belongs to."""
    return pooled.perform(_submitted, index, token) if _hindered is None else (index, False, _hindered)


def prepare(work: "Jobs") -> "dict[str, Any] | None":
    """Makes this interpreter one that can take jobs; answers what went wrong. Raises nothing: no exception could leave it whole."""
    global _submitted
    try:
        work.load()
        _submitted = work
    except BaseException as error:
        return describe(error)
    return None


def perform_apart(indices: range) -> "list[Outcome]":
    """Carries out the jobs of one worker in an interpreter that is prepared. Raises nothing."""
    try:
        return perform_jobs(_submitted, indices, marks.of_this_thread())
    except BaseException as error:
        return [failed(index, error) for index in indices]


def call_pickled(name: str, arguments: bytes, queue: int) -> None:
    """Calls one of these where an interpreter can only be told to run text: arguments come pickled, the answer leaves through a queue."""
    import pickle

    queues: Any = __import__("_interpqueues")
    queues.put(queue, pickle.dumps(globals()[name](*pickle.loads(arguments))), 0, 1)
