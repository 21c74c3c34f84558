"""The README's script does what it says, against a real server."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.support.imports import ROOT
from tests.support.servers import serving


def test_the_script_runs_a_workload_and_prints_what_happened(tmp_path: Path) -> None:
    (script,) = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.S | re.M)
    with serving(tmp_path) as url:
        assert "http://127.0.0.1:8181" in script
        said = subprocess.run(
            [sys.executable, "-W", "error", "-c", script.replace("http://127.0.0.1:8181", url.rstrip("/"))],
            capture_output=True,
            text=True,
        )
    assert said.returncode == 0, said.stderr
    assert re.match(r"complete /t/[a-z0-9]{12}\ncores used: [\d.]+\n(- .+\n)+$", said.stdout), said.stdout
