"""Work: the jobs of one plan, to be called by index. What models know of workloads, and it can be pickled."""

from .workloads import WORKLOADS, function


class Work:
    """Calling it with a job's index answers that job's generator of operations."""

    def __init__(self, plan):
        self._plan = plan
        self._jobs = None

    def load(self):
        """Imports the workload here and now, so that no job pays for it. Raises what the user's file raises."""
        plan = self._plan
        if ":" in plan.workload:
            self._jobs = function.loaded(plan.workload)
        else:
            self._jobs = WORKLOADS[plan.workload]

    def __call__(self, index):
        if self._jobs is None:
            self.load()
        return self._jobs.job(index, self._plan.params, self._plan.server)

    def result(self, values):
        """What the workload found, from the values of its finished jobs in their order."""
        return self._jobs.result(values)

    def __reduce__(self):
        return Work, (self._plan,)
