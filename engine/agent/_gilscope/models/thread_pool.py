"""One `ThreadPoolExecutor`, to which every job is submitted."""

from concurrent.futures.thread import ThreadPoolExecutor

from .. import codes, marks
from ..pooled import begin_thread, given, perform, results

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from ..plan import Plan
    from ..shapes import Jobs, Outcome

NAME = "thread_pool"
TITLE = "Thread pool"
DESCRIPTION = (
    "A concurrent.futures.ThreadPoolExecutor: every job is submitted at once and waits in a queue until one of the pool's threads is idle "
    "and takes it, so whoever is done first does more. One process, one GIL, like threads."
)
START_METHODS = ()
OLDEST = None


def run(plan: "Plan", work: "Jobs") -> "list[Outcome]":
    mark = marks.of_this_thread().mark
    with ThreadPoolExecutor(plan.workers, "worker", begin_thread) as pool:
        outcomes = results([pool.submit(perform, work, index, given(mark)) for index in range(plan.jobs)], mark)
        mark(codes.OP_BEGIN | codes.JOIN << 8)
    mark(codes.OP_END)
    return outcomes
