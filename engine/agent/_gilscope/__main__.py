"""Entry point of the measured interpreter for jobs: joins one workload and one model. Usage: python -m _gilscope PLAN RESULT."""

import json
import os
import sys
from time import perf_counter_ns

from . import codes, marks
from .models import MODELS
from .perform import describe
from .plan import Plan
from .work import Work


def main(plan_path, result_path):
    plan = Plan.read(plan_path)
    sys.setswitchinterval(plan.switch_interval)
    mark = marks.of_this_thread().mark
    try:
        work = Work(plan)
        work.load()
        marks.ready_when_watched()
        mark(codes.MODEL_BEGIN)
        begun = perf_counter_ns()
        outcomes = MODELS[plan.model].run(plan, work)
        elapsed = perf_counter_ns() - begun
        mark(codes.MODEL_END)
        said = {**_summary(work, outcomes), "elapsed_ns": elapsed}
    except Exception as error:
        said = {"result": {}, "error": describe(error)}
    _write(result_path, {**said, "switch_interval": sys.getswitchinterval(), "gil_enabled": getattr(sys, "_is_gil_enabled", lambda: True)()})
    return 1 if said["error"] else 0


def _summary(work, outcomes):
    failed = [(index, error) for index, ok, error in outcomes if not ok]
    values = [value for _, ok, value in sorted(outcomes, key=lambda outcome: outcome[0]) if ok]
    error = None
    if failed:
        index, error = failed[0]
        error = {**error, "job": index, "failed": len(failed)}
    return {"result": work.result(values), "error": error}


def _write(path, value):
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(value, file)
    os.replace(path + ".new", path)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
