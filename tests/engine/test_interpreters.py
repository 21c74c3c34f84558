"""Interpreters are found by asking them, and what cannot be measured is told with its reason."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine import interpreters
from engine.interpreters import InterpreterError, choices, discover, find, first_on_path, own, rejected, with_gil

REAL = str(Path(sys.executable).resolve())
VERSION = ".".join(map(str, sys.version_info[:3]))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH, on a machine where nobody installed anything else."""
    for name in ("PYENV_ROOT", "UV_PYTHON_INSTALL_DIR", "PYTHONS", "XDG_DATA_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    path = tmp_path / "bin"
    path.mkdir()
    monkeypatch.setenv("PATH", f"{path}:/usr/bin:/bin")
    monkeypatch.setattr(interpreters, "_candidates", _only(path, interpreters._candidates))
    return path


def _only(path: Path, candidates: Callable[[], object]) -> Callable[[], list[Path]]:
    """The real search, without what this machine has in its own folders."""
    return lambda: [found for found in candidates() if path.parent in found.parents]  # type: ignore[attr-defined]


def script(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def says(**more: object) -> str:
    """A script's body that answers as an interpreter of the given kind does."""
    said = {"path": "", "version": "3.97.9", "info": [3, 97], "implementation": "CPython", "free_threaded": False, "gil_enabled": True}
    said |= {"debug": False, "compiler": "GCC 14.2.0", "built": ["main", "Oct  7 2024 11:12:13"]}
    return f"echo '{json.dumps({**said, **more})}'"


@pytest.mark.usefixtures("folder")
def test_our_own_interpreter_comes_first_and_is_known_by_what_it_is() -> None:
    first = discover()[0]
    assert first == own()
    assert first.own
    assert first.version == VERSION
    assert Path(first.path).samefile(sys.executable)


def test_an_interpreter_under_several_names_is_one(folder: Path) -> None:
    made = script(folder / "python3.97", says())
    (folder / "python3").symlink_to(made)
    assert [one.path for one in discover() if not one.own] == [str(made)]


def test_the_python_of_a_virtual_environment_keeps_its_own_path_because_its_packages_depend_on_it(folder: Path) -> None:
    (folder.parent / "venv" / "bin").mkdir(parents=True)
    (folder.parent / "venv" / "pyvenv.cfg").write_text(f"home = {Path(REAL).parent}\n")
    python = folder.parent / "venv" / "bin" / "python3"
    python.symlink_to(REAL)
    found = find(str(folder.parent / "venv"))
    assert found.path == str(python)
    assert found.version == VERSION
    assert found.id != find(REAL).id


def test_versions_without_a_t_mean_the_build_with_a_gil(folder: Path) -> None:
    script(folder / "python3.98", says(version="3.98.1", info=[3, 98]))
    script(folder / "python3.98t", says(version="3.98.5", info=[3, 98], free_threaded=True, gil_enabled=False))
    assert find("3.98").path.endswith("python3.98")
    assert find("3.98t").path.endswith("python3.98t")
    assert find("3.98t").id.startswith("3.98.5t-")
    assert not find("3.98t").gil_enabled
    assert find("3.98.1").version == "3.98.1"
    assert find(find("3.98t").id) == find("3.98t")


def test_the_newest_comes_before_older_ones(folder: Path) -> None:
    for minor, patch in ((12, 4), (14, 2), (14, 10)):
        script(folder / f"python3.{minor}{'t' if patch == 2 else ''}", says(version=f"3.{minor}.{patch}", info=[3, minor]))
    assert [one.version for one in discover() if not one.own] == ["3.14.10", "3.14.2", "3.12.4"]


def test_what_is_not_there_is_answered_with_what_there_is(folder: Path) -> None:
    script(folder / "python3.97", says())
    with pytest.raises(InterpreterError, match=rf"no interpreter '3\.99' here; there are {VERSION} \(.*\), 3\.97\.9 \(.*python3\.97\)"):
        find("3.99")
    with pytest.raises(InterpreterError, match=r"there is no file .*nowhere; there are"):
        find(str(folder / "nowhere"))


@pytest.mark.parametrize(
    ("kind", "build"),
    [
        ({}, "GCC 14.2.0, Oct 7 2024"),
        ({"free_threaded": True}, "free-threaded, GCC 14.2.0, Oct 7 2024"),
        ({"debug": True, "compiler": "Clang 18.1.8 "}, "debug, Clang 18.1.8, Oct 7 2024"),
        ({"built": ["tags/v3.97.9-dirty:52a54e8", "Jun 1 2026 00:00:00"]}, "GCC 14.2.0, tags/v3.97.9-dirty:52a54e8, Jun 1 2026"),
        ({"compiler": "[" + "x" * 500 + "]"}, "[" + "x" * 119),
    ],
)
def test_how_an_interpreter_was_built_is_told(folder: Path, kind: dict[str, object], build: str) -> None:
    script(folder / "python3.97", says(**kind))
    assert find("3.97t" if "free_threaded" in kind else "3.97").build == build


def test_our_own_build_is_told() -> None:
    assert own().build.startswith(("free-threaded, " if own().free_threaded else "") + platform.python_compiler().strip())


def test_a_free_threaded_interpreter_is_offered_without_its_gil_and_with_it(folder: Path) -> None:
    script(folder / "python3.98t", says(version="3.98.5", info=[3, 98], free_threaded=True, gil_enabled=False))
    script(folder / "python3.97", says())
    without, with_it, plain = (one for one in choices() if not one.own and one.version in ("3.98.5", "3.97.9"))
    assert (without.gil_enabled, with_it.gil_enabled, plain.gil_enabled) == (False, True, True)
    assert with_it.id == f"{without.id}-gil"
    assert with_it.path == without.path
    assert find(with_it.id) == with_it
    assert find("3.98t") == find(without.path) == without
    assert len({one.id for one in choices()}) == len(choices())


def test_the_gil_can_be_switched_where_there_is_a_choice(folder: Path) -> None:
    script(folder / "python3.98t", says(version="3.98.5", info=[3, 98], free_threaded=True, gil_enabled=False))
    script(folder / "python3.97", says())
    free, plain = find("3.98t"), find("3.97")
    assert with_gil(with_gil(free, True), False) == free
    assert with_gil(with_gil(free, True), True) == with_gil(free, True)
    assert with_gil(plain, True) == plain
    with pytest.raises(InterpreterError, match=r"3\.97\.9 .* cannot be without its GIL"):
        with_gil(plain, False)


@pytest.mark.parametrize(
    ("variable", "where"),
    [
        ("PYENV_ROOT", "versions/3.97.9/bin/python3.97"),
        ("UV_PYTHON_INSTALL_DIR", "cpython-3.97.9-linux-x86_64-gnu/bin/python3.97"),
        ("PYTHONS", "bin/python3.97"),
        ("XDG_DATA_HOME", "uv/python/cpython-3.97.9-linux-x86_64-gnu/bin/python3.97"),
        ("XDG_DATA_HOME", "pythons/bin/python3.97"),
        ("HOME", ".pyenv/versions/3.97.9/bin/python3.97"),
        ("HOME", ".local/share/uv/python/cpython-3.97.9-linux-x86_64-gnu/bin/python3.97"),
        ("HOME", ".local/share/pythons/bin/python3.97"),
    ],
)
def test_interpreters_are_found_where_people_put_them(folder: Path, monkeypatch: pytest.MonkeyPatch, variable: str, where: str) -> None:
    for name in ("PYENV_ROOT", "UV_PYTHON_INSTALL_DIR", "PYTHONS", "XDG_DATA_HOME"):
        monkeypatch.delenv(name)
    root = folder.parent / "there"
    monkeypatch.setenv(variable, str(root))
    made = script(root / where, says())
    assert [one.path for one in discover() if not one.own] == [str(made)]
    assert find("3.97").path == find(str(made)).path == str(made)


@pytest.mark.parametrize("shown", ["echo Python 2.7.18 >&2", "echo Python 3.3.7"])
def test_one_so_old_that_it_does_not_understand_the_question_is_told_by_its_version(folder: Path, shown: str) -> None:
    made = script(folder / "python3", f'[ "$1" = -V ] && {{ {shown}; exit; }}\necho "Unknown option: -I" >&2; exit 2')
    version = shown.split()[2]
    with pytest.raises(InterpreterError, match=rf"is Python {version}; CPython 3\.11 or later can be measured"):
        find(str(made))


def test_a_version_that_is_here_but_too_old_is_told_as_such_when_it_is_asked_for(folder: Path) -> None:
    made = script(folder / "python3.9", says(version="3.9.2", info=[3, 9]))
    for asked in ("3.9", "3.9.2"):
        with pytest.raises(InterpreterError, match=rf"{made} is CPython 3\.9\.2; 3\.11 or later can be measured; there are"):
            find(asked)
    for asked in ("3.9t", "3.90", "3.9.22"):
        with pytest.raises(InterpreterError, match="there is no interpreter"):
            find(asked)


def test_a_program_that_only_repeats_the_question_is_no_interpreter() -> None:
    with pytest.raises(InterpreterError, match=r"/ls is no Python interpreter; there are"):
        find("/bin/ls")


def test_what_is_no_python_at_all_is_told_in_its_own_words(folder: Path) -> None:
    made = script(folder / "tool", "echo tool: bad option >&2; exit 2")
    with pytest.raises(InterpreterError, match="does not work: tool: bad option; there are"):
        find(str(made))


def test_real_interpreters_of_this_machine_are_what_they_say_themselves() -> None:
    for one in discover():
        code = "import sys, platform; print(platform.python_version(), getattr(sys, '_is_gil_enabled', lambda: True)())"
        said = subprocess.run([one.path, "-I", "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout.split()
        assert said == [one.version, str(one.gil_enabled)]
        assert one.build


def test_real_interpreters_that_are_too_old_are_told_as_such() -> None:
    old = [one for one in rejected() if "is CPython" in one.reason]
    if not old:
        pytest.skip("every interpreter of this machine can be measured")
    for one in old:
        with pytest.raises(InterpreterError, match=r"is CPython 3\.\d+\.\d+; 3\.11 or later can be measured; there are"):
            find(one.path)


@pytest.mark.parametrize(
    ("name", "body", "reason"),
    [
        ("python3.9", says(version="3.9.2", info=[3, 9]), "is CPython 3.9.2; 3.11 or later can be measured"),
        ("pypy3", says(implementation="PyPy", version="3.11.13"), "is PyPy 3.11.13; only CPython can be measured"),
        ("python3.97", "echo 'version 3.97 is not installed' >&2; exit 127", "does not work: version 3.97 is not installed"),
        ("python3.97", "kill -9 $$", "does not work: exit code -9"),
        ("python3.97", "echo hello", "does not work: exit code 0"),
    ],
)
def test_what_cannot_be_measured_is_rejected_with_the_reason(folder: Path, name: str, body: str, reason: str) -> None:
    made = script(folder / name, body)
    assert [(one.path, one.reason) for one in rejected()] == [(str(made), reason)]
    assert [one for one in discover() if not one.own] == []
    with pytest.raises(InterpreterError, match="there are"):
        find(str(made))


def test_one_that_hangs_is_given_up_with_everything_it_started(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreters, "TIME_LIMIT_S", 0.2)
    made = script(folder / "python3.97", "sleep 600")
    assert [(one.path, one.reason) for one in rejected()] == [(str(made), "does not answer within 0.2 s")]


def test_a_file_that_is_no_program_is_rejected(folder: Path) -> None:
    (folder / "python3").write_bytes(b"\x7fELF no")
    (folder / "python3").chmod(0o755)
    assert [one.reason for one in rejected()] == ["does not start: Exec format error"]


def test_each_file_is_started_once_until_it_is_replaced(folder: Path) -> None:
    count = folder / "count"
    made = script(folder / "python3.97", f"echo >> {count}\n{says()}")
    assert [discover(), discover()][0] == discover()
    assert len(count.read_text()) == 1
    script(made, says(version="3.97.10"))
    os.utime(made, ns=(1, 1))
    assert find("3.97").version == "3.97.10"


def test_a_shim_is_resolved_to_the_interpreter_behind_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shims = folder.parent / "shims"
    script(shims / "python3", f'exec {REAL} "$@"')
    monkeypatch.setenv("PATH", f"{shims}:/usr/bin:/bin")
    assert first_on_path().path == find(REAL).path
    assert rejected() == ()


def test_the_users_python_is_never_silently_replaced_by_another_one(folder: Path) -> None:
    script(folder / "python3", says(version="3.9.2", info=[3, 9]))
    with pytest.raises(InterpreterError, match=r"3\.11 or later can be measured; there are"):
        first_on_path()
