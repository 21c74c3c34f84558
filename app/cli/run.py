"""`gilscope run`: a run here, without a server, through the same queue, lock and store that the server uses."""

from __future__ import annotations

import argparse
import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from app.cli.echo import Echo
from app.cli.errors import CommandError, UsageError
from app.cli.interpreter import chosen
from app.cli.place import data_directory, opened_store, page_url
from app.cli.report import report
from app.cli.terminal import Terminal
from app.queue import RunQueue
from app.store import Reader, Row, Snapshot, Store
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
from engine.trace import RunSpec, decode_frame

_LOOK_S = 0.25
"""How often the progress line moves."""
_OPTIONS = {"start_method": "--start-method", "switch_interval": "--switch-interval", "interpreter": "--python"}
_YES, _NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def run(options: argparse.Namespace, terminal: Terminal) -> int:
    """0 if every run completed, 1 if one failed (its trace is kept), 130 if Ctrl-C cancelled it."""
    spec = spec_of(options)
    data = data_directory(options)
    worst = 0
    changed = threading.Event()
    echo = Echo()
    with (
        opened_store(data) as store,
        RunQueue(store, launcher=echo.launch, on_change=lambda _: changed.set()) as queue,
        _interrupts() as interrupted,
    ):
        here = _Here(store, queue, terminal, changed, interrupted, echo)
        for number in range(options.repeat):
            label = options.label if options.repeat == 1 or not options.label else f"{options.label} ({number + 1} of {options.repeat})"
            trace_id = queue.submit(spec, label)
            snapshot = _followed(trace_id, here)
            if options.json:
                terminal.result(json.dumps(trace_object(snapshot.row)))
            else:
                terminal.result(report(snapshot, terminal.width, terminal.color))
            terminal.say(_told(snapshot.row, page_url(data, trace_id)))
            if interrupted.is_set():
                return 130
            worst = max(worst, 0 if snapshot.row.status == "complete" else 1)
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


@dataclass(frozen=True, slots=True)
class _Here:
    """What a run is followed with. `changed` is set whenever the store was; `interrupted` when the run is to be cancelled."""

    store: Store
    queue: RunQueue
    terminal: Terminal
    changed: threading.Event
    interrupted: threading.Event
    echo: Echo


def _followed(trace_id: str, here: _Here) -> Snapshot:
    """Waits for the end of a run, telling how far it is and what it prints. The first Ctrl-C cancels it and waits for what it leaves.

    Reads as little as it can meanwhile: whatever this process does takes a core from what is measured.
    """
    told, cancelling = "", False
    store, terminal = here.store, here.terminal
    jobs = _JobsDone(store)
    while True:
        row = store.row(trace_id)
        snapshot = Reader(store).snapshot(trace_id) if row and row.finished else None
        for line in here.echo.lines(last=snapshot is not None):
            terminal.say(line)
        if snapshot:
            return snapshot
        if row is None or row.finished:
            raise CommandError(f"the trace {trace_id} was deleted meanwhile")
        if here.interrupted.is_set() and not cancelling:
            cancelling = True
            terminal.say("cancelling: what was recorded so far is kept")
            here.queue.cancel(trace_id)
        if row.status != told:
            told = row.status
            if told == "queued" and (before := _before(store, row)):
                terminal.say(f"queued: {before} before this one")
        if terminal.lively:
            terminal.progress(f"{row.status} · {row.t_ns / 1e9:.1f} s · {jobs.count(row)} of {row.record.spec.jobs} jobs done")
        here.changed.wait(_LOOK_S)
        here.changed.clear()


class _JobsDone:
    """Counts finished jobs, looking at each stored frame once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seq = self._jobs = 0

    def count(self, row: Row) -> int:
        for seq, body in self._store.frames(row.number, after=self._seq):
            self._seq = seq
            self._jobs += len(decode_frame(body).jobs)
        return self._jobs


def _before(store: Store, row: Row) -> str | None:
    count = store.position(row.number)
    return None if count == 0 else "1 run" if count == 1 else f"{count} runs"


def _told(row: Row, url: str | None) -> str:
    where = url or f"gilscope open {row.id}"
    return f"{row.status}: trace {row.id} is kept · {where}"


@contextmanager
def _interrupts() -> Iterator[threading.Event]:
    """Set by the first Ctrl-C or termination; a second Ctrl-C ends the program as usual."""
    event = threading.Event()

    def on_signal(number: int, frame: Any) -> None:  # noqa: ARG001 - the shape of a handler
        signal.signal(signal.SIGINT, signal.default_int_handler)
        event.set()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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
