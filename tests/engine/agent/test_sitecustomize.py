"""How the agent gets in, and out of the way."""

from __future__ import annotations

import pytest

from engine.supervisor.measured import AGENT
from tests.engine.agent.measured import INTERPRETERS, Program

pytestmark = pytest.mark.parametrize("interpreter", INTERPRETERS)


def test_the_programs_own_sitecustomize_runs_too(program: Program, interpreter: str) -> None:
    (program.folder / "own").mkdir()
    (program.folder / "own" / "sitecustomize.py").write_text("print('own')\n")
    ran = program.run(interpreter, "-c", "import sitecustomize; print(sitecustomize.__file__)", PYTHONPATH=str(program.folder / "own"))
    assert ran.stdout.split() == ["own", str(program.folder / "own" / "sitecustomize.py")]
    assert len(program.left()) == 1


def test_our_folder_is_last_and_packages_of_the_same_names_are_the_programs(program: Program, interpreter: str) -> None:
    for name in ("app", "engine", "marks", "models"):
        (program.folder / f"{name}.py").write_text("")
    (program.folder / "script.py").write_text(
        "import sys, app, engine, marks, models\nprint(sys.path[-1])\nfor one in (app, engine, marks, models): print(one.__file__)\n"
    )
    ran = program.run(interpreter, "script.py")
    assert ran.stderr == ""
    assert ran.stdout.split() == [str(AGENT), *(str(program.folder / f"{name}.py") for name in ("app", "engine", "marks", "models"))]


def test_nothing_happens_to_a_program_that_nobody_records(program: Program, interpreter: str) -> None:
    ran = program.run(interpreter, "-c", "import sys; print([one for one in sys.modules if 'gilscope' in one])", marked=False)
    assert ran.stdout == "[]\n"
    assert program.left() == []


@pytest.mark.parametrize("flag", ["-S", "-I", "-E"])
def test_an_interpreter_that_takes_no_customizing_is_unharmed(program: Program, interpreter: str, flag: str) -> None:
    ran = program.run(interpreter, flag, "-c", "print('ran')")
    assert (ran.stdout, ran.stderr) == ("ran\n", "")
    assert program.left() == []


def test_it_brings_in_nothing_but_marks(program: Program, interpreter: str) -> None:
    source = "import sys; print(*sorted(set(sys.modules) - set(sys.argv[1].split())))"
    before = program.run(interpreter, "-c", "import sys; print(*sys.modules)", marked=False).stdout
    after = program.run(interpreter, "-c", source, before).stdout.split()
    assert set(after) <= {"_gilscope", "_gilscope.codes", "_gilscope.marks", "mmap"}
