"""The shapes of what the agent's modules hand each other. For the type checker alone: nothing imports this at run time."""

from collections.abc import Callable, Coroutine, Generator
from typing import Any, Protocol

from .operations import Call, Compute, Fetch, Native, Sleep
from .plan import Plan

Mark = Callable[[int], float]
"""Takes `kind | argument << 8`, answers the time, in seconds."""

Operation = Compute | Native | Sleep | Fetch | Call
Job = Generator[Operation, Any, Any]

Blocking = dict[type, Callable[[Any, Mark], Any]]
Awaited = dict[type, Callable[[Any, Mark], Coroutine[Any, Any, Any]]]
"""How a model carries out each kind of operation."""

Outcome = tuple[int, bool, Any]
"""The job's index, whether it came to its end, and its value or its error as plain data."""


class Jobs(Protocol):
    """The jobs of one plan: what models know of workloads."""

    def load(self) -> None: ...

    def __call__(self, index: int) -> Job: ...


class Workload(Protocol):
    """What a run needs of a workload."""

    def job(self, index: int, params: dict[str, Any], server: tuple[str, int] | None) -> Job: ...

    def result(self, values: list[Any]) -> dict[str, Any]: ...


class BuiltIn(Workload, Protocol):
    """What a workload's module offers."""

    NAME: str
    TITLE: str
    DESCRIPTION: str
    PARAMETERS: tuple[dict[str, Any], ...]
    NEEDS_SERVER: bool


class Model(Protocol):
    """What a model's module offers. `OLDEST`: of CPython, as (major, minor); None if all that can be measured will do."""

    NAME: str
    TITLE: str
    DESCRIPTION: str
    START_METHODS: tuple[str, ...]
    OLDEST: tuple[int, int] | None

    def run(self, plan: Plan, work: Jobs) -> list[Outcome]: ...
