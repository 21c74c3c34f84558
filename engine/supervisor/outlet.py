"""Where what the measured program prints goes to: into a pipe of ours, or wherever it goes without us."""

from __future__ import annotations

import fcntl
import os
import subprocess
from typing import Any, Protocol

from engine.streams import Streams

_PIPE_BYTES = 1 << 20
_KEPT = 64 * 1024
_MOST_UNTOLD = 1 << 20


class Outlet(Protocol):
    """`options` are for Popen; `began` is to be called when it has started, `read` often."""

    @property
    def options(self) -> dict[str, Any]: ...
    @property
    def text(self) -> str: ...
    def began(self) -> None: ...
    def read(self) -> None: ...
    def close(self) -> None: ...


class Captured:
    """A pipe, whose last 64 kB are kept as `text`. What comes out is written to the descriptor `echo` at once, if there is one.

    An echo that nobody takes in time is lost beyond a megabyte, which is said in its place: what is measured must never wait for it.
    """

    def __init__(self, echo: int | None = None) -> None:
        self._reading, self._writing = os.pipe()
        fcntl.fcntl(self._reading, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        os.set_blocking(self._reading, False)
        self._kept = b""
        self._echo = echo
        self._untold = bytearray()
        self._lost = 0
        if echo is not None:
            os.set_inheritable(echo, False)
            os.set_blocking(echo, False)

    @property
    def options(self) -> dict[str, Any]:
        return {"stdin": subprocess.DEVNULL, "stdout": self._writing, "stderr": self._writing}

    @property
    def text(self) -> str:
        return self._kept.decode(errors="replace")

    def began(self) -> None:
        """Only the program may hold the other end now. Idempotent."""
        if self._writing >= 0:
            os.close(self._writing)
            self._writing = -1

    def read(self) -> None:
        while self._reading >= 0:
            try:
                data = os.read(self._reading, _PIPE_BYTES)
            except BlockingIOError:
                break
            if not data:
                os.close(self._reading)
                self._reading = -1
                break
            self._kept = (self._kept + data)[-_KEPT:]
            self._tell(data)
        self._tell(b"")

    def close(self) -> None:
        """Idempotent."""
        self.began()
        if self._reading >= 0:
            os.close(self._reading)
            self._reading = -1
        if self._echo is not None:
            os.close(self._echo)
            self._echo = None

    def _tell(self, data: bytes) -> None:
        if self._echo is None:
            return
        if self._lost and not self._untold:
            self._untold += f"\n… {self._lost} bytes of output are not shown …\n".encode()
            self._lost = 0
        room = max(0, _MOST_UNTOLD - len(self._untold))
        self._untold += data[:room]
        self._lost += len(data[room:])
        try:
            while self._untold:
                del self._untold[: os.write(self._echo, self._untold)]
        except BlockingIOError:
            return
        except BrokenPipeError:
            os.close(self._echo)
            self._echo = None


class Passed:
    """The program's output is its own: it has the descriptors that we were handed for it, and we keep none of them open."""

    text = ""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._open = True

    @property
    def options(self) -> dict[str, Any]:
        given = dict(zip(("stdin", "stdout", "stderr"), self._streams.standard, strict=True))
        return {**given, "pass_fds": self._streams.others}

    def began(self) -> None:
        """Who reads its output must see the end of it when the program closes it, whether or not we are still here. Idempotent."""
        if self._open:
            self._open = False
            for number in (*self._streams.standard, *self._streams.others):
                os.close(number)

    def read(self) -> None:
        return

    def close(self) -> None:
        self.began()
