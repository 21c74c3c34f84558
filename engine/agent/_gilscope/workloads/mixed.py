"""Fetch, then compute on it, again and again: what most services do."""

from time import perf_counter_ns

from ..operations import Compute, Fetch
from .cpu import churn

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from typing import Any

    from ..shapes import Job

NAME = "mixed"
TITLE = "Fetch, then compute"
DESCRIPTION = (
    "Each job fetches over the network, then computes in Python on what it got, in turn. Under asyncio the computing blocks the loop."
)
PARAMETERS = (
    {
        "name": "rounds",
        "type": "int",
        "default": 10,
        "minimum": 1,
        "maximum": 100_000,
        "choices": (),
        "unit": "rounds",
        "description": "Times that each job fetches and computes.",
    },
    {
        "name": "latency_ms",
        "type": "float",
        "default": 20.0,
        "minimum": 0.0,
        "maximum": 10_000.0,
        "choices": (),
        "unit": "ms",
        "description": "How long the server thinks before it answers.",
    },
    {
        "name": "compute_steps",
        "type": "int",
        "default": 300_000,
        "minimum": 1_000,
        "maximum": 1_000_000_000,
        "choices": (),
        "unit": "steps",
        "description": "Multiply-and-add steps on each answer, without giving way; a core does some ten million a second.",
    },
)
NEEDS_SERVER = True

_CHUNK = 10_000


def job(index: int, params: "dict[str, Any]", server: tuple[str, int]) -> "Job":
    path = f"/?latency_ms={params['latency_ms']}&bytes=1000"
    state, latencies = index + 1, []
    for _ in range(params["rounds"]):
        asked = perf_counter_ns()
        body = yield Fetch(server, path)
        latencies.append(perf_counter_ns() - asked)
        state += len(body)
        for _ in range(0, params["compute_steps"], _CHUNK):
            state = yield Compute(churn, state, _CHUNK)
    return state, latencies


def result(values: list[tuple[int, list[int]]]) -> "dict[str, Any]":
    latencies = sorted(latency for _, found in values for latency in found)
    if not latencies:
        return {}
    return {
        "checksum": sum(state for state, _ in values) & 0xFFFFFFFF,
        "latency_ms": {
            "min": round(latencies[0] / 1e6, 3),
            "median": round(latencies[len(latencies) // 2] / 1e6, 3),
            "max": round(latencies[-1] / 1e6, 3),
        },
    }
