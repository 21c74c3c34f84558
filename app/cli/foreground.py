"""A program in front of us, as if we were not there: its streams, its signals, its stops and its end are ours.

    starting   the run has its turn, or waits for it: a signal to end ends us, and no program is started
    attached   the supervisor is the program's parent; it tells us how the program fares, and we tell it what signals we are sent
    adopted    the supervisor is gone: the program is our child now, or is started by us after all, and goes on unrecorded
    ended      the program has ended; what remains is to finish its trace

Everything here happens in the main thread; only `launch` is called by the queue's.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import signal
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

from engine.launch import Run
from engine.leftovers import bears
from engine.probes import procfs
from engine.streams import FORWARDED, Streams, inherited
from engine.trace import RunSpec

_PR_SET_CHILD_SUBREAPER = 36
_LOOK_S = 0.25
_ADOPTED_LOOK_S = 0.02
_ENDING = frozenset({signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM})
_FROM_THE_TERMINAL = frozenset({signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGWINCH})
_STOPS = frozenset({signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU})


class Foreground:
    """Use it as a context manager, in the main thread, and `wait`. `command` and `environment` start the program where no supervisor can.

    `status` is the program's wait status once it has ended. `given_up` is the signal that ended us before it was started. `unrecorded`:
    it went on, or was started, without a supervisor.
    """

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._command = command
        self._environment = environment
        self._others = inherited()
        self._standard = [fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 3) for number in (0, 1, 2)]
        self._hear, self._wake = os.pipe()
        for end in (self._hear, self._wake):
            os.set_blocking(end, False)
        self._report, self._reporting = os.pipe()
        os.set_blocking(self._report, False)
        self._said = b""
        self._gate = threading.Lock()
        self._run: Run | None = None
        self._handlers: dict[int, Any] = {}
        self._pid = 0
        self._stopped = 0
        self._due = False
        self._followed = True
        self._parted = False
        self.status: int | None = None
        self.given_up = 0
        self.unrecorded = False

    def __enter__(self) -> Self:
        # When the supervisor dies the program becomes our child instead of being lost to us.
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        if signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        for number in FORWARDED:
            # What we were started with as ignored is to be so in the program.
            if signal.getsignal(number) != signal.SIG_IGN:
                self._handlers[number] = signal.signal(number, lambda *_: None)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(-1)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        for descriptor in (self._hear, self._wake, self._report, self._reporting, *self._standard):
            if descriptor >= 0:
                os.close(descriptor)

    def launch(self, spec: RunSpec) -> Run:
        """Starts the run in front of us; for the queue."""
        with self._gate:
            if self.given_up:
                raise InterruptedError("it was given up before the program was started")
            self._due = True
            first, second, third = self._standard
            try:
                self._run = _Followed(self._follow_no_more, spec, streams=Streams((first, second, third), self._others, self._reporting))
            finally:
                # Only the supervisor may hold it now: that it is closed tells that there is none any more.
                os.close(self._reporting)
                self._reporting = -1
                self.stir()
            return self._run

    def _follow_no_more(self) -> None:
        self._followed = False
        self.stir()

    def stir(self) -> None:
        """Lets `wait` look again. For any thread."""
        with suppress(BlockingIOError):
            os.write(self._wake, b"\0")

    def wait(self, over: Callable[[], bool]) -> None:
        """Until the program has ended and its trace is `over`, or there will be no program.

        Requests to end cut short what comes after its end; so does a trace whose end cannot be stored.
        """
        while not over() or (self._due and self.status is None and not self.given_up):
            ears = [self._hear] if self._parted else [self._hear, self._report]
            select.select(ears, [], [], _ADOPTED_LOOK_S if self.unrecorded and self.status is None else _LOOK_S)
            numbers = self._heard()
            self._follow_report()
            if self.unrecorded and self.status is None:
                self._look_after()
            for number in numbers:
                self._have(number)
            if self.status is not None and (_ENDING.intersection(numbers) or not self._followed):
                return
            if self.given_up and self._run is None:
                return
            self._stop_too()

    def _have(self, number: int) -> None:
        """What becomes of a signal that we were sent."""
        with self._gate:
            run = self._run
            if number in _ENDING and not self._pid:
                self.given_up = number
        if self.status is not None:
            return
        if self.unrecorded:
            # Nobody tells any more whether the whole process group had it. Mostly it had if a terminal can send it.
            if self._pid and number not in _FROM_THE_TERMINAL:
                _send(self._pid, number)
            return
        if run is not None:
            run.forward(number)
        elif number == signal.SIGTSTP:
            self._stopped = number

    def _heard(self) -> list[int]:
        try:
            return [number for number in os.read(self._hear, 4096) if number in FORWARDED]
        except BlockingIOError:
            return []

    def _follow_report(self) -> None:
        while not self._parted:
            try:
                data = os.read(self._report, 4096)
            except BlockingIOError:
                return
            *lines, self._said = (self._said + data).split(b"\n")
            for line in lines:
                word, _, rest = line.decode().partition(" ")
                self._take(word, int(rest or 0))
            if not data:
                self._parted = True
                if self.status is None:
                    self._adopt()

    def _take(self, word: str, number: int) -> None:
        if word == "pid":
            self._pid, self.given_up = number, 0
            self._let_go()
        elif word == "stopped":
            self._stopped = number
        elif word == "continued":
            self._stopped = 0
        elif word == "ended":
            self.status = number

    def _let_go(self) -> None:
        """The program has them. Who writes to it or reads from it must see that it closed them, whether or not we are still here."""
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1):
            os.dup2(nothing, number)
        for number in (nothing, *self._others, *self._standard):
            os.close(number)
        self._others, self._standard = (), []

    def _adopt(self) -> None:
        """Finds the program that the supervisor has left, or starts it if it had not come to that."""
        self.unrecorded = True
        if self._run is not None:
            with suppress(ChildProcessError):
                os.waitid(os.P_PID, self._run.pid, os.WEXITED | os.WNOWAIT)
            if not self._pid:
                left = [pid for pid in procfs.children(os.getpid()) if pid != self._run.pid and bears(pid, self._run.brand)]
                self._pid = left[0] if left else 0
        if not self._pid and not self.given_up:
            streams = self._standard
            program = subprocess.Popen(
                self._command, stdin=streams[0], stdout=streams[1], stderr=streams[2], env=self._environment, pass_fds=self._others
            )
            self._pid = program.pid
            program.returncode = 0  # It is waited for here.
            self._let_go()

    def _look_after(self) -> None:
        if not self._pid:
            return
        try:
            pid, status = os.waitpid(self._pid, os.WNOHANG | os.WUNTRACED)
        except ChildProcessError:
            # The supervisor had waited for it, and could not tell.
            self.status = 1 << 8
            return
        if pid and os.WIFSTOPPED(status):
            self._stopped = os.WSTOPSIG(status)
        elif pid:
            self.status = status

    def _stop_too(self) -> None:
        """Stops us while the program is stopped, as it would be in our place: the shell takes the terminal back, until `fg`."""
        number, self._stopped = self._stopped, 0
        if not number:
            return
        if self._pid:
            now = procfs.status(self._pid)
            if now is None or now.state != "T":
                return
        if number not in _STOPS:
            number = signal.SIGSTOP
        else:
            handler = signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        if number != signal.SIGSTOP:
            signal.signal(number, handler)


class _Followed(Run):
    """A run that tells when nobody follows it any more."""

    def __init__(self, closed: Callable[[], None], spec: RunSpec, streams: Streams) -> None:
        self._closed = closed
        super().__init__(spec, streams)

    def close(self) -> None:
        super().close()
        self._closed()


def end_as(status: int) -> int:
    """The exit code of a wait status. Where the program died of a signal we die of it, too, so that a shell sees what it would have seen.

    Must be the last that is called; leaves no core of ours beside the program's.
    """
    if not os.WIFSIGNALED(status):
        return os.WEXITSTATUS(status)
    die_of(os.WTERMSIG(status))
    return 128 + os.WTERMSIG(status)


def die_of(number: int) -> None:
    """Returns only if that signal does not end a process."""
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))
    with suppress(OSError):  # SIGKILL has no handler to be removed.
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _send(pid: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
