"""Entry point of the measured interpreter for jobs: joins one workload and one model. Usage: python -m _gilscope PLAN RESULT."""

import json
import os
import sys
from time import perf_counter_ns

from . import codes, marks
from .models import loaded
from .perform import describe
from .plan import Plan
from .work import Work

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from typing import Any

    from .shapes import Outcome


def main(plan_path: str, result_path: str) -> int:
    """Carries out the plan; answers the exit code, 1 when a job failed. The result is there whole, or not at all."""
    plan = Plan.read(plan_path)
    mark = marks.of_this_thread().mark
    try:
        work = Work(plan)
        work.load()
        model = loaded(plan.model)
        if not getattr(model, "READY_BY_WORKERS", False):
            marks.ready_when_watched()
        mark(codes.MODEL_BEGIN)
        begun = perf_counter_ns()
        outcomes = model.run(plan, work)
        elapsed = perf_counter_ns() - begun
        mark(codes.MODEL_END)
        said = {**_summary(plan, work, outcomes), "elapsed_ns": elapsed}
    except Exception as error:
        said = {"result": {}, "error": describe(error)}
    _write(
        result_path, {**said, "switch_interval": sys.getswitchinterval(), "gil_enabled": getattr(sys, "_is_gil_enabled", lambda: True)()}
    )
    return 1 if said["error"] else 0


def _summary(plan: Plan, work: Work, outcomes: "list[Outcome]") -> "dict[str, Any]":
    failed = [(index, error) for index, ok, error in outcomes if not ok]
    values = [value for _, ok, value in sorted(outcomes, key=lambda outcome: outcome[0]) if ok]
    missing = sorted(set(range(plan.jobs)) - {index for index, _, _ in outcomes})
    error = None
    if failed:
        index, error = failed[0]
        error = {**error, "job": index, "failed": len(failed) + len(missing)}
    elif missing:
        error = {"type": "JobLost", "message": "its worker ended before it", "traceback": None, "job": missing[0], "failed": len(missing)}
    return {"result": work.result(values), "error": error}


def _write(path: str, value: "dict[str, Any]") -> None:
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(value, file)
    os.replace(path + ".new", path)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
