"""All models carry out the same work, on every interpreter there is, and account for every job."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from engine.agent._gilscope.models import NAMES, loaded
from engine.interpreters import discover
from engine.supervisor.helper import HttpHelper
from engine.trace import Interpreter
from tests.engine.agent.measured import Program
from tests.support.real_runs import bearers, branded

INTERPRETERS = discover()
MODELS = {name: loaded(name) for name in NAMES}
WITH_PROCESSES = [(name, method) for name in NAMES for method in MODELS[name].START_METHODS]
SMALL: dict[str, dict[str, Any]] = {
    "cpu": {"rounds": 20_000},
    "native": {"blocks": 2, "block_mb": 1},
    "sleep": {"waits": 2, "wait_ms": 1.0},
    "http": {"requests": 2, "latency_ms": 1.0, "body_kb": 3},
    "mixed": {"rounds": 2, "latency_ms": 1.0, "compute_steps": 10_000},
}


def version(interpreter: Interpreter) -> str:
    return f"{interpreter.version}{'t' if interpreter.free_threaded else ''}"


def may_run(model: str, interpreter: Interpreter) -> bool:
    major, minor = interpreter.version.split(".")[:2]
    return (int(major), int(minor)) >= (MODELS[model].OLDEST or (0, 0))


def some(model: str) -> Interpreter:
    """The first interpreter that the model runs on, our own if it does."""
    for one in INTERPRETERS:
        if may_run(model, one):
            return one
    pytest.skip(f"no interpreter here that {model} runs on")


@pytest.fixture(params=INTERPRETERS, ids=version)
def interpreter(request: pytest.FixtureRequest) -> Interpreter:
    found: Interpreter = request.param
    return found


@pytest.fixture(params=NAMES)
def model(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test runs has ended when it says so, to the last process."""
    with branded(monkeypatch) as brand:
        yield
        assert bearers(brand) == []


def carried_out(program: Program, interpreter: Interpreter, *, marked: bool = False, **changes: Any) -> dict[str, Any]:
    """What a run with two workers and three jobs says. Marked, it waits a moment for somebody who watches."""
    plan = {"params": {}, "workers": 2, "jobs": 3, "start_method": None, "switch_interval": 0.005, "server": None, **changes}
    (program.folder / "plan.json").write_text(json.dumps(plan))
    gil: dict[str, Any] = {"PYTHON_GIL": str(int(interpreter.gil_enabled))} if interpreter.free_threaded else {}
    ran = program.run(interpreter.path, "-P", "-m", "_gilscope", "plan.json", "result.json", marked=marked, **gil)
    said: dict[str, Any] = json.loads((program.folder / "result.json").read_text())
    assert ran.returncode == (1 if said["error"] else 0)
    return said


def own(program: Program, body: str) -> str:
    """The name of a function `f(index)` with this body, in a file of its own."""
    path = program.folder / "own.py"
    path.write_text("import os, sys, time, threading\ndef f(index):\n    " + body.replace("\n", "\n    ") + "\n")
    return f"{path}:f"


@pytest.mark.parametrize("workload", SMALL)
def test_results_are_equal_under_every_model(program: Program, interpreter: Interpreter, workload: str) -> None:
    with HttpHelper() as helper:
        found = [
            carried_out(program, interpreter, workload=workload, model=model, params=SMALL[workload], server=helper.address)
            for model in NAMES
            if may_run(model, interpreter)
        ]
    assert [one["error"] for one in found] == [None] * len(found)
    constant = [{key: value for key, value in one["result"].items() if not key.endswith("_ms")} for one in found]
    assert constant == constant[:1] * len(found)


def test_every_job_is_done_once_and_its_value_is_its_own(program: Program, interpreter: Interpreter, model: str) -> None:
    if not may_run(model, interpreter):
        pytest.skip(f"{model} needs a newer interpreter")
    said = carried_out(program, interpreter, workload=own(program, "return index * index"), model=model, workers=3, jobs=10)
    assert (said["error"], said["result"]) == (None, {"values": [str(index * index) for index in range(10)]})


