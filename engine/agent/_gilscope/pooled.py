"""Jobs that are submitted to a pool, one at a time: the marks of who submits them and of the workers that take them.

who submits      GIVE token → submit        … waits for the results
a worker         idle → TAKE token, its job → idle → …
"""

from _thread import _local

from . import codes, marks
from .perform import failed, perform_job

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Future

    from .shapes import Jobs, Mark, Outcome

_IDLE, _BUSY = codes.SELECT_BEGIN, codes.SELECT_END


class _Ending:
    """Marks the end of the thread that it belongs to: the pool says no word of it, but what is a thread's own goes with the thread."""

    __slots__ = ("_mark",)

    def __init__(self, mark: "Mark") -> None:
        self._mark = mark

    def __del__(self) -> None:
        self._mark(codes.THREAD_END)


_here = _local()


def given(mark: "Mark") -> int:
    """Marks that a job is handed on, right before it is; answers the token that goes with it."""
    token = marks.token()
    mark(codes.GIVE | (codes.SUBMIT | token << 2) << 8)
    return token


def begin(name: str) -> None:
    """The calling thread is a pool's worker from now on, idle until its first job comes."""
    marks.name_this_thread(name).mark(_IDLE)


def begin_thread() -> None:
    """The same for a thread of a pool whose threads are called `worker_0` and so on: renames it, and marks its end."""
    import threading

    thread = threading.current_thread()
    thread.name = f"worker-{int(thread.name.rpartition('_')[2]) + 1}"
    begin(thread.name)
    _here.ending = _Ending(marks.of_this_thread().mark)


def perform(work: "Jobs", index: int, token: int) -> "Outcome":
    """Carries out one job that was submitted with the token."""
    mark = marks.of_this_thread().mark
    mark(_BUSY)
    mark(codes.TAKE | (codes.SUBMIT | token << 2) << 8)
    outcome = perform_job(work, index, mark)
    mark(_IDLE)
    return outcome


def results(futures: "Iterable[Future[Outcome]]", mark: "Mark") -> "list[Outcome]":
    """Waits for the outcomes of jobs 0, 1, …; what the pool itself raises is that job's failure."""
    mark(codes.OP_BEGIN | codes.RESULTS << 8)
    outcomes = [_result(index, future) for index, future in enumerate(futures)]
    mark(codes.OP_END)
    return outcomes


def _result(index: int, future: "Future[Outcome]") -> "Outcome":
    try:
        return future.result()
    except Exception as error:
        return failed(index, error)
