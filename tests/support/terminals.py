"""A terminal, and who sits at it."""

from __future__ import annotations

import os
import pty
import select
import signal
import time
from pathlib import Path
from typing import Self

PATIENCE_S = 40.0


class Terminal:
    """Starts a command as the leader of a session on a terminal of its own. Use it as a context manager."""

    def __init__(self, command: list[str], cwd: Path, environment: dict[str, str]) -> None:
        self._seen = b""
        self.pid, self._screen = pty.fork()
        if not self.pid:
            os.chdir(cwd)
            os.execvpe(command[0], command, environment)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)

    def hang_up(self) -> None:
        """The terminal goes away. Idempotent."""
        if self._screen >= 0:
            os.close(self._screen)
            self._screen = -1

    def type(self, keys: str) -> None:
        os.write(self._screen, keys.encode())

    def until(self, text: str) -> str:
        """What is shown up to and with that text, since the last time. Fails when it does not come."""
        deadline = time.monotonic() + PATIENCE_S
        while text.encode() not in self._seen:
            readable, _, _ = select.select([self._screen], [], [], max(0.0, deadline - time.monotonic()))
            assert readable, f"{text!r} was not shown, but {self._seen!r}"
            try:
                data = os.read(self._screen, 65536)
            except OSError:
                data = b""
            assert data, f"{text!r} was not shown before the end, but {self._seen!r}"
            self._seen += data
        shown, _, self._seen = self._seen.partition(text.encode())
        return (shown + text.encode()).decode(errors="replace")

    def ended(self) -> int:
        """The wait status of the command, with everything shown that it shows last."""
        while self._screen >= 0:
            try:
                if not os.read(self._screen, 65536):
                    break
            except OSError:
                break
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        return status
