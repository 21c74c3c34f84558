"""How a run ended: what its last frame says of it."""

from __future__ import annotations

import math
import os
import signal
from typing import Any

from engine.probes import procfs
from engine.supervisor.measured import Measured
from engine.trace import RunSpec

Verdict = tuple[str, dict[str, Any] | None]
"""A status, and the error that goes with it."""
_CRASHES = frozenset(
    {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSYS, signal.SIGTRAP, signal.SIGKILL}
)
_MOST_NAMED = 10


def of_jobs(measured: Measured) -> Verdict:
    """Of a workload: whether all of its jobs were done."""
    said = measured.said()
    error = said.get("error")
    if error is not None:
        message = f"{error['type']}: {error['message']}" if error.get("message") else error["type"]
        if error.get("job") is not None:
            message = f"job {error['job']} failed: {message}"
        return "failed", {"kind": "workload", "message": message, "traceback": error.get("traceback")}
    assert measured.ended is not None
    status = measured.ended[0]
    if os.WIFSIGNALED(status):
        how = f"was killed by {_named(status)}"
    elif os.WEXITSTATUS(status) or not said:
        how = f"exited with code {os.WEXITSTATUS(status)} before its work was done"
    else:
        return "complete", None
    return "failed", {"kind": "process", "message": f"the measured process {how}", "traceback": measured.output[-8000:] or None}


def of_program(measured: Measured) -> Verdict:
    """Of a program as it is written: it knows what its exit codes mean, and a signal may be the usual way to end it; a crash never is."""
    assert measured.ended is not None
    status = measured.ended[0]
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in _CRASHES:
        return "failed", {"kind": "process", "message": f"the program was killed by {_named(status)}", "traceback": None}
    return "complete", None


def result_of_program(measured: Measured) -> dict[str, Any]:
    """`{"exit_code": 3}` or `{"signal": "SIGTERM"}`."""
    if measured.ended is None:
        return {}
    status = measured.ended[0]
    return {"signal": _named(status)} if os.WIFSIGNALED(status) else {"exit_code": os.WEXITSTATUS(status)}


def notes_of_jobs(measured: Measured, spec: RunSpec) -> list[str]:
    """What was not as the spec says, at the end: its own code may have changed it."""
    said = measured.said()
    notes = []
    interval, enabled = said.get("switch_interval"), said.get("gil_enabled")
    if interval is not None and not math.isclose(interval, spec.switch_interval, abs_tol=1e-6):
        notes.append(f"The jobs changed the switch interval: it was {interval:g} s at the end, not {spec.switch_interval:g} s.")
    if enabled is not None and enabled != spec.interpreter.get("gil_enabled", True):
        notes.append(f"The GIL was {'on' if enabled else 'off'} at the end, against what was asked for.")
    return notes


def notes_of_program(measured: Measured) -> list[str]:
    """Who lived on, if anybody did."""
    alive = measured.alive()
    if not alive:
        return []
    named = [f"{' '.join(procfs.command_line(pid) or ())[:100] or '?'} (process {pid})" for pid in alive[:_MOST_NAMED]]
    more = f" and {len(alive) - _MOST_NAMED} more" if len(alive) > _MOST_NAMED else ""
    told = f"Still alive then, and left alone: {', '.join(named)}{more}."
    return [f"The recording ended a moment after the program's first process. {told}"]


def _named(status: int) -> str:
    number = os.WTERMSIG(status)
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIGRTMIN+{number - signal.SIGRTMIN}" if number > signal.SIGRTMIN else f"signal {number}"
