"""The measured interpreter and all its offspring: started, waited for, and ended to the last one."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.functions import names_a_function
from engine.leftovers import BRAND, folder_home, folder_prefix
from engine.probes import procfs
from engine.probes.spawn import spawn_watched
from engine.supervisor.outlet import Outlet
from engine.trace import RunSpec

AGENT = Path(__file__).resolve().parents[1] / "agent"
_PR_SET_CHILD_SUBREAPER = 36
_GRACE_S = 1.0


class Measured:
    """One measured program. Marks and the plan live in a folder of its own, in memory where there is such a place.

    `ended` is the (status, usage) of the first process once it has ended: a wait status, and the kernel's account of it and of all its
    children that were waited for. `stopped` is the signal that it is stopped by, or 0.
    """

    def __init__(self, spec: RunSpec, server: tuple[str, int] | None, outlet: Outlet) -> None:
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self._folder = tempfile.TemporaryDirectory(
            prefix=folder_prefix(os.environ.get(BRAND, "")), dir=folder_home(), ignore_cleanup_errors=True
        )
        self.folder = Path(self._folder.name)
        self.marks = self.folder / "marks"
        self.marks.mkdir()
        self._result = self.folder / "result.json"
        self._spec = spec
        self._outlet = outlet
        if not spec.program:
            self._plan(server)
        self.pid = 0
        self.ended: tuple[int, Any] | None = None
        self.stopped = 0
        self._pidfd = -1
        self._ours: set[int] = set()

    def start(self, watch: Callable[[int], object], ours: set[int]) -> None:
        """`watch` is called with the thread that forks, before it does. `ours` are children that are not measured."""
        self._ours = ours
        try:
            process = spawn_watched(self._command(), watch, env=self._environment(), **self._outlet.options)
        finally:
            self._outlet.began()
        self.pid = process.pid
        # It is waited for here, with its usage; Popen must not complain that it was not asked.
        process.returncode = 0
        # Where the kernel has none (before 5.3) its end is noticed at the next look.
        with contextlib.suppress(OSError):
            self._pidfd = os.pidfd_open(self.pid)

    @property
    def waiting_for(self) -> list[int]:
        """File descriptors that can be read when it is worth to `look` at once: when the first process has ended."""
        return [self._pidfd] if self._pidfd >= 0 else []

    def look(self) -> None:
        """Takes in what the program prints, and waits for the first process and for orphans that have ended, without blocking."""
        self._outlet.read()
        while self.ended is None:
            pid, status, usage = os.wait4(self.pid, os.WNOHANG | os.WUNTRACED | os.WCONTINUED)
            if not pid:
                break
            self.stopped = os.WSTOPSIG(status) if os.WIFSTOPPED(status) else 0
            if os.WIFEXITED(status) or os.WIFSIGNALED(status):
                self.ended = (status, usage)
                self._forget_pidfd()
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        # One call tells that nobody has ended, which is true mostly; who has would be a walk over all.
        for pid in () if ended is None else procfs.children(os.getpid()):
            if pid != self.pid and pid not in self._ours:
                try:
                    os.waitpid(pid, os.WNOHANG)
                except ChildProcessError:
                    continue

    def alive(self) -> list[int]:
        """Every process of the run that lives, the first among them."""
        found = [pid for pid in procfs.descendants(os.getpid()) if pid not in self._ours]
        return [pid for pid in found if (status := procfs.status(pid)) is not None and not status.ended]

    def end(self) -> None:
        """Ends all of it now, but for a program in the foreground, whose processes live as long as they would without us.

        Asks again until nothing is left, for what is forked meanwhile.
        """
        if self._spec.program:
            return
        deadline = time.monotonic() + 10 * _GRACE_S
        while (alive := self.alive()) and time.monotonic() < deadline:
            for pid in alive:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            self.look()
            time.sleep(0.002)
        self.look()

    def said(self) -> dict[str, Any]:
        """What a workload found: `result`, `error`, `switch_interval`, `gil_enabled`; empty when it did not come to its end."""
        try:
            found = json.loads(self._result.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def output(self) -> str:
        """The last of what it printed, 64 kB at most; nothing of a program in the foreground."""
        return self._outlet.text

    def close(self) -> None:
        self._outlet.close()
        self._forget_pidfd()
        self._folder.cleanup()

    def _forget_pidfd(self) -> None:
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1

    def _command(self) -> list[str]:
        interpreter = self._spec.interpreter
        if self._spec.program:
            return [interpreter.get("command") or interpreter["path"], *self._spec.program]
        # -P: without it the folder that we happen to stand in would come first on its path, before the standard library.
        return [interpreter["path"], "-P", "-m", "_gilscope", str(self.folder / "plan.json"), str(self._result)]

    def _plan(self, server: tuple[str, int] | None) -> None:
        spec = self._spec
        plan = {
            "workload": spec.workload,
            "model": spec.model,
            "params": spec.params,
            "workers": spec.workers,
            "jobs": spec.jobs,
            "start_method": spec.start_method,
            "switch_interval": spec.switch_interval,
            "server": server,
        }
        (self.folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")

    def _environment(self) -> dict[str, str]:
        """Ours, and what brings the agent in. A recorded program's differs in nothing else from what it would be without us."""
        environment = dict(os.environ)
        path = [str(AGENT), *filter(None, [environment.get("PYTHONPATH")])]
        environment.update(PYTHONPATH=os.pathsep.join(path), GILSCOPE_MARKS=str(self.marks))
        if self._spec.program:
            environment.update(GILSCOPE_INSTRUMENT="1", GILSCOPE_PROGRAM="1")
        else:
            environment["PYTHONUNBUFFERED"] = "1"
            if names_a_function(self._spec.workload):
                environment["GILSCOPE_INSTRUMENT"] = "1"
        interpreter = self._spec.interpreter
        if interpreter.get("free_threaded"):
            wanted = "1" if interpreter.get("gil_enabled") else "0"
            if not self._spec.program or wanted != environment.get("PYTHON_GIL", "0"):
                environment["PYTHON_GIL"] = wanted
        return environment
