"""A wish for the same work under several models, made into a plan of runs, or into the problems that name its fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.wishes import DEFAULT_WORKERS, RefusedError, Wish, spec_of
from engine import catalog
from engine.interpreters import InterpreterError, choices, own
from engine.trace import RunSpec

FEWEST_MODELS = 2
MAX_REPEAT = 20
MAX_RUNS = 100


@dataclass(frozen=True, slots=True)
class ComparisonWish:
    """What somebody asks to be compared, unchecked. `models` None: all that the interpreter can do; the rest as of `Wish`."""

    workload: str
    models: Sequence[str] | None = None
    workers: int = DEFAULT_WORKERS
    jobs: int | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    interpreter: str | None = None
    start_method: str | None = None
    switch_interval: float | None = None
    repeat: int = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """The runs of a comparison in their order, the models in turn so that slow spells of the machine meet them all; and its `spec`."""

    runs: tuple[RunSpec, ...]
    asked: dict[str, Any]

    @classmethod
    def of(cls, each: Sequence[RunSpec], repeat: int, start_method: str | None) -> Plan:
        """`each`: one spec for each model, alike but for that. `start_method` as it was asked for."""
        first = each[0]
        asked = {
            "workload": first.workload,
            "params": first.params,
            "workers": first.workers,
            "jobs": first.jobs,
            "models": [spec.model for spec in each],
            "repeat": repeat,
            "interpreter": first.interpreter,
            "start_method": start_method,
            "switch_interval": first.switch_interval,
        }
        return cls(tuple(each) * repeat, asked)


def plan_of(wish: ComparisonWish) -> Plan:
    """Raises RefusedError that names all fields that are to blame."""
    models = _all_models(wish.interpreter) if wish.models is None else list(wish.models)
    found = choice_problems(models, wish.repeat, wish.start_method)
    each = []
    for model in dict.fromkeys(models):
        try:
            each.append(spec_of(_of_one(wish, model)))
        except RefusedError as refused:
            found += [replace(problem, field="models" if problem.field == "model" else problem.field) for problem in refused.problems]
    if found:
        raise RefusedError(list(dict.fromkeys(found)))
    return Plan.of(each, wish.repeat, wish.start_method)


def choice_problems(models: Sequence[str], repeat: int, start_method: str | None) -> list[catalog.Problem]:
    """What is wrong with the choice as such, whatever each model may say to the rest."""
    found = []
    if twice := sorted({model for model in models if models.count(model) > 1}):
        found.append(catalog.Problem("models", f"models must differ, and {', '.join(twice)} is named more than once: use repeat instead"))
    if len(set(models)) < FEWEST_MODELS:
        found.append(catalog.Problem("models", "models must name two at least, or be left out for all that the interpreter can run"))
    if not 1 <= repeat <= MAX_REPEAT:
        found.append(catalog.Problem("repeat", f"repeat must be between 1 and {MAX_REPEAT}, not {repeat}"))
    elif len(models) * repeat > MAX_RUNS:
        many = f"{len(models)} models {repeat} times are {len(models) * repeat} runs"
        found.append(
            catalog.Problem("repeat", f"{many}, and a comparison has {MAX_RUNS} at most: repeat fewer times, or name fewer models")
        )
    if start_method is not None and not any(methods_of(model) for model in models):
        found.append(catalog.Problem("start_method", "start_method must be left out: none of these models starts processes"))
    return found


def methods_of(model: str) -> tuple[str, ...]:
    """How a model's processes can be started; nothing for one that starts none, or that is not known."""
    known = catalog.models().get(model)
    return known.start_methods if known else ()


def _of_one(wish: ComparisonWish, model: str) -> Wish:
    return Wish(
        workload=wish.workload,
        model=model,
        workers=wish.workers,
        jobs=wish.jobs,
        params=wish.params,
        interpreter=wish.interpreter,
        start_method=wish.start_method if methods_of(model) else None,
        switch_interval=wish.switch_interval,
    )


def _all_models(interpreter: str | None) -> list[str]:
    """Those that the interpreter with this id can run; where it cannot be found, those of any: `spec_of` will say so."""
    try:
        chosen = own() if interpreter is None else next((one for one in choices() if one.id == interpreter), None)
    except InterpreterError:
        chosen = None
    return list(catalog.models()) if chosen is None else catalog.models_for(chosen)
