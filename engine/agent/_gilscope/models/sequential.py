"""One job after another, in the main thread: the baseline."""

from .. import marks
from ..perform import perform_jobs

NAME = "sequential"
TITLE = "Sequential"
DESCRIPTION = "One job after another in one thread: the baseline that speedups are measured against."
START_METHODS = ()


def run(plan, work):
    return perform_jobs(work, range(plan.jobs), marks.of_this_thread())
