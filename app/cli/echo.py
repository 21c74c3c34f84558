"""What the user's own function prints while `gilscope run` records it: shown on stderr as it comes, for stdout has the results."""

from __future__ import annotations

import os
import threading

from engine.launch import Run
from engine.trace import RunSpec


class Echo:
    """Launches runs, one at a time, whose output it collects."""

    def __init__(self) -> None:
        self._gate = threading.Lock()
        self._got = b""
        self._reader: threading.Thread | None = None

    def launch(self, spec: RunSpec) -> Run:
        """Starts a run; for the queue."""
        self._end()
        reading, writing = os.pipe()
        self._reader = threading.Thread(target=self._read, args=(reading,), name="echo", daemon=True)
        self._reader.start()
        try:
            return Run(spec, echo=writing)
        finally:
            # Only the supervisor may hold it now: its end is the end of the output.
            os.close(writing)

    def lines(self, *, last: bool = False) -> list[str]:
        """Whole lines since the last time. `last`: the run has ended, and what has no line end is a line, too."""
        if last:
            self._end()
        with self._gate:
            *found, self._got = self._got.split(b"\n")
            if last and self._got:
                found.append(self._got)
                self._got = b""
        return [line.decode(errors="replace").rstrip("\r") for line in found]

    def _read(self, reading: int) -> None:
        with open(reading, "rb", buffering=0) as pipe:
            while data := pipe.read(65536):
                with self._gate:
                    self._got += data

    def _end(self) -> None:
        if self._reader is not None:
            self._reader.join()
            self._reader = None
