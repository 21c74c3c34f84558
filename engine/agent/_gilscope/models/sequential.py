"""One job after another, in the main thread: the baseline."""

from .. import marks
from ..perform import perform_jobs

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from ..plan import Plan
    from ..shapes import Jobs, Outcome

NAME = "sequential"
TITLE = "Sequential"
DESCRIPTION = "One job after another in one thread, sharing nothing with anybody: the baseline that speedups are measured against."
START_METHODS = ()
OLDEST = None


def run(plan: "Plan", work: "Jobs") -> "list[Outcome]":
    return perform_jobs(work, range(plan.jobs), marks.of_this_thread())
