"""As many processes as there are cores, and the workers shared out over them as threads."""

import os

from ..offspring import Task, outcomes_of
from ..worker import serve_in_threads

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from ..plan import Plan
    from ..shapes import Jobs, Outcome

NAME = "processes_threads"
TITLE = "Processes × threads"
DESCRIPTION = (
    "As many processes as there are cores (at most one a worker), each with a GIL of its own, and the workers shared out over them as "
    "threads: every core runs Python, and while some threads of a process wait for the network another has its GIL."
)
START_METHODS = ("spawn", "fork", "forkserver")
OLDEST = None


def run(plan: "Plan", work: "Jobs") -> "list[Outcome]":
    shares = plan.shares()
    count = min(_cores(), plan.workers)
    tasks = []
    for number in range(count):
        name, mine = f"process-{number + 1}", shares[number::count]
        tasks.append(Task(name, [index for _, indices in mine for index in indices], serve_in_threads, work, name, mine))
    return outcomes_of(tasks, plan.start_method)


def _cores() -> int:
    """That this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
