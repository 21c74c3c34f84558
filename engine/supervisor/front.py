"""A program in the foreground: its signals, its stops, and its end, told to who started us.

    Ctrl-C at the terminal ──→ the whole process group: our parent, us, the program       each has it; nothing is forwarded
    kill -INT our parent   ──→ our parent ── "signal 2" ──→ us ── kill ──→ the program    we have not had it ourselves
    the program stops      ──→ us ── "stopped 20" ──→ our parent, which stops itself, so that the shell takes the terminal back

We are of the process group that our parent is in, and so can tell the two apart: what is sent to a group is sent to all of it at once.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import Any

from engine.streams import FORWARDED

_GROUP_NS = 20_000_000
"""How long to wait for a signal that our parent has had and we may have, too."""
_SAME_NS = 500_000_000
"""How old one of ours may be to be the same as our parent's."""
_PATIENCE_NS = 5_000_000_000


class Front:
    """Made before the program is started; `look` often. `report` is the descriptor to tell on.

    `wakes` can be read when it is worth to look at once; `patience_s` is how long that may take otherwise.
    """

    def __init__(self, report: int) -> None:
        os.set_inheritable(report, False)
        self._report = report
        self._parent = os.getppid()
        self._had: dict[int, int] = {}
        self._asked: list[tuple[int, int]] = []
        self._pid = 0
        self._stopped = 0
        self._kill_at: int | None = None
        self.wakes, told = os.pipe()
        for end in (self.wakes, told):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(told, warn_on_full_buffer=False)
        # A stop of the program is told by this one, which by itself would wake nobody.
        signal.signal(signal.SIGCHLD, self._have)
        for number in (*FORWARDED, signal.SIGTTIN, signal.SIGTTOU):
            # A handler, for what is ignored stays ignored in a program that is started, and what has a handler does not. What we were
            # started with as ignored (`nohup`, `&` in a script) is to be so in the program.
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._have)

    @property
    def patience_s(self) -> float:
        return _GROUP_NS / 1e9 if self._asked or self._kill_at is not None else 1.0

    def began(self, pid: int) -> None:
        self._pid = pid
        # What the group was sent before, the program has not had.
        self._had.clear()
        self._tell(f"pid {pid}")

    def look(self, asked: list[int], stopped: int, *, alive: bool) -> None:
        """Forwards what is to be, empties `asked`, and tells of stops. `stopped`: the signal that the program is stopped by, or 0."""
        with suppress(BlockingIOError):
            os.read(self.wakes, 4096)
        now = time.monotonic_ns()
        self._asked += [(now, number) for number in asked]
        asked.clear()
        due = [(at, number) for at, number in self._asked if at + _GROUP_NS <= now]
        self._asked = [(at, number) for at, number in self._asked if at + _GROUP_NS > now]
        if not alive:
            return
        for at, number in due:
            # Not by the present time: who comes late to this would send once more what ended a stop, and so end the next one.
            if at - self._had.get(number, 0) > _SAME_NS:
                self._send(number)
        if stopped != self._stopped:
            self._stopped = stopped
            self._tell(f"stopped {stopped}" if stopped else "continued")
            if not stopped and os.getppid() == self._parent:
                # Whoever let the program go on did not ask for our parent to stay behind.
                self._had[signal.SIGCONT] = now
                os.kill(self._parent, signal.SIGCONT)
        if self._kill_at is not None and now > self._kill_at:
            self._send(signal.SIGKILL)

    def ask_to_end(self) -> None:
        """As `kill` does; by force if it has not ended five seconds later. Idempotent."""
        if self._kill_at is None:
            self._kill_at = time.monotonic_ns() + _PATIENCE_NS
            self._send(signal.SIGTERM)
            self._send(signal.SIGCONT)

    def ended(self, status: int) -> None:
        self._tell(f"ended {status}")

    def _send(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(self._pid, number)

    def _have(self, number: int, _: Any) -> None:
        self._had[number] = time.monotonic_ns()

    def _tell(self, line: str) -> None:
        with suppress(OSError):
            os.write(self._report, f"{line}\n".encode())
