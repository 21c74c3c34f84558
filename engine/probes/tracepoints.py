"""Numbers of the kernel's tracepoints, as perf_event_open wants them. They stand in tracefs, which root alone may read.

Where nobody has mounted tracefs it is mounted for us alone, at no place: nothing on the machine changes.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from engine.probes.errors import ProbeUnavailable

_PLACES = (Path("/sys/kernel/tracing"), Path("/sys/kernel/debug/tracing"))
_FSOPEN, _FSCONFIG, _FSMOUNT = 430, 431, 432  # The same on every processor.
_CLOEXEC, _CREATE = 1, 6

_libc = ctypes.CDLL(None, use_errno=True)


def tracepoint_number(name: str) -> int:
    """Of `sched/sched_waking` and the like. Raises ProbeUnavailable."""
    file = f"events/{name}/id"
    for place in _PLACES:
        try:
            return int((place / file).read_text())
        except OSError:
            continue
    try:
        root = _mounted_nowhere()
        try:
            fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC, dir_fd=root)
        finally:
            os.close(root)
        with os.fdopen(fd, "rb") as opened:
            return int(opened.read())
    except OSError as error:
        raise ProbeUnavailable(
            f"the kernel's tracepoints cannot be used ({error.strerror})", "record as root, in a container with `--cap-add SYS_ADMIN`"
        ) from None


def _mounted_nowhere() -> int:
    """A descriptor of tracefs' root. Raises OSError."""
    context = _checked(_libc.syscall(_FSOPEN, b"tracefs", _CLOEXEC))
    try:
        _checked(_libc.syscall(_FSCONFIG, context, _CREATE, None, None, 0))
        return _checked(_libc.syscall(_FSMOUNT, context, _CLOEXEC, 0))
    finally:
        os.close(context)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
