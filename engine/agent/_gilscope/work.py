"""Work: the jobs of one plan, to be called by index. What models know of workloads, and it can be pickled."""

import sys

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from typing import Any

    from .plan import Plan
    from .shapes import Job, Workload


class Work:
    """Calling it with a job's index answers that job's generator of operations. To be loaded before."""

    def __init__(self, plan: "Plan") -> None:
        self._plan = plan

    def load(self) -> None:
        """Readies this interpreter for the jobs: sets its switch interval, and imports the workload, so that no job pays for it.

        Raises what the user's file raises.
        """
        sys.setswitchinterval(self._plan.switch_interval)
        if self._plan.server is not None:
            import socket  # noqa: F401 - the first job that fetches would import it
        self._jobs = self._loaded()

    def _loaded(self) -> "Workload":
        name = self._plan.workload
        if ":" in name:
            from .workloads import function  # What it needs to look at a function is dear; the others do not.

            return function.loaded(name)
        from .workloads import loaded

        return loaded(name)

    def __call__(self, index: int) -> "Job":
        return self._jobs.job(index, self._plan.params, self._plan.server)

    def result(self, values: "list[Any]") -> "dict[str, Any]":
        """What the workload found, from the values of its finished jobs in their order."""
        return self._jobs.result(values)

    def __reduce__(self) -> "tuple[type[Work], tuple[Plan]]":
        return Work, (self._plan,)
