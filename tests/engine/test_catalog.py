"""What can be run is told with its bounds, and a wish that cannot be fulfilled with the field to mend."""

from __future__ import annotations

from typing import Any

import pytest

from engine.catalog import (
    MAX_JOBS,
    MAX_WORKERS,
    Parameter,
    completed_params,
    default_start_method,
    json_schema,
    models,
    params_problems,
    problems,
    workloads,
)
from engine.trace import Interpreter

WHOLE = Parameter("size", "int", 5, 1, 10, unit="kB", description="How much.")
CPYTHON = Interpreter(id="3.12.1-abc", path="python3.12", version="3.12.1")


def wish(**more: Any) -> list[tuple[str, str]]:
    fine: dict[str, Any] = {
        "workload": "cpu",
        "model": "threads",
        "workers": 4,
        "jobs": None,
        "params": {},
        "start_method": None,
        "switch_interval": 0.005,
        "interpreter": CPYTHON,
    }
    return [(problem.field, problem.message) for problem in problems(**{**fine, **more})]


def test_the_models_and_workloads_are_there_in_the_order_to_show_them() -> None:
    assert list(models()) == [
        *("sequential", "threads", "thread_pool", "asyncio", "asyncio_threads"),
        *("processes", "process_pool", "processes_threads", "interpreters"),
    ]
    assert list(workloads()) == ["cpu", "native", "sleep", "http", "mixed"]


def test_a_wish_within_all_bounds_has_no_problem() -> None:
    assert wish() == []
    assert wish(model="processes", start_method="fork", workers=MAX_WORKERS, jobs=MAX_JOBS) == []


@pytest.mark.parametrize(
    ("more", "field", "said"),
    [
        ({"workload": "cpuu"}, "workload", "did you mean cpu?"),
        ({"workload": "zzz"}, "workload", "there are cpu, native, sleep, http, mixed"),
        ({"model": "thread"}, "model", "did you mean threads?"),
        ({"workers": 0}, "workers", "between 1 and 64, not 0"),
        ({"jobs": MAX_JOBS + 1}, "jobs", "between 1 and 10000, not 10001"),
        ({"params": {"nope": 1}}, "params.nope", "there is no parameter 'nope'"),
        ({"params": {"rounds": 0}}, "params.rounds", "rounds must be between 1,000 and"),
        ({"start_method": "fork"}, "start_method", "must be left out: threads starts no processes"),
        ({"model": "processes", "start_method": "clone"}, "start_method", "must be one of spawn, fork, forkserver, not 'clone'"),
        ({"switch_interval": 0}, "switch_interval", "between 1e-05 and 10 seconds"),
        ({"switch_interval": float("nan")}, "switch_interval", "between 1e-05 and 10 seconds, not nan"),
        ({"interpreter": Interpreter("x", "x", "3.9.2")}, "interpreter", "CPython 3.11 or later, not CPython 3.9.2"),
        ({"model": "interpreters"}, "interpreter", "interpreters needs CPython 3.13 or later, not 3.12.1: choose a newer interpreter"),
        ({"model": "asyncio_threads", "start_method": "fork"}, "start_method", "must be left out: asyncio_threads starts no processes"),
    ],
)
def test_each_problem_names_its_field_and_what_could_stand_there(more: dict[str, Any], field: str, said: str) -> None:
    ((found_field, message),) = wish(**more)
    assert found_field == field
    assert said in message


@pytest.mark.parametrize(
    ("parameter", "value", "said"),
    [
        (WHOLE, 11, "size must be between 1 and 10 kB, not 11"),
        (WHOLE, 1.5, "size must be a whole number between 1 and 10 kB, not 1.5"),
        (WHOLE, True, "size must be a whole number"),
        (WHOLE, "5", "size must be a whole number"),
        (Parameter("rate", "float", 1.0, minimum=0.5), 0.1, "rate must be at least 0.5, not 0.1"),
        (Parameter("rate", "float", 1.0, maximum=2), float("inf"), "rate must be a number at most 2, not inf"),
        (Parameter("lock", "bool", True), 1, "lock must be true or false, not 1"),
        (Parameter("how", "str", "pipe", choices=("pipe", "queue")), "tube", "how must be one of pipe, queue, not 'tube'"),
        (Parameter("name", "str", ""), "x" * 201, "name must have at most 200 characters"),
    ],
)
def test_a_value_out_of_bounds_is_told_the_bounds(parameter: Parameter, value: Any, said: str) -> None:
    (problem,) = params_problems([parameter], {parameter.name: value})
    assert problem.field == f"params.{parameter.name}"
    assert problem.message.startswith(said)


def test_defaults_lie_within_their_own_bounds() -> None:
    for workload in workloads().values():
        defaults = {parameter.name: parameter.default for parameter in workload.parameters}
        assert params_problems(workload.parameters, defaults) == [], workload.name
        assert completed_params(workload.name, {}) == defaults


def test_whole_numbers_become_floats_where_the_parameter_is_one() -> None:
    completed = completed_params("http", {"latency_ms": 3})
    assert isinstance(completed["latency_ms"], float)


def test_every_parameter_says_what_it_means_and_its_schema_carries_the_bounds() -> None:
    for workload in workloads().values():
        assert workload.description
        properties = json_schema(workload.name)["properties"]
        for parameter in workload.parameters:
            schema = properties[parameter.name]
            assert schema["description"]
            assert schema["default"] == parameter.default
            if parameter.type in ("int", "float"):
                assert schema["minimum"] == parameter.minimum
                assert schema["maximum"] == parameter.maximum


def test_only_a_model_of_processes_has_a_start_method() -> None:
    methods = {name: default_start_method(name) for name in models()}
    with_one = {name: method for name, method in methods.items() if method is not None}
    assert with_one == {"processes": "spawn", "process_pool": "spawn", "processes_threads": "spawn"}


def test_every_model_says_what_it_is_in_words_for_somebody_new() -> None:
    for model in models().values():
        assert len(model.title) <= 24, "longer ones do not fit where the form shows them"
        assert 100 < len(model.description) < 300
        assert model.description.endswith(".")


def test_subinterpreters_run_where_they_have_a_gil_of_their_own() -> None:
    assert {name: model.oldest for name, model in models().items() if model.oldest != (3, 11)} == {"interpreters": (3, 13)}
    assert wish(model="interpreters", interpreter=Interpreter("x", "x", "3.13.0rc1")) == []
