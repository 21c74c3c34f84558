"""`gilscope run`: a run here, without a server, through the same queue, lock and store that the server uses."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from typing import Any

from app.cli.errors import UsageError
from app.cli.following import followed, following
from app.cli.interpreter import chosen
from app.cli.place import data_directory, page_url
from app.cli.report import report
from app.cli.terminal import Terminal
from app.store import Reader, Row
from app.trace_object import trace_object
from engine.catalog import (
    Parameter,
    Problem,
    completed_params,
    default_start_method,
    model_problems,
    models,
    params_problems,
    problems,
    workloads,
)
from engine.functions import FunctionError, located, names_a_function
from engine.trace import RunSpec

_OPTIONS = {"start_method": "--start-method", "switch_interval": "--switch-interval", "interpreter": "--python"}
_YES, _NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def run(options: argparse.Namespace, terminal: Terminal) -> int:
    """0 if every run completed, 1 if one failed (its trace is kept), 130 if Ctrl-C cancelled it."""
    spec = spec_of(options)
    data = data_directory(options)
    worst = 0
    with following(data, terminal) as here:
        for number in range(options.repeat):
            label = options.label if options.repeat == 1 or not options.label else f"{options.label} ({number + 1} of {options.repeat})"
            row = followed(here.queue.submit(spec, label), here)
            if options.json:
                terminal.result(json.dumps(trace_object(row)))
            elif snapshot := Reader(here.store).snapshot(row.id):
                terminal.result(report(snapshot, terminal.width, terminal.color))
            terminal.say(_told(row, page_url(data, row.id)))
            if here.interrupted.is_set():
                return 130
            worst = max(worst, 0 if row.status == "complete" else 1)
    return worst


def spec_of(options: argparse.Namespace) -> RunSpec:
    """What `run`'s options ask for, complete. Raises UsageError that names the option to change and how."""
    if not options.model:
        raise UsageError(f"choose a model with --model: {', '.join(models())}")
    function = names_a_function(options.workload)
    wish = RunSpec(
        workload=_located(options.workload) if function else options.workload,
        model=options.model,
        workers=options.workers,
        jobs=options.workers if options.jobs is None else options.jobs,
        start_method=options.start_method,
        switch_interval=options.switch_interval,
        sources=options.sources,
    )
    known = workloads().get(wish.workload)
    parameters = known.parameters if known else ()
    params = dict(_parameter(text, parameters) for text in options.set) if known or function else {}
    interpreter = chosen(options, users_code=function)
    shape = (wish.model, wish.workers, wish.jobs, wish.start_method, wish.switch_interval, interpreter)
    if function:
        found = [*model_problems(*shape), *params_problems((), params)]
    else:
        found = problems(wish.workload, wish.model, wish.workers, wish.jobs, params, *shape[3:])
    if found:
        raise UsageError("; ".join(_as_option(problem) for problem in found))
    return replace(
        wish,
        params={} if function else completed_params(wish.workload, params),
        start_method=wish.start_method or default_start_method(wish.model),
        interpreter=interpreter.to_json(),
    )


def _told(row: Row, url: str | None) -> str:
    where = url or f"gilscope open {row.id}"
    return f"{row.status}: trace {row.id} is kept · {where}"


def _located(workload: str) -> str:
    try:
        return located(workload)
    except FunctionError as error:
        raise UsageError(str(error)) from None


def _parameter(text: str, parameters: tuple[Parameter, ...]) -> tuple[str, Any]:
    """`key=value`, the value read as the parameter's type; left as text where it cannot be, so that the check tells the bounds."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"--set takes key=value, not {text!r}")
    kind = next((parameter.type for parameter in parameters if parameter.name == name), "str")
    try:
        if kind == "int":
            return name, int(value)
        if kind == "float":
            return name, float(value)
    except ValueError:
        return name, value
    if kind == "bool" and value.lower() in _YES + _NO:
        return name, value.lower() in _YES
    return name, value


def _as_option(problem: Problem) -> str:
    """A problem in the words of the command line."""
    if problem.field.startswith("params."):
        return f"--set: {problem.message}"
    option = _OPTIONS.get(problem.field)
    if option is None:
        option = "WORKLOAD" if problem.field == "workload" else f"--{problem.field}"
    return f"{option}: {problem.message}"
