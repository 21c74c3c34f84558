"""Jobs that no worker answers for: what is said of them, and how the process ended that was at them."""

import signal

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from collections.abc import Iterable
    from multiprocessing.process import BaseProcess

    from .shapes import Outcome


def lost(indices: "Iterable[int]", kind: str, message: str) -> "list[Outcome]":
    """An outcome for each: failed, without a traceback, for nobody is left to give one."""
    return [(index, False, {"type": kind, "message": message, "traceback": None}) for index in indices]


def ending(name: str, process: "BaseProcess") -> str:
    """Who a process was that has ended, and how it did."""
    return f"{name} (pid {process.pid}) {_how(process.exitcode)}"


def _how(exitcode: "int | None") -> str:
    if exitcode is None or exitcode >= 0:
        return f"ended with exit code {exitcode}"
    try:
        return f"was killed by {signal.Signals(-exitcode).name}"
    except ValueError:  # A real-time signal has no name.
        return f"was killed by signal {-exitcode}"
