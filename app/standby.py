"""A supervisor that waits for its run: loaded while the reader still chooses, it begins to record when it is asked to.

expect()     a run may be asked for soon: a process is started, which imports what it needs and waits
(spec)       that process becomes the run; or, where there is none, one that is started now

Who starts a run from a server mostly looks on.
"""

from __future__ import annotations

import logging
import threading

from engine.launch import Run
from engine.trace import RunSpec

log = logging.getLogger("gilscope")

IDLE_S = 600.0
"""For how long a process that nobody asks for keeps its 30 MB."""


class Standby:
    """What launches the runs of a server (see `app.queue.Launcher`). Thread-safe."""

    def __init__(self, idle_s: float = IDLE_S) -> None:
        self._idle_s = idle_s
        self._gate = threading.Lock()
        self._spare: Run | None = None
        self._timer: threading.Timer | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """Of the process that waits."""
        with self._gate:
            return None if self._spare is None else self._spare.pid

    def __call__(self, spec: RunSpec) -> Run:
        spare = self._taken()
        if spare is not None and spare.begin(spec):
            return spare
        if spare is not None:
            spare.close()
        return Run(spec, watched=True)

    def expect(self) -> None:
        """Cheap where one waits already. What goes wrong will be told of the run itself."""
        with self._gate:
            if self._closed:
                return
            if self._timer is not None:
                self._timer.cancel()
            if self._spare is None:
                try:
                    self._spare = Run(watched=True)
                except OSError:
                    log.warning("no supervisor could be started in advance", exc_info=True)
                    return
            self._timer = threading.Timer(self._idle_s, self.dismiss)
            self._timer.daemon = True
            self._timer.start()

    def dismiss(self) -> None:
        """Lets go of the process that waits, if there is one."""
        spare = self._taken()
        if spare is not None:
            spare.close()

    def close(self) -> None:
        """Nothing is started in advance any more. Idempotent."""
        self._closed = True
        self.dismiss()

    def _taken(self) -> Run | None:
        with self._gate:
            spare, self._spare = self._spare, None
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            return spare
