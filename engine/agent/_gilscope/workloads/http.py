"""Real requests over loopback to a real server in another process, which answers after a set latency."""

from time import perf_counter_ns

from ..operations import Fetch

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from typing import Any

    from ..shapes import Job

NAME = "http"
TITLE = "HTTP requests"
DESCRIPTION = "Requests over real sockets to a server in another process that answers after a set latency: waiting for the network."
PARAMETERS = (
    {
        "name": "requests",
        "type": "int",
        "default": 20,
        "minimum": 1,
        "maximum": 100_000,
        "choices": (),
        "unit": "requests",
        "description": "Requests of each job, one after another.",
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
        "name": "body_kb",
        "type": "int",
        "default": 4,
        "minimum": 0,
        "maximum": 10_000,
        "choices": (),
        "unit": "kB",
        "description": "Size of each answer.",
    },
)
NEEDS_SERVER = True


def job(index: int, params: "dict[str, Any]", server: tuple[str, int]) -> "Job":
    path = target(params)
    latencies, received = [], 0
    for _ in range(params["requests"]):
        asked = perf_counter_ns()
        body = yield Fetch(server, path)
        latencies.append(perf_counter_ns() - asked)
        received += len(body)
    return latencies, received


def target(params: "dict[str, Any]") -> str:
    """The path that makes the server think for the latency and answer with a body of the size."""
    return f"/?latency_ms={params['latency_ms']}&bytes={params['body_kb'] * 1000}"


def result(values: list[tuple[list[int], int]]) -> "dict[str, Any]":
    latencies = sorted(latency for found, _ in values for latency in found)
    if not latencies:
        return {}
    return {
        "requests": len(latencies),
        "bytes": sum(received for _, received in values),
        "latency_ms": {
            "min": round(latencies[0] / 1e6, 3),
            "median": round(latencies[len(latencies) // 2] / 1e6, 3),
            "max": round(latencies[-1] / 1e6, 3),
        },
    }
