"""A gilscope server as its own process, as a user starts it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

_ROOT = Path(__file__).parents[2]
_SERVING = re.compile(r"Serving on (http://127\.0\.0\.1:(\d+))/")


class Server:
    """`python -m app serve` on a data directory. A context manager; `start` and `stop` may be called again and again, on one port."""

    def __init__(self, data: Path, *flags: str) -> None:
        self._data = data
        self._flags = flags
        self._port = "0"
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> None:
        """Returns when it answers."""
        command = [sys.executable, "-m", "app", "serve", "--port", self._port, "--data", str(self._data), "--no-open", *self._flags]
        self._process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if found := _SERVING.search(line):
                self.url, self._port = found[1], found[2]
                return
        raise AssertionError(f"the server ended with {self._process.wait()} and never said where it serves")

    @property
    def pid(self) -> int:
        """Of the process that serves, while it does."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> None:
        """As Ctrl-C does."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
