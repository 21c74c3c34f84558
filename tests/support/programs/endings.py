"""Jobs that end badly, each in its own way: read by the tests, run by the interpreter that is measured."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time


def works() -> int:
    """Ends well."""
    return sum(range(200_000))


def raises(index: int) -> None:
    """Job 1 fails, the others do not."""
    works()
    if index == 1:
        raise LookupError("no such thing, says the test")


def exits() -> None:
    """Asks Python to end."""
    works()
    sys.exit(3)


def leaves() -> None:
    """Ends its process without a word."""
    works()
    os._exit(3)


def is_killed() -> None:
    """Its process dies as by the out-of-memory killer."""
    works()
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def crashes() -> None:
    """Its process dies as by a fault in C."""
    works()
    os.kill(os.getpid(), signal.SIGSEGV)
    time.sleep(60)


def is_killed_as_a_parent() -> None:
    """Its process dies, and what it has forked holds on to all that it had open."""
    if not os.fork():
        time.sleep(600)
        os._exit(0)
    is_killed()


def hangs() -> None:
    """Never ends, and leaves a child in a session of its own that would not, either."""
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    time.sleep(600)


def chatters() -> None:
    """Prints more than any pipe holds."""
    for _ in range(2_000):
        sys.stdout.write("x" * 1_000 + "\n")
