"""One `threading.Thread` a worker."""

from ..perform import perform_jobs
from ..threaded import in_threads

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from ..plan import Plan
    from ..shapes import Jobs, Outcome

NAME = "threads"
TITLE = "Threads"
DESCRIPTION = (
    "One threading.Thread a worker, all in one process. Only the thread that holds the GIL runs Python; the others take turns with it, "
    "wait for the network or work in C meanwhile. On a free-threaded interpreter all of them run Python at once."
)
START_METHODS = ()
OLDEST = None


def run(plan: "Plan", work: "Jobs") -> "list[Outcome]":
    return in_threads(plan.shares(), lambda indices, mine: perform_jobs(work, indices, mine))
