"""Programs as `gilscope record` has them in front of it, and as they are without it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.imports import ROOT

PATIENCE_S = 60


class Ended(NamedTuple):
    """A process that has ended; `code` is negative if it died of a signal."""

    code: int
    out: bytes
    err: bytes


def environment(data: Path, **more: str) -> dict[str, str]:
    """Of both: `PYTHONPATH` is what makes the command line importable."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GILSCOPE_")}
    return {**inherited, "PYTHONPATH": str(ROOT), "GILSCOPE_DATA": str(data), **more}


def record(*words: str, options: Sequence[str] = ("--quiet",), python: str = sys.executable) -> list[str]:
    """The command line that records a program."""
    return [sys.executable, "-m", "app", "record", "--python", python, *options, "--", *words]


def ended(command: list[str], cwd: Path, *, data: Path | None = None, stdin: bytes = b"", **more: Any) -> Ended:
    """Runs a command to its end, without a terminal."""
    env = more.pop("env", None) or environment(data or cwd / "data")
    done = subprocess.run(command, cwd=cwd, env=env, input=stdin, capture_output=True, timeout=PATIENCE_S, **more)
    return Ended(done.returncode, done.stdout, done.stderr)


def begun(command: list[str], cwd: Path, **more: Any) -> subprocess.Popen[bytes]:
    """Starts a command whose program says a line when it is ready; returns then."""
    more = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
    process: subprocess.Popen[bytes] = subprocess.Popen(command, cwd=cwd, env=more.pop("env", environment(cwd / "data")), **more)
    assert process.stdout is not None
    said = process.stdout.readline()
    if not said:
        raise AssertionError(f"it did not begin: {process.communicate()}")
    return process


def kept(cwd: Path) -> dict[str, Any]:
    """The one trace of the data directory, as the interface tells it."""
    command = [sys.executable, "-m", "app", "list", "--json"]
    (line,) = ended(command, ROOT, data=cwd / "data").out.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def none_kept(cwd: Path) -> bool:
    """Whether nothing was stored."""
    return ended([sys.executable, "-m", "app", "list", "--json"], ROOT, data=cwd / "data").out == b""
