"""What the supervisor is told on its stdin and tells on its stdout; the words are those of `engine.launch`."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Sequence

from engine.trace import Frame, encode_frame

_MOST_WAITING = 64 * 2**20


class Voice:
    """`cancelled`, `released`, `deserted`: once we are told so, or nobody is there to tell us. `signals` are those to be forwarded.

    Telling does not wait for who listens: they may have been stopped together with the program in their foreground.
    """

    def __init__(self) -> None:
        self._in, self._out = sys.stdin.fileno(), os.dup(sys.stdout.fileno())
        # Nothing that prints by accident may end up among the frames.
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        os.set_blocking(self._out, False)
        self._heard = b""
        self._waiting = bytearray()
        self.signals: list[int] = []
        self.cancelled = self.released = self.deserted = False

    def cancel(self) -> None:
        self.cancelled = True

    def first_line(self) -> bytes | None:
        """The spec, or None when the input ends before it is whole."""
        while b"\n" not in self._heard:
            data = os.read(self._in, 65536)
            if not data:
                return None
            self._heard += data
        line, _, self._heard = self._heard.partition(b"\n")
        return line

    def listen(self, seconds: float, others: Sequence[int] = ()) -> None:
        """Waits that long, or until there is something to hear, or one of `others` (file descriptors) can be read.

        Meanwhile goes on telling what could not be told at once.
        """
        self._take()
        ears = [] if self.deserted else [self._in]
        readable, writable, _ = select.select([*ears, *others], [self._out] if self._waiting else [], [], seconds)
        if writable:
            self._send()
        if self._in in readable:
            data = os.read(self._in, 65536)
            self.deserted = not data
            self._heard += data
            self._take()

    def tell(self, frame: Frame) -> None:
        """Raises BrokenPipeError when nobody is there any more."""
        data = encode_frame(frame)
        self._waiting += len(data).to_bytes(4, "little") + data
        self._send()
        if len(self._waiting) > _MOST_WAITING:
            self.finish()

    def finish(self) -> None:
        """Returns when everything is told, or we are released. Raises BrokenPipeError when nobody is there any more."""
        while self._waiting and not self.released:
            self.listen(1.0)

    def _send(self) -> None:
        try:
            while self._waiting:
                del self._waiting[: os.write(self._out, self._waiting)]
        except BlockingIOError:
            return

    def _take(self) -> None:
        *lines, self._heard = self._heard.split(b"\n")
        for line in lines:
            word, _, rest = line.partition(b" ")
            if word == b"cancel":
                self.cancelled = True
            elif word == b"release":
                self.released = True
            elif word == b"signal":
                self.signals.append(int(rest))
