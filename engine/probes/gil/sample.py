"""Who holds the GIL, read from the process's memory at one moment: what stands in where watchpoints are refused or cost too much."""

from __future__ import annotations

import os
import time

from engine.probes.gil.events import NOBODY, UNKNOWN
from engine.probes.gil.fold import Looked
from engine.probes.gil.structs import Gil
from engine.probes.memory import Window

_TRUSTED_NS = 50_000_000
_PROMPT_NS = 100_000
_ATTEMPTS = 3


class GilSampler:
    """Looks at one GIL of a process. Costs a system call (about 2 µs), and another one when the holder is not the one of the last look."""

    __slots__ = ("_checked_ns", "_gil", "_threads", "_tid", "_tid_window", "_tstate", "_window", "enabled", "interpreter", "pid")

    def __init__(self, pid: int, gil: Gil, interpreter: int = 0) -> None:
        self.pid = pid
        self.interpreter = interpreter
        self.enabled = True
        self._gil = gil
        self._window = gil.window(pid)
        self._tid_window = Window(pid, gil.address, 8)
        self._tstate, self._tid = 0, NOBODY
        self._threads: set[int] = set()
        self._checked_ns = 0

    def look(self) -> Looked:
        """What is there now. Sets `enabled`: false in a free-threaded interpreter without its GIL.

        Raises ProcessLookupError when the process is gone, OSError when it has become another program.
        """
        for _ in range(_ATTEMPTS):
            now_ns = time.monotonic_ns()
            buffer = self._window.read()
            if time.monotonic_ns() - now_ns < _PROMPT_NS:
                break  # Else we were switched out in between, and do not know of which moment this is.
        state = self._gil.decode(buffer)
        self.enabled = state.enabled
        if now_ns - self._checked_ns > _TRUSTED_NS:
            # The memory of an ended thread's state may have become another thread's: an old answer is asked again.
            self._checked_ns, self._tstate = now_ns, 0
            self._threads.clear()
        if state.last_holder != self._tstate:
            self._tid = self._tid_of(state.last_holder)
            self._tstate = state.last_holder if self._tid > 0 else 0
        tid = self._tid if state.last_holder else NOBODY
        return Looked(now_ns, self.pid, tid if state.locked else NOBODY, tid, state.switch_number, self.interpreter, state.last_holder)

    def _tid_of(self, tstate: int) -> int:
        self._tid_window.move(tstate + self._gil.struct.native_thread_id)
        try:
            tid = int.from_bytes(self._tid_window.read(), "little")
        except ProcessLookupError:
            raise
        except OSError:
            return UNKNOWN  # That thread has ended and its state is unmapped.
        if tid not in self._threads:
            # A forked child's first thread has its parent's number for a moment.
            if not os.path.exists(f"/proc/{self.pid}/task/{tid}"):  # noqa: PTH110 - a third of the time of Path, a thousand times a second
                return UNKNOWN
            self._threads.add(tid)
        return tid
