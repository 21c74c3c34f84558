"""Which interpreters there are on this machine that can be measured.

    own           the one that runs us: first, and the default for built-in workloads
    PATH          python3, python3.N, python3.Nt, pypy3 (the last only to say why not)
    pyenv         $PYENV_ROOT/versions/*/bin     (its shims are scripts: passed over here, resolved by `first_on_path`)
    uv            $UV_PYTHON_INSTALL_DIR/*/bin
    by hand       $PYTHONS/bin

Every candidate is started once, isolated (`-I -S`) and with a time limit, and says itself what it is: a file name proves nothing.
Measurable is CPython 3.11 or later; a free-threaded one without its GIL, as it is by default, and with it. An interpreter is the same one
if its real path is the same; that of a virtual environment keeps its own path, because the path decides which packages it sees.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from engine.trace import Interpreter

OLDEST = (3, 11)
TIME_LIMIT_S = 10.0
_ENOUGH = f"{'.'.join(map(str, OLDEST))} or later can be measured"
_LONGEST_BUILD = 120
_NAMES = re.compile(r"(python3(\.\d+t?)?|pypy3(\.\d+)?)$")
_VERSION = re.compile(r"(?:python|cpython)?-?(?P<number>\d+(?:\.\d+)*(?:(?:a|b|rc)\d+)?\+?)(?P<threaded>t)?$")
_QUESTION = """
import json, platform, sys, sysconfig
print(json.dumps({
    "path": sys.executable,
    "version": platform.python_version(),
    "info": list(sys.version_info[:2]),
    "implementation": platform.python_implementation(),
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "gil_enabled": getattr(sys, "_is_gil_enabled", lambda: True)(),
    "debug": bool(sysconfig.get_config_var("Py_DEBUG")),
    "compiler": platform.python_compiler(),
    "built": platform.python_build(),
}))
"""
_OLD = re.compile(r"Python (?P<version>(?P<major>\d+)\.(?P<minor>\d+)\S*)")
_WITH_GIL = "-gil"
_gate = threading.Lock()


class InterpreterError(ValueError):
    """No such interpreter, or one that cannot be measured. The message says what there is instead."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A candidate that cannot be measured, and why. `version` is empty where it does not tell one."""

    path: str
    reason: str
    version: str = ""


def own() -> Interpreter:
    """The interpreter that runs this code. Raises InterpreterError if that one cannot be measured."""
    if not sys.executable:
        raise InterpreterError("this interpreter does not know its own path; start gilscope with a regular python3")
    answer = _ask(sys.executable)
    if isinstance(answer, Rejected):
        raise InterpreterError(f"{answer.path} {answer.reason}")
    return replace(answer, own=True)


def discover() -> tuple[Interpreter, ...]:
    """Every measurable interpreter, our own first, then newest first. Looks again each time; each file is started only once."""
    mine = own()
    found = {mine.path: mine}
    for answer in _answers():
        if isinstance(answer, Interpreter):
            found.setdefault(answer.path, answer)
    return mine, *sorted((one for one in found.values() if not one.own), key=_newest_first)


def choices() -> tuple[Interpreter, ...]:
    """What can be asked for: those that `discover` finds, and after each free-threaded one the same with its GIL switched on."""
    return tuple(choice for one in discover() for choice in ((one, with_gil(one, True)) if one.free_threaded else (one,)))


def with_gil(one: Interpreter, enabled: bool) -> Interpreter:
    """The same interpreter with its GIL on or off: its id ends in `-gil` where the GIL had to be switched on.

    Raises InterpreterError for one that cannot be without.
    """
    if not one.free_threaded:
        if enabled:
            return one
        raise InterpreterError(f"{one.version} ({one.path}) cannot be without its GIL")
    plain = one.id.removesuffix(_WITH_GIL)
    return replace(one, gil_enabled=enabled, id=plain + _WITH_GIL if enabled else plain, own=one.own and not enabled)


def rejected() -> tuple[Rejected, ...]:
    """The candidates that `discover` passed over: too old, not CPython, broken, or hanging."""
    found = {answer.path: answer for answer in _answers() if isinstance(answer, Rejected)}
    return tuple(sorted(found.values(), key=lambda one: one.path))


def find(name_or_path: str) -> Interpreter:
    """The interpreter that a user means by an id, a version (`3.12`, `3.12.1`, `3.13t`), a path, or a command on PATH.

    A path may also be that of a folder with `bin/python3` in it. A version without `t` is the build with a GIL. Raises InterpreterError,
    which lists what there is.
    """
    wanted = name_or_path.strip()
    if os.sep in wanted or wanted.startswith((".", "~")):
        return _at(Path(wanted).expanduser())
    there = discover()
    for one in choices():
        if wanted == one.id:
            return one
    if match := _VERSION.match(wanted):
        number, threaded = match["number"], bool(match["threaded"])
        for one in there:
            if one.free_threaded == threaded and (one.version == number or one.version.startswith(number + ".")):
                return one
        for other in rejected():
            if not threaded and f"{other.version}.".startswith(f"{number}."):
                raise InterpreterError(f"{other.path} {other.reason}; there are {_listed(there)}")
    elif command := shutil.which(wanted):
        return _at(Path(command))
    raise InterpreterError(f"there is no interpreter {wanted!r} here; there are {_listed(there)}")


def first_on_path() -> Interpreter:
    """What `python3` means in the user's shell, pyenv's shims resolved. Our own where PATH has none.

    Raises InterpreterError if that one cannot be measured: another one in its place would see other packages.
    """
    command = shutil.which("python3")
    return _at(Path(command)) if command else own()


