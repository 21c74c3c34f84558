"""The command line as a user has it: a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.support.imports import ROOT


class Told(NamedTuple):
    """What a command answered."""

    code: int
    out: str
    err: str


def gilscope(*arguments: str | Path, data: Path, cwd: Path = ROOT, stdin: bytes = b"", **environment: str) -> Told:
    """Runs `gilscope ARGUMENTS` on a data directory to its end, without a terminal."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GILSCOPE_")}
    done = subprocess.run(
        [sys.executable, "-m", "app", *map(str, arguments)],
        cwd=cwd,
        env={**inherited, "PYTHONPATH": str(ROOT), "GILSCOPE_DATA": str(data), "COLUMNS": "100", **environment},
        input=stdin,
        capture_output=True,
        timeout=100,
    )
    return Told(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode())
