"""The server that the `http` workloads speak to: a process of its own on a free loopback port. It is no lane and in no figure."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Self

_SCRIPT = Path(__file__).with_name("http_server.py")
_PATIENCE_S = 10.0


class HttpHelper:
    """Started when made, and answering by then; ended by `close`. `address` is its (host, port)."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(_SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert self._process.stdout is not None
        said = self._process.stdout.readline().split()
        if len(said) != 2:
            self.close()
            raise RuntimeError("the HTTP server that the workload needs did not start; is the loopback interface up?")
        self.address = (said[0].decode(), int(said[1]))

    @property
    def pid(self) -> int:
        return self._process.pid

    def close(self) -> None:
        """Its input ends, and so does it."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
