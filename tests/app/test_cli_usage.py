"""A command line that cannot be meant so ends with exit code 2 and one line that says what to write instead."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from app.__main__ import _COMMANDS, main
from app.cli.arguments import parse
from tests.support.imports import ROOT


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GILSCOPE_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "work.py").write_text("def job(index): ...\n")
    return tmp_path / "data"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("rnu", "there is no command 'rnu': did you mean run?"),
        ("xyz", "there are serve, run, compare, record, list, show, open, export, import, delete, doctor"),
        ("run", "the following arguments are required: WORKLOAD (see gilscope run --help)"),
        ("run cpu", "choose a model with --model: sequential, threads, thread_pool, asyncio, asyncio_threads, processes, "),
        ("run cpuu --model threads", "WORKLOAD: there is no workload 'cpuu'; did you mean cpu? there are cpu, native, sleep, http, mixed"),
        ("run cpu --model thread", "--model: there is no model 'thread'; did you mean threads?"),
        ("run cpu --model threads --workers 65", "--workers: workers must be between 1 and 64, not 65"),
        ("run cpu --model threads --workers many", "argument --workers: invalid int value: 'many'"),
        ("run cpu --model threads --jobs 0", "--jobs: jobs must be between 1 and 10000, not 0"),
        ("run cpu --model threads --set rounds", "--set takes key=value, not 'rounds'"),
        ("run cpu --model threads --set round=1", "--set: there is no parameter 'round'; did you mean rounds? there are rounds"),
        ("run cpu --model threads --set rounds=5", "--set: rounds must be between 1,000 and"),
        ("run cpu --model threads --set rounds=lots", "--set: rounds must be a whole number between"),
        ("run http --model threads --set latency_ms=nan", "--set: latency_ms must be a number between"),
        ("run cpu --model threads --start-method fork", "--start-method: start_method must be left out: threads starts no processes"),
        ("run cpu --model processes --start-method x", "--start-method: start_method must be one of spawn, fork, forkserver, not 'x'"),
        ("run cpu --model threads --switch-interval 99", "--switch-interval: switch_interval must be between"),
        ("run cpu --model threads --python 2.7", "--python: there is no interpreter '2.7' here; there are "),
        ("run cpu --model threads --python ./none", "--python: there is no file none; there are "),
        ("run cpu --model threads --gil off --python {own}", "--gil off needs a free-threaded interpreter"),
        ("run cpu --model threads --gil maybe", "argument --gil: invalid choice: 'maybe' (choose from"),
        (
            "run cpu --model threads --sources marks,krenel",
            "there is no source 'krenel'; there are marks, kernel, schedstat, gil, gil-sampled",
        ),
        ("run cpu --model threads --sources kernel", "must name marks"),
        ("run cpu --model threads --repeat 0", "argument --repeat: must be a whole number between 1 and 1000, not '0'"),
        ("run cpu --model threads --nonsense", "unrecognized arguments: --nonsense"),
        ("run work.py:jbo --model threads", "work.py has no function 'jbo': did you mean job?"),
        ("run none.py:job --model threads", "none.py cannot be read: No such file or directory"),
        ("run work.py:job --model threads --set a=1", "there is no parameter 'a': none can be set here"),
        ("serve --port 70000", "argument --port: must be a whole number between 0 and 65535, not '70000'"),
        ("--port x", "argument --port: must be a whole number"),
        ("serve --host 0.0.0.0 --no-open", "gilscope serves on loopback addresses only, and '0.0.0.0' is none"),
        ("list --status done", "argument --status: invalid choice: 'done'"),
        ("show", "the following arguments are required: ID"),
    ],
)
def test_the_mistake_is_named_with_what_could_stand_there(line: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.format(own=sys.executable).split()) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert told.err.startswith("gilscope")
    assert told.err.count("\n") == 1
    assert told.out == ""


def test_a_wrong_command_line_leaves_no_data_directory_behind(data: Path) -> None:
    assert main(["run", "cpu", "--model", "nope"]) == 2
    assert not data.exists()


def test_no_command_means_serve() -> None:
    assert parse([]).command == "serve"
    assert parse(["--port", "0"]).command == "serve"


def test_the_environment_mirrors_the_flags_and_a_flag_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GILSCOPE_PORT", "9000")
    monkeypatch.setenv("GILSCOPE_READ_ONLY", "1")
    monkeypatch.setenv("GILSCOPE_SOURCES", "marks,gil")
    assert parse([]).port == 9000
    assert parse(["--port", "0"]).port == 0
    assert parse([]).read_only
    assert parse(["run", "cpu"]).sources == ("marks", "gil")


@pytest.mark.parametrize(("name", "value"), [("GILSCOPE_PORT", "web"), ("GILSCOPE_READ_ONLY", "maybe"), ("GILSCOPE_HOST", "example.org")])
def test_a_bad_setting_of_the_environment_is_a_usage_error(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)
    assert main(["serve", "--no-open"]) == 2
    assert value in capsys.readouterr().err


@pytest.mark.parametrize("line", ["--help", "run --help", "doctor --help", "--version"])
def test_help_and_version_are_answered_on_stdout(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(line.split())
    assert ended.value.code == 0
    assert "gilscope" in capsys.readouterr().out


@pytest.mark.parametrize("command", sorted(_COMMANDS.keys() - {"serve"}))
def test_a_command_that_serves_nothing_does_not_wait_for_a_web_server(command: str) -> None:
    """To load one takes longer than most commands do."""
    loads = f"import sys; import app.cli.arguments, {_COMMANDS[command][0]}"
    told = f"{loads}; print(*{{'fastapi', 'uvicorn', 'pydantic'}} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
