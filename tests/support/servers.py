"""Real servers in processes of their own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.imports import ROOT

HERE = (sys.executable, "-m", "app")


@contextmanager
def serving(
    data: Path,
    *options: str,
    command: Sequence[str] = HERE,
    cwd: Path = ROOT,
    environment: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """The URL (with a slash at its end) of a server on `data`, on a free port. Ended as Ctrl-C would; it must end well."""
    process = subprocess.Popen(
        [*command, "serve", "--port", "0", "--no-open", "--data", str(data), *options],
        cwd=cwd,
        env=dict(environment or os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        match = re.fullmatch(r"Serving on (http://\S+/)\n", line)
        if match is None:
            process.kill()
            raise AssertionError(f"the server did not start: {line}{process.communicate()[1]}")
        yield match[1]
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=30)
    assert process.returncode == 0, complaints
