"""What the processes of a run are: which program each became when, and what that is called.

A process is what its command line says. One that has ended before it could be looked at is what the kernel noted when it called exec.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePath

from engine.probes import procfs
from engine.probes.perf_records import Exec
from engine.timeline.evidence import BECAME_BLIND, BECAME_FOREIGN, BECAME_HELPER, BECAME_NAMED, BECAME_PYTHON, Became

_HELPERS = {"resource_tracker": "resource tracker", "forkserver": "fork server"}
_WITH_VALUE = ("-X", "-W", "--check-hash-based-pycs")
_MOST_NAME = 48
_MOST_LOOKS, _LOOK_S = 20, 0.001


class Programs:
    """`every`: all of a run's processes are of interest, not only the standard library's helpers among them."""

    def __init__(self, *, every: bool) -> None:
        self._every = every
        self._known: set[int] = set()
        self._helpers: set[int] = set()

    def news(self, execs: Iterable[Exec], alive: Iterable[int]) -> tuple[Became, ...]:
        """What became known, given what the kernel told since the last time and who is alive."""
        found: list[Became] = []
        last: dict[int, Exec] = {}
        for exec_ in execs:
            last[exec_.pid] = exec_
        for exec_ in last.values():
            self._known.add(exec_.pid)
            found += self._told(exec_.pid, exec_.t, _line_after_exec(exec_.pid) or (exec_.comm,))
        for pid in alive:
            if pid in self._known:
                continue
            self._known.add(pid)
            status = procfs.status(pid)
            if status is None or status.ppid in self._helpers or (status.ppid in self._known and not self._new_line(pid, status.ppid)):
                continue  # What is forked bears its parent's command line, and says itself who it is.
            found += [
                replace(became, kind=BECAME_NAMED) if became.kind == BECAME_PYTHON else became
                for became in self._told(pid, time.monotonic_ns(), procfs.command_line(pid) or ())
            ]
        return tuple(found)

    def _new_line(self, pid: int, parent: int) -> bool:
        return procfs.command_line(pid) != procfs.command_line(parent)

    def _told(self, pid: int, t: int, line: tuple[str, ...] | list[str]) -> list[Became]:
        text = " ".join(line)
        helper = next((name for word, name in _HELPERS.items() if word in text), None)
        if helper is not None:
            self._helpers.add(pid)
            return [Became(t, pid, BECAME_HELPER, helper)]
        if not self._every or not line:
            return []
        if not PurePath(line[0]).name.startswith("python"):
            return [Became(t, pid, BECAME_FOREIGN, _shortened(" ".join((PurePath(line[0]).name, *line[1:]))))]
        options, name = _read(line[1:])
        blind = any(letter in option for option in options for letter in "IES")
        return [Became(t, pid, BECAME_BLIND if blind else BECAME_PYTHON, name)]


def _line_after_exec(pid: int) -> tuple[str, ...]:
    """() of one that has ended. The kernel tells of an exec a moment before there is the new command line: that moment is waited for."""
    for _ in range(_MOST_LOOKS):
        line = procfs.command_line(pid)
        status = procfs.status(pid) if line == () else None
        if status is None or status.ended:
            return line or ()
        time.sleep(_LOOK_S)
    return ()


def _read(arguments: tuple[str, ...] | list[str]) -> tuple[list[str], str]:
    """The short options of an interpreter's command line, and what it runs: `script.py`, `-m module`, "" for what says itself who it is."""
    options: list[str] = []
    words = iter(arguments)
    for word in words:
        if word in _WITH_VALUE:
            next(words, None)
        elif word.startswith("--"):
            continue
        elif word.startswith("-") and len(word) > 1:
            if word[-1] == "m":
                return options, f"-m {next(words, '')}"
            if word[-1] == "c":
                code = next(words, "")
                return options, "" if "multiprocessing" in code else _shortened(f"-c {code}")
            if not word.startswith(("-X", "-W")):
                options.append(word[1:])
        else:
            return options, PurePath(word).name
    return options, "python"


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MOST_NAME else f"{line[: _MOST_NAME - 1]}…"
