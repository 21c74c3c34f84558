"""Programs that know nothing of us say and do the same with instruments as without any of our code."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from tests.engine.agent.measured import INTERPRETERS, Program
from tests.engine.agent.unaware import PROGRAMS

OWN_MODULES = ("app", "engine", "marks", "codes", "instruments", "threads", "names")
_ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
_IDENTITY = re.compile(r"\b\d{6,}\b|(?:pid|fd)=\d+")
_WAS_SLOW = re.compile(r"Executing <.*> took \d+\.\d+ seconds$")


def as_said(ran: subprocess.CompletedProcess[str]) -> tuple[int, list[str], list[str]]:
    """Exit code, output and complaints, but for the numbers that differ from run to run, and for what a busy machine made slow."""
    output, complaints = (_IDENTITY.sub("#", _ADDRESS.sub("#", text)).splitlines() for text in (ran.stdout, ran.stderr))
    return ran.returncode, output, [line for line in complaints if not _WAS_SLOW.match(line)]


def stock(program: Program, interpreter: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH" and not name.startswith("GILSCOPE")}
    return subprocess.run(
        [interpreter, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=program.folder,
        env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
        input="given",
    )


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("interpreter", INTERPRETERS)
def test_it_says_and_does_the_same(program: Program, interpreter: str, name: str) -> None:
    _is_the_same(program, interpreter, name)


# One breaks asyncio's own bookkeeping; in debug mode the loop of 3.11 then wakes a task that it would not have woken without us.
@pytest.mark.parametrize("name", [name for name in PROGRAMS if name != "an error in what should not fail"])
@pytest.mark.parametrize("interpreter", INTERPRETERS[::3])
def test_it_does_so_in_development_mode_and_where_warnings_are_errors(program: Program, interpreter: str, name: str) -> None:
    _is_the_same(program, interpreter, name, "-X", "dev", "-W", "error")


def _is_the_same(program: Program, interpreter: str, name: str, *options: str) -> None:
    for own in OWN_MODULES:
        (program.folder / f"{own}.py").write_text("name = __name__\n")
    (program.folder / "script.py").write_text(PROGRAMS[name])
    arguments = [*options, "script.py", "an argument"]
    recorded = program.run(interpreter, *arguments, GILSCOPE_INSTRUMENT="1", GILSCOPE_PROGRAM="1")
    assert as_said(recorded) == as_said(stock(program, interpreter, *arguments))
    assert program.left()
