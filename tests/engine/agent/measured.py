"""Programs in a measured interpreter, and the marks that they left."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from engine.interpreters import discover
from engine.probes.marks import MarkFolder, ThreadMarks
from engine.supervisor.measured import AGENT

INTERPRETERS = [pytest.param(one.path, id=f"{one.version}{'t' if one.free_threaded else ''}") for one in discover()]


class Program:
    """Runs sources with the agent inside, in folders of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.marks = folder / "marks"
        self.marks.mkdir()

    def run(self, interpreter: str, *arguments: str, marked: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs it to its end. `environment` is set beside ours; what is empty is not there."""
        return subprocess.run(
            [interpreter, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            cwd=self.folder,
            env=self._environment(marked, environment),
            input="given",
        )

    def start(self, interpreter: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Starts it with pipes for its input and output."""
        return subprocess.Popen(
            [interpreter, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=self._environment(True, environment),
        )

    def _environment(self, marked: bool, more: dict[str, str]) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH" and not name.startswith("GILSCOPE")}
        path = os.pathsep.join(filter(None, [str(AGENT), more.pop("PYTHONPATH", "")]))
        inherited.update(more, PYTHONPATH=path, PYTHONDONTWRITEBYTECODE="1")
        if marked:
            inherited["GILSCOPE_MARKS"] = str(self.marks)
        return inherited

    def left(self) -> list[ThreadMarks]:
        """What each of its threads marked, the first one first."""
        folder = MarkFolder(self.marks)
        found, _ = folder.drain()
        folder.close()
        return sorted(found, key=lambda marks: int(marks.t[0]) if len(marks.t) else 0)


def told(marks: ThreadMarks) -> list[tuple[int, int]]:
    """The (kind, argument) of each mark, in order."""
    return list(zip(marks.kind.tolist(), marks.argument.tolist(), strict=True))
