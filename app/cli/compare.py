"""`gilscope compare`: the same work under several models, one after another, and which of them was best."""

from __future__ import annotations

import argparse
import json

from app.cli.comparison_report import comparison_report
from app.cli.errors import UsageError
from app.cli.following import Here, followed, following
from app.cli.interpreter import chosen
from app.cli.place import comparison_url, data_directory
from app.cli.report import time_or_unknown
from app.cli.run import spec_of
from app.cli.terminal import Terminal
from app.comparison_object import comparison_object, unfinished
from app.comparison_wish import Plan, choice_problems, methods_of
from app.store import Comparison
from engine.catalog import models, models_for
from engine.functions import names_a_function

_OPTIONS = {"models": "--models", "repeat": "--repeat", "start_method": "--start-method"}
_CANCELLED = 130


def compare(options: argparse.Namespace, terminal: Terminal) -> int:
    """0 if every run completed, 1 if one failed (what ran is kept), 130 if Ctrl-C cancelled it."""
    plan = _plan(options)
    data = data_directory(options)
    with following(data, terminal) as here:
        comparison = here.queue.submit_together(plan.runs, plan.asked, options.label)
        ended = _follow(comparison, here)
        told = comparison_object(comparison, here.store)
        terminal.result(json.dumps(told) if options.json else comparison_report(told, terminal.width))
        terminal.say(f"comparison {comparison.id} is kept · {comparison_url(data, comparison.id) or f'gilscope open {comparison.id}'}")
        if here.interrupted.is_set():
            return _CANCELLED
    return 0 if ended == {"complete"} else 1


def _plan(options: argparse.Namespace) -> Plan:
    """Raises UsageError that names the option to change and how."""
    named = options.models
    if named is None:
        named = models_for(chosen(options, users_code=names_a_function(options.workload)))
    if found := choice_problems(named, options.repeat, options.start_method):
        raise UsageError("; ".join(f"{_OPTIONS[problem.field]}: {problem.message}" for problem in found))
    if unknown := [name for name in named if name not in models()]:
        raise UsageError(f"--models: there is no model {unknown[0]!r}; there are {', '.join(models())}")
    each = [spec_of(_of_one(options, name)) for name in named]
    return Plan.of(each, options.repeat, options.start_method)


def _of_one(options: argparse.Namespace, model: str) -> argparse.Namespace:
    """As `gilscope run` would be told it."""
    method = options.start_method if methods_of(model) else None
    return argparse.Namespace(**{**vars(options), "model": model, "start_method": method})


def _follow(comparison: Comparison, here: Here) -> set[str]:
    """Until all its runs have ended, whether they were let run or not. Answers how they ended."""
    names, ended = comparison.spec["models"], set()
    for number, trace_id in enumerate(comparison.traces):
        name = names[number % len(names)]
        place = f"{name} ({number + 1} of {len(comparison.traces)})"
        row = followed(trace_id, here, name=place, together=comparison.traces)
        ended.add(row.status)
        if here.interrupted.is_set():
            break
        how = time_or_unknown((row.metrics or {}).get("elapsed_ns")) if row.status == "complete" else row.status
        here.terminal.say(f"{place}: {how}")
    if here.interrupted.is_set():
        here.queue.cancel_all(comparison.traces)
    while unfinished(comparison, here.store):
        here.changed.wait(0.1)
        here.changed.clear()
    return ended
