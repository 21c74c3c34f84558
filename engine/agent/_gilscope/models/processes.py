"""One `multiprocessing.Process` a worker; results come back through a pipe each."""

from ..offspring import Task, outcomes_of
from ..worker import serve

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from ..plan import Plan
    from ..shapes import Jobs, Outcome

NAME = "processes"
TITLE = "Processes"
DESCRIPTION = (
    "One multiprocessing.Process a worker, each with an interpreter and a GIL of its own, so all of them run Python at once. Starting "
    "them costs time, and what they find travels back through pipes, pickled."
)
START_METHODS = ("spawn", "fork", "forkserver")
OLDEST = None


def run(plan: "Plan", work: "Jobs") -> "list[Outcome]":
    tasks = [Task(name, indices, serve, work, name, indices) for name, indices in plan.shares()]
    return outcomes_of(tasks, plan.start_method)
