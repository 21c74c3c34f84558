"""What can be run: the workloads and models as the agent describes them, and whether a wish can be fulfilled.

The agent's own modules are the one source of names, parameters and bounds; here they become frozen descriptions, JSON Schemas and
problems that name a field and say how to mend it. Reads them as data and runs none of them.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from engine.interpreters import OLDEST
from engine.trace import Interpreter

ParameterType = Literal["int", "float", "bool", "str"]
MAX_WORKERS = 64
MAX_JOBS = 10_000
SWITCH_INTERVAL = (1e-5, 10.0)
MAX_STRING = 200
_PYTHON_TYPES: dict[str, tuple[type, ...]] = {"int": (int,), "float": (float, int), "bool": (bool,), "str": (str,)}
_JSON_TYPES = {"int": "integer", "float": "number", "bool": "boolean", "str": "string"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One knob of a workload. Bounds are inclusive; `choices` empty means any value of the type within the bounds."""

    name: str
    type: ParameterType
    default: Any
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Any, ...] = ()
    unit: str | None = None
    description: str = ""

    def complaint(self, value: Any) -> str | None:
        """Why `value` cannot be, as a sentence that names the bounds; None if it can."""
        wrong = isinstance(value, bool) != (self.type == "bool") or not isinstance(value, _PYTHON_TYPES[self.type])
        if wrong or (isinstance(value, float) and not math.isfinite(value)):
            return f"{self.name} must be {_ARTICLES[self.type]}{self._where()}, not {value!r}"
        if self.choices and value not in self.choices:
            return f"{self.name} must be one of {_listed(self.choices)}, not {value!r}"
        low, high = self.minimum, self.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            return f"{self.name} must be{self._where()}, not {value!r}"
        if isinstance(value, str) and len(value) > MAX_STRING:
            return f"{self.name} must have at most {MAX_STRING} characters"
        return None

    def json_schema(self) -> dict[str, Any]:
        """Its JSON Schema (draft 2020-12), with `unit` as an annotation."""
        schema: dict[str, Any] = {"type": _JSON_TYPES[self.type], "title": self.name, "description": self.description}
        schema["default"] = self.default
        if self.choices:
            schema["enum"] = list(self.choices)
        if self.minimum is not None:
            schema["minimum"] = self.minimum
        if self.maximum is not None:
            schema["maximum"] = self.maximum
        if self.type == "str":
            schema["maxLength"] = MAX_STRING
        if self.unit:
            schema["unit"] = self.unit
        return schema

    def _where(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        if self.minimum is not None and self.maximum is not None:
            return f" between {self.minimum:,g} and {self.maximum:,g}{unit}"
        if self.minimum is not None:
            return f" at least {self.minimum:,g}{unit}"
        return f" at most {self.maximum:,g}{unit}" if self.maximum is not None else ""


@dataclass(frozen=True, slots=True)
class Workload:
    """Work that is the same under every model."""

    name: str
    title: str
    description: str
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    """A way to do jobs at once. `start_methods`: how its processes can be started, the default first; empty if it starts none.

    `oldest`: the first CPython that it runs on, as (major, minor).
    """

    name: str
    title: str
    description: str
    start_methods: tuple[str, ...] = ()
    oldest: tuple[int, int] = OLDEST


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a wish cannot be fulfilled. `field` is its path in the request (`workers`, `params.size`), `message` says how to mend it."""

    field: str
    message: str


@cache
def workloads() -> dict[str, Workload]:
    """By name, in the order to show them."""
    from engine.agent._gilscope.workloads import NAMES, loaded

    return {
        name: Workload(
            name=module.NAME,
            title=module.TITLE,
            description=module.DESCRIPTION,
            parameters=tuple(Parameter(**{**knob, "choices": tuple(knob.get("choices", ()))}) for knob in module.PARAMETERS),
        )
        for name, module in zip(NAMES, map(loaded, NAMES), strict=True)
    }


@cache
def models() -> dict[str, Model]:
    """By name, in the order to show them."""
    from engine.agent._gilscope.models import NAMES, loaded

    return {
        name: Model(module.NAME, module.TITLE, module.DESCRIPTION, tuple(module.START_METHODS), module.OLDEST or OLDEST)
        for name, module in zip(NAMES, map(loaded, NAMES), strict=True)
    }


def models_for(interpreter: Interpreter) -> list[str]:
    """The names of those that this interpreter is new enough for, in their order."""
    return [name for name, model in models().items() if _version(interpreter) >= model.oldest]


def problems(
    workload: str,
    model: str,
    workers: int,
    jobs: int | None,
    params: Mapping[str, Any],
    start_method: str | None,
    switch_interval: float,
    interpreter: Interpreter | None,
) -> list[Problem]:
    """Everything that is wrong with a wish for a built-in workload; empty if it can be run. None stands for the default."""
    found = model_problems(model, workers, jobs, start_method, switch_interval, interpreter)
    if known := workloads().get(workload):
        found += params_problems(known.parameters, params)
    else:
        found.insert(0, Problem("workload", _unknown("workload", workload, workloads())))
    return found


def model_problems(
    model: str, workers: int, jobs: int | None, start_method: str | None, switch_interval: float, interpreter: Interpreter | None
) -> list[Problem]:
    """What is wrong with everything but the workload and its parameters; this part holds for the user's own functions, too."""
    found = []
    known = models().get(model)
    if known is None:
        found.append(Problem("model", _unknown("model", model, models())))
    elif start_method is not None and start_method not in known.start_methods:
        may = f"must be one of {_listed(known.start_methods)}" if known.start_methods else f"must be left out: {model} starts no processes"
        found.append(Problem("start_method", f"start_method {may}, not {start_method!r}"))
    if not 1 <= workers <= MAX_WORKERS:
        found.append(Problem("workers", f"workers must be between 1 and {MAX_WORKERS}, not {workers}"))
    if jobs is not None and not 1 <= jobs <= MAX_JOBS:
        found.append(Problem("jobs", f"jobs must be between 1 and {MAX_JOBS}, not {jobs}"))
    low, high = SWITCH_INTERVAL
    if not low <= switch_interval <= high:
        found.append(Problem("switch_interval", f"switch_interval must be between {low:g} and {high:g} seconds, not {switch_interval:g}"))
    if interpreter is not None and (interpreter.implementation != "CPython" or _version(interpreter) < OLDEST):
        said = f"{interpreter.implementation} {interpreter.version}"
        found.append(Problem("interpreter", f"interpreter must be CPython {_dotted(OLDEST)} or later, not {said}"))
    elif interpreter is not None and known is not None and _version(interpreter) < known.oldest:
        needs = f"{model} needs CPython {_dotted(known.oldest)} or later, not {interpreter.version}"
        found.append(Problem("interpreter", f"{needs}: choose a newer interpreter, or another model"))
    return found


def params_problems(parameters: Iterable[Parameter], params: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with values for these parameters."""
    known = {parameter.name: parameter for parameter in parameters}
    found = []
    for name, value in params.items():
        if name not in known:
            found.append(Problem(f"params.{name}", _unknown("parameter", name, known)))
        elif said := known[name].complaint(value):
            found.append(Problem(f"params.{name}", said))
    return found


def completed_params(workload: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters of a known workload: the given values, defaults for the rest, whole numbers as floats where the type is float."""
    given = {parameter.name: params.get(parameter.name, parameter.default) for parameter in workloads()[workload].parameters}
    floats = {parameter.name for parameter in workloads()[workload].parameters if parameter.type == "float"}
    return {name: float(value) if name in floats else value for name, value in given.items()}


def default_start_method(model: str) -> str | None:
    """How a known model starts its processes when nobody says; None if it starts none."""
    return next(iter(models()[model].start_methods), None)


def json_schema(workload: str) -> dict[str, Any]:
    """The JSON Schema of a known workload's `params`."""
    known = workloads()[workload]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "title": known.title,
        "description": known.description,
        "properties": {parameter.name: parameter.json_schema() for parameter in known.parameters},
        "additionalProperties": False,
    }


_ARTICLES = {"int": "a whole number", "float": "a number", "bool": "true or false", "str": "a text"}


def _unknown(noun: str, name: str, known: Mapping[str, Any]) -> str:
    if not known:
        return f"there is no {noun} {name!r}: none can be set here"
    near = difflib.get_close_matches(name, known, 1)
    hint = f"; did you mean {near[0]}?" if near else ";"
    return f"there is no {noun} {name!r}{hint} there are {', '.join(known)}"


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(str(value) for value in values)


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def _version(interpreter: Interpreter) -> tuple[int, ...]:
    return tuple(int(part) for part in interpreter.version.split(".")[:2] if part.isdigit())
