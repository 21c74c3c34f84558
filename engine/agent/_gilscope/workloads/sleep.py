"""Timed waits, and nothing else."""

from time import perf_counter_ns

from ..operations import Sleep

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from typing import Any

    from ..shapes import Job

NAME = "sleep"
TITLE = "Timed waits"
DESCRIPTION = "Sleeps. Needs neither a core nor the GIL: stands for any wait whose length does not depend on us."
PARAMETERS = (
    {
        "name": "waits",
        "type": "int",
        "default": 4,
        "minimum": 1,
        "maximum": 100_000,
        "choices": (),
        "unit": "waits",
        "description": "Waits of each job, one after another.",
    },
    {
        "name": "wait_ms",
        "type": "float",
        "default": 100.0,
        "minimum": 0.1,
        "maximum": 60_000.0,
        "choices": (),
        "unit": "ms",
        "description": "Length of a wait.",
    },
)
NEEDS_SERVER = False


def job(index: int, params: "dict[str, Any]", server: object) -> "Job":
    seconds = params["wait_ms"] / 1000
    longest = 0
    for _ in range(params["waits"]):
        asked = perf_counter_ns()
        yield Sleep(seconds)
        longest = max(longest, perf_counter_ns() - asked)
    return longest


def result(values: list[int]) -> "dict[str, Any]":
    return {"longest_wait_ms": round(max(values, default=0) / 1e6, 3)}
