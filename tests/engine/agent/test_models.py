"""All models carry out the same work, on every interpreter there is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.agent._gilscope.models import MODELS
from engine.agent._gilscope.workloads import WORKLOADS
from engine.supervisor.helper import HttpHelper
from tests.engine.agent.measured import INTERPRETERS, Program

SMALL: dict[str, dict[str, Any]] = {
    "cpu": {"rounds": 20_000},
    "native": {"blocks": 2, "block_mb": 1},
    "sleep": {"waits": 2, "wait_ms": 1.0},
    "http": {"requests": 2, "latency_ms": 1.0, "body_kb": 3},
    "mixed": {"rounds": 2, "latency_ms": 1.0, "compute_steps": 10_000},
}


def carried_out(program: Program, interpreter: str, **changes: Any) -> dict[str, Any]:
    """What a run with two workers and three jobs says."""
    plan = {"params": {}, "workers": 2, "jobs": 3, "start_method": None, "switch_interval": 0.005, "server": None, **changes}
    (program.folder / "plan.json").write_text(json.dumps(plan))
    ran = program.run(interpreter, "-P", "-m", "_gilscope", "plan.json", "result.json")
    said: dict[str, Any] = json.loads((program.folder / "result.json").read_text())
    assert ran.returncode == (1 if said["error"] else 0)
    return said


@pytest.mark.parametrize("workload", WORKLOADS)
@pytest.mark.parametrize("interpreter", INTERPRETERS)
def test_results_are_equal_under_every_model(program: Program, interpreter: str, workload: str) -> None:
    with HttpHelper() as helper:
        found = [
            carried_out(program, interpreter, workload=workload, model=model, params=SMALL[workload], server=helper.address)
            for model in MODELS
        ]
    assert [one["error"] for one in found] == [None] * len(MODELS)
    constant = [{key: value for key, value in one["result"].items() if not key.endswith("_ms")} for one in found]
    assert constant == constant[:1] * len(MODELS)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("act", "says"),
    [
        ("raise ValueError('no')", "ValueError"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise SystemExit(3)", "SystemExit"),
        ("f(index)", "RecursionError"),
        ("raise type('Odd', (Exception,), {'__str__': lambda self: 1 / 0})", "Odd"),
    ],
)
def test_whatever_a_job_raises_fails_that_job_alone(program: Program, model: str, act: str, says: str) -> None:
    (program.folder / "own.py").write_text(f"def f(index):\n    if index == 1:\n        {act}\n    return index\n")
    said = carried_out(program, INTERPRETERS[0].values[0], workload=f"{program.folder}/own.py:f", model=model)  # type: ignore[arg-type]
    assert (said["error"]["type"], said["error"]["job"], said["error"]["failed"]) == (says, 1, 1)
    assert said["result"] == {"values": ["0", "2"]}


@pytest.mark.parametrize("method", MODELS["processes"].START_METHODS)
def test_a_worker_that_dies_is_told_with_how(program: Program, method: str) -> None:
    (program.folder / "own.py").write_text("import os\ndef f(index):\n    if index == 1:\n        os.kill(os.getpid(), 9)\n")
    interpreter: Any = INTERPRETERS[0].values[0]
    said = carried_out(program, interpreter, workload=f"{program.folder}/own.py:f", model="processes", start_method=method)
    assert said["error"]["type"] == "ProcessDied"
    assert "was killed by SIGKILL before its result" in said["error"]["message"]
    assert said["error"]["failed"] == 1


@pytest.mark.parametrize("model", ["threads", "asyncio"])
def test_many_workers_carry_out_many_jobs(program: Program, model: str) -> None:
    interpreter: Any = INTERPRETERS[0].values[0]
    said = carried_out(program, interpreter, workload="cpu", model=model, params={"rounds": 1000}, workers=64, jobs=1000)
    assert said["error"] is None
