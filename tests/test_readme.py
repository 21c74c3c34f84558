"""The README's scripts do what they say, against a real server."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.support.imports import ROOT
from tests.support.servers import serving


def scripts() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.S | re.M)


def said_by(script: str, data: Path) -> str:
    """On a server of its own, whose port is another one than the README's."""
    with serving(data) as url:
        assert "http://127.0.0.1:8181" in script
        code = script.replace("http://127.0.0.1:8181", url.rstrip("/"))
        done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_first_script_runs_a_workload_and_prints_what_happened(tmp_path: Path) -> None:
    said = said_by(scripts()[0], tmp_path)
    assert re.match(r"complete /t/[a-z0-9]{12}\ncores used: [\d.]+\n(- .+\n)+$", said), said


def test_the_second_script_compares_models_and_prints_which_is_best_and_why(tmp_path: Path) -> None:
    _, script = scripts()
    said = said_by(script, tmp_path)
    times = r"(sequential \d+ 1\.0|threads \d+ [23]\.\d+|asyncio \d+ [23]\.\d+)"
    assert re.match(rf"[^\n]*times as fast as sequential[^\n]*waits overlapped[^\n]*\n({times}\n){{3}}$", said), said
