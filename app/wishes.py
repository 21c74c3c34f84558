"""What can be run here, and a wish for a run made into a `RunSpec`, or into the problems that name its fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from engine import catalog
from engine.host import host
from engine.interpreters import InterpreterError, choices, own
from engine.trace import Interpreter, RunSpec

DEFAULT_WORKERS = 4
SWITCH_INTERVAL_S = 0.005
PROGRAM = "program"
"""The `model` of a recorded program."""
_NO_PROGRAMS = "model 'program' is that of programs which `gilscope record` runs from a command line; over HTTP none can be started"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks to be run, unchecked. None: the default. `interpreter` is an id of `/interpreters`, never a path."""

    workload: str
    model: str
    workers: int = DEFAULT_WORKERS
    jobs: int | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    interpreter: str | None = None
    start_method: str | None = None
    switch_interval: float | None = None


class RefusedError(ValueError):
    """The wish cannot be fulfilled; `problems` say which fields are to blame, and how to mend them."""

    def __init__(self, problems: list[catalog.Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


def spec_of(wish: Wish) -> RunSpec:
    """Raises RefusedError. Starts interpreters to ask them who they are, the first time."""
    if wish.model == PROGRAM:
        raise RefusedError([catalog.Problem("model", _NO_PROGRAMS)])
    interpreter, complaints = _interpreter(wish.interpreter)
    interval = SWITCH_INTERVAL_S if wish.switch_interval is None else wish.switch_interval
    found = catalog.problems(wish.workload, wish.model, wish.workers, wish.jobs, wish.params, wish.start_method, interval, interpreter)
    found += complaints
    if found or interpreter is None:
        raise RefusedError(found)
    return RunSpec(
        workload=wish.workload,
        model=wish.model,
        workers=wish.workers,
        jobs=wish.workers if wish.jobs is None else wish.jobs,
        params=catalog.completed_params(wish.workload, wish.params),
        interpreter=interpreter.to_json(),
        start_method=wish.start_method or catalog.default_start_method(wish.model),
        switch_interval=interval,
    )


def interpreters() -> list[dict[str, Any]]:
    """Our own first; a free-threaded one twice, without its GIL and with it."""
    return [one.to_json() for one in choices()]


def workloads() -> list[dict[str, Any]]:
    """Each with the JSON Schema of its `params`."""
    return [
        {"name": one.name, "title": one.title, "description": one.description, "schema": catalog.json_schema(one.name)}
        for one in catalog.workloads().values()
    ]


def models() -> list[dict[str, Any]]:
    return [{**asdict(one), "start_methods": list(one.start_methods)} for one in catalog.models().values()]


def limits() -> dict[str, Any]:
    """Bounds, inclusive, and defaults of what every wish has."""
    low, high = catalog.SWITCH_INTERVAL
    return {
        "workers": {"minimum": 1, "maximum": catalog.MAX_WORKERS, "default": DEFAULT_WORKERS},
        "jobs": {"minimum": 1, "maximum": catalog.MAX_JOBS, "default": None},
        "switch_interval": {"minimum": low, "maximum": high, "default": SWITCH_INTERVAL_S, "unit": "s"},
    }


def offer() -> dict[str, Any]:
    """Everything that a launch form needs."""
    return {"workloads": workloads(), "models": models(), "interpreters": interpreters(), "host": host(), "limits": limits()}


def recommended() -> dict[str, Any]:
    """The first run for somebody new: the one that shows what the GIL does."""
    return {"workload": "cpu", "model": "threads", "workers": DEFAULT_WORKERS}


def _interpreter(identity: str | None) -> tuple[Interpreter | None, list[catalog.Problem]]:
    try:
        if identity is None:
            return own(), []
        there = choices()
    except InterpreterError as error:
        return None, [catalog.Problem("interpreter", str(error))]
    for one in there:
        if one.id == identity:
            return one, []
    listed = ", ".join(one.id for one in there)
    return None, [catalog.Problem("interpreter", f"interpreter must be the id of one found here ({listed}), not {identity[:100]!r}")]