@pytest.mark.parametrize(
    ("act", "says"),
    [
        ("raise ValueError('no')", "ValueError"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("sys.exit(3)", "SystemExit"),
        ("f(index)", "RecursionError"),
        ("raise type('Odd', (Exception,), {'__str__': lambda self: 1 / 0})", "Odd"),
    ],
)
def test_whatever_a_job_raises_fails_that_job_alone(program: Program, model: str, act: str, says: str) -> None:
    said = carried_out(program, some(model), workload=own(program, f"if index == 1:\n    {act}\nreturn index"), model=model)
    assert (said["error"]["type"], said["error"]["job"], said["error"]["failed"]) == (says, 1, 1)
    assert said["result"] == {"values": ["0", "2"]}


def test_a_job_that_raises_is_told_on_every_interpreter(program: Program, interpreter: Interpreter, model: str) -> None:
    if not may_run(model, interpreter):
        pytest.skip(f"{model} needs a newer interpreter")
    said = carried_out(
        program, interpreter, workload=own(program, "if index == 1:\n    raise OSError('no luck')\nreturn index"), model=model
    )
    assert (said["error"]["type"], said["error"]["message"], said["error"]["failed"]) == ("OSError", "no luck", 1)
    assert "raise OSError('no luck')" in said["error"]["traceback"]
    assert said["result"] == {"values": ["0", "2"]}


@pytest.mark.parametrize(("model", "method"), WITH_PROCESSES)
@pytest.mark.parametrize(("act", "how"), [("os.kill(os.getpid(), 9)", "was killed by SIGKILL"), ("os._exit(7)", "ended with exit code 7")])
def test_a_worker_that_dies_is_told_with_how(
    program: Program, interpreter: Interpreter, model: str, method: str, act: str, how: str
) -> None:
    said = carried_out(program, interpreter, workload=own(program, f"if index == 1:\n    {act}"), model=model, start_method=method)
    assert said["error"]["type"] == ("BrokenProcessPool" if model == "process_pool" else "ProcessDied")
    assert how in said["error"]["message"]
    assert said["error"]["failed"] in ((1, 2, 3) if model == "process_pool" else (1,))


def test_a_pool_whose_process_dies_gives_up_what_is_not_done_and_no_more(program: Program) -> None:
    wait = program.folder / "done"
    body = f"""
        if index == 0:
            open({str(wait)!r}, "w").close()
            return index
        while not os.path.exists({str(wait)!r}):
            time.sleep(0.001)
        os.kill(os.getpid(), 9)
    """
    (program.folder / "own.py").write_text("import os, time\ndef f(index):" + body)
    said = carried_out(program, INTERPRETERS[0], workload=f"{program.folder}/own.py:f", model="process_pool", workers=1)
    assert (said["error"]["failed"], said["result"]) == (2, {"values": ["0"]})
    assert "worker-1 (pid " in said["error"]["message"]
    assert said["error"]["message"].endswith("and the pool gave up every job that was not done")


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_a_dead_process_takes_the_jobs_of_its_own_threads_along_and_no_others(program: Program, method: str) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("on one core there is one process only")
    workload = own(program, "if index == 1:\n    os.kill(os.getpid(), 9)\nreturn index")
    cores = min(len(os.sched_getaffinity(0)), 4)
    said = carried_out(
        program, INTERPRETERS[0], workload=workload, model="processes_threads", start_method=method, workers=2 * cores, jobs=2 * cores
    )
    lost = [index for index in range(2 * cores) if index % cores == 1]
    assert said["error"]["failed"] == len(lost)
    assert said["result"] == {"values": [str(index) for index in range(2 * cores) if index not in lost]}


@pytest.mark.parametrize(("model", "method"), WITH_PROCESSES)
def test_what_only_a_worker_cannot_import_fails_its_jobs_and_says_what(program: Program, model: str, method: str) -> None:
    (program.folder / "own.py").write_text(
        "import multiprocessing\nif multiprocessing.parent_process() is not None:\n"
        "    raise ImportError('not in a worker')\ndef f(index):\n    return index\n"
    )
    said = carried_out(program, INTERPRETERS[0], workload=f"{program.folder}/own.py:f", model=model, start_method=method)
    assert (said["error"]["type"], said["error"]["message"], said["error"]["failed"]) == ("ImportError", "not in a worker", 3)


@pytest.mark.parametrize(("model", "method"), [("sequential", None), ("interpreters", None), *WITH_PROCESSES])
def test_the_switch_interval_is_set_wherever_jobs_run(program: Program, interpreter: Interpreter, model: str, method: str | None) -> None:
    if not may_run(model, interpreter):
        pytest.skip(f"{model} needs a newer interpreter")
    workload = own(program, "return sys.getswitchinterval()")
    said = carried_out(program, interpreter, workload=workload, model=model, start_method=method, switch_interval=0.002)
    assert said["result"] == {"values": ["0.002"] * 3}
    assert said["switch_interval"] == 0.002


@pytest.mark.parametrize(("model", "method"), [("threads", None), ("interpreters", None), *WITH_PROCESSES])
@pytest.mark.parametrize("gil", [True, False])
def test_a_free_threaded_build_has_its_gil_on_or_off_wherever_jobs_run(program: Program, model: str, method: str | None, gil: bool) -> None:
    for build in INTERPRETERS:
        if build.free_threaded:
            break
    else:
        pytest.skip("no free-threaded interpreter here")
    on = Interpreter(**{**build.to_json(), "gil_enabled": gil})
    said = carried_out(program, on, workload=own(program, "return sys._is_gil_enabled()"), model=model, start_method=method)
    assert (said["result"], said["gil_enabled"]) == ({"values": [str(gil)] * 3}, gil)


@pytest.mark.parametrize("model", ["threads", "thread_pool", "asyncio", "asyncio_threads"])
def test_many_workers_carry_out_many_jobs(program: Program, model: str) -> None:
    said = carried_out(program, INTERPRETERS[0], workload="cpu", model=model, params={"rounds": 1000}, workers=64, jobs=1000)
    assert said["error"] is None


@pytest.mark.parametrize("interpreter", [one for one in INTERPRETERS if may_run("interpreters", one)], ids=version)
class TestInterpreters:
    def test_each_worker_has_an_interpreter_and_a_thread_of_its_own(self, program: Program, interpreter: Interpreter) -> None:
        workload = own(program, "seen = vars(sys).setdefault('seen', [])\nseen.append(index)\nreturn threading.get_native_id(), seen")
        said = carried_out(program, interpreter, workload=workload, model="interpreters", workers=2, jobs=4)
        answers = [eval(value) for value in said["result"]["values"]]
        assert [seen for _, seen in answers] == [[0], [1], [0, 2], [1, 3]]
        assert len({thread for thread, _ in answers}) == 2

    def test_what_its_interpreter_cannot_import_fails_the_jobs_and_says_what(self, program: Program, interpreter: Interpreter) -> None:
        # A module that comes from a file that is imported in each interpreter, and that only the main one takes.
        (program.folder / "own.py").write_text(
            "import threading\nif threading.current_thread() is not threading.main_thread():\n"
            "    raise ImportError('not in a subinterpreter')\ndef f(index):\n    return index\n"
        )
        said = carried_out(program, interpreter, workload=f"{program.folder}/own.py:f", model="interpreters")
        assert (said["error"]["type"], said["error"]["message"], said["error"]["failed"]) == ("ImportError", "not in a subinterpreter", 3)

    def test_a_thread_that_a_job_leaves_behind_is_waited_for(self, program: Program, interpreter: Interpreter) -> None:
        path = program.folder / "late"
        workload = own(
            program, f"threading.Thread(target=lambda: (time.sleep(0.05), open({str(path)!r}, 'w').close())).start()\nreturn index"
        )
        said = carried_out(program, interpreter, workload=workload, model="interpreters", workers=1, jobs=1)
        assert said["error"] is None
        assert path.exists()

    def test_its_jobs_are_marked_with_the_number_of_the_interpreter(self, program: Program, interpreter: Interpreter) -> None:
        carried_out(program, interpreter, marked=True, workload=own(program, "return index"), model="interpreters", jobs=2)
        left = program.left()
        inside = [one for one in left if one.interpreter]
        names = {one.tid: set(one.texts.values()) for one in left if not one.interpreter}
        assert len({one.interpreter for one in inside}) == 2
        assert sorted(name for one in inside for name in names[one.tid]) == ["worker-1", "worker-2"]
        assert not any(one.texts for one in inside), "a thread keeps the name that it had outside"
