"""Pure-Python arithmetic: holds the GIL for as long as it is let."""

from ..operations import Compute

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from typing import Any

    from ..shapes import Job

NAME = "cpu"
TITLE = "CPU in Python"
DESCRIPTION = "Pure-Python arithmetic. Needs a core and the GIL all the time, never waits for anything else."
PARAMETERS = (
    {
        "name": "rounds",
        "type": "int",
        "default": 6_000_000,
        "minimum": 1_000,
        "maximum": 2_000_000_000,
        "choices": (),
        "unit": "rounds",
        "description": "Multiply-and-add steps that each job computes; a core does some ten million a second.",
    },
)
NEEDS_SERVER = False

_CHUNK = 10_000


def job(index: int, params: "dict[str, Any]", server: object) -> "Job":
    state = index + 1
    left = params["rounds"]
    while left > 0:
        state = yield Compute(churn, state, min(left, _CHUNK))
        left -= _CHUNK
    return state


def churn(state: int, rounds: int) -> int:
    """`rounds` steps of a linear congruential generator (the constants of Numerical Recipes)."""
    for _ in range(rounds):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
    return state


def result(values: list[int]) -> "dict[str, Any]":
    return {"checksum": sum(values) & 0xFFFFFFFF}