def is_at(path: str | Path, interpreter: Interpreter) -> bool:
    """Whether starting that file starts this interpreter, in the same environment. False for a script that chooses one."""
    return _identity(Path(path)) == interpreter.path


def _at(path: Path) -> Interpreter:
    if _there(path / "bin" / "python3"):
        path = path / "bin" / "python3"
    if not _there(path):
        raise InterpreterError(f"there is no file {path}; there are {_listed(discover())}")
    answer = _ask(str(path))
    if isinstance(answer, Rejected):
        raise InterpreterError(f"{answer.path} {answer.reason}; there are {_listed(discover())}")
    return replace(answer, own=True) if answer.path == own().path else answer


def _listed(there: tuple[Interpreter, ...]) -> str:
    return ", ".join(f"{one.version}{'t' if one.free_threaded else ''} ({one.path})" for one in there)


def _newest_first(one: Interpreter) -> tuple[list[int], bool, str]:
    numbers = [-int(part) for part in re.findall(r"\d+", one.version)[:3]]
    return numbers, one.free_threaded, one.path


def _answers() -> list[Interpreter | Rejected]:
    paths = list(dict.fromkeys(_identity(path) for path in _candidates()))
    with ThreadPoolExecutor(4, thread_name_prefix="interpreters") as pool:
        return list(pool.map(_ask, paths))


def _candidates() -> Iterator[Path]:
    home = Path.home()
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    pyenv = Path(os.environ.get("PYENV_ROOT") or home / ".pyenv")
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv" / "python")
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    folders += _below(pyenv / "versions", "*/bin")
    folders += _below(uv, "*/bin")
    folders.append(Path(os.environ.get("PYTHONS") or data / "pythons") / "bin")
    for folder in dict.fromkeys(folders):
        if folder.name == "shims":
            continue
        yield from (file for file in _below(folder, "*") if _NAMES.match(file.name) and os.access(file, os.X_OK))


def _below(folder: Path, pattern: str) -> list[Path]:
    """None where we may not look: another user's folder on PATH is nothing unusual."""
    try:
        return sorted(folder.glob(pattern))
    except OSError:
        return []


def _there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def _identity(path: Path) -> str:
    """The path by which an interpreter is known: the real one, but a virtual environment's own."""
    absolute = path.parent.resolve() / path.name
    if _there(absolute.parent.parent / "pyvenv.cfg"):
        # python, python3 and python3.12 of one environment are one.
        same = absolute.parent / "python3"
        return str(same if _there(same) and same.resolve() == absolute.resolve() else absolute)
    return str(absolute.resolve())


def _ask(path: str) -> Interpreter | Rejected:
    path = _identity(Path(path))
    try:
        stamp = Path(path).stat().st_mtime_ns
    except OSError as error:
        return Rejected(path, f"cannot be read: {error.strerror}")
    with _gate:
        lock = _locks.setdefault(path, threading.Lock())
    with lock:
        return _asked(path, stamp)


_locks: dict[str, threading.Lock] = {}


@lru_cache(maxsize=256)
def _asked(path: str, stamp: int) -> Interpreter | Rejected:  # noqa: ARG001 - a file that was replaced is asked again
    try:
        process = subprocess.Popen(
            [path, "-I", "-S", "-c", _QUESTION],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        return Rejected(path, f"does not start: {error.strerror}")
    with process:
        try:
            out, complaint = process.communicate(timeout=TIME_LIMIT_S)
        except subprocess.TimeoutExpired:
            # The whole group: a wrapper script that hangs has children that keep the pipes open.
            os.killpg(process.pid, signal.SIGKILL)
            return Rejected(path, f"does not answer within {TIME_LIMIT_S:g} s")
    try:
        said = json.loads(out)
    except ValueError:
        last = complaint.strip().splitlines()[-1:] or [f"exit code {process.returncode}"]
        said_so = "is no Python interpreter" if "sysconfig" in last[0] else f"does not work: {last[0][:200]}"
        return Rejected(path, _too_old(path) or said_so)
    if said["implementation"] != "CPython":
        return Rejected(path, f"is {said['implementation']} {said['version']}; only CPython can be measured", said["version"])
    if tuple(said["info"]) < OLDEST:
        return Rejected(path, f"is CPython {said['version']}; {_ENOUGH}", said["version"])
    known = _identity(Path(said["path"])) if said["path"] else path
    mark = hashlib.sha256(known.encode()).hexdigest()[:6]
    return Interpreter(
        id=f"{said['version']}{'t' if said['free_threaded'] else ''}-{mark}",
        path=known,
        version=said["version"],
        free_threaded=said["free_threaded"],
        gil_enabled=said["gil_enabled"],
        build=_build(said),
    )


def _too_old(path: str) -> str | None:
    """Of one that does not understand the question: a Python before 3.4 knows no `-I`, but says its version."""
    try:
        answer = subprocess.run(
            [path, "-V"], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=TIME_LIMIT_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    told = _OLD.match(answer.stdout or answer.stderr)
    if told is None or (int(told["major"]), int(told["minor"])) >= OLDEST:
        return None
    return f"is Python {told['version']}; CPython {_ENOUGH}"


def _build(said: dict[str, Any]) -> str:
    """Like `free-threaded, GCC 14.2.0, Oct 7 2024`."""
    tag, day = said["built"]
    words = ["free-threaded" if said["free_threaded"] else "", "debug" if said["debug"] else "", said["compiler"].strip()]
    words += [tag if tag not in ("main", "default") else "", " ".join(day.split()[:3])]
    return ", ".join(word for word in words if word)[:_LONGEST_BUILD]
