"""Starts a program so that it is watched from its very first instant, and cannot tell.

    supervisor ── thread T ──┬─ watch(T's id): events that T's offspring inherit
                             └─ Popen: fork, exec                → child, watched since the fork
                  T ends, the events go on with the child

The child starts as from any `subprocess.Popen`: no shell or gate stands between, its environment, signals and streams are untouched.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Sequence
from typing import Any


def spawn_watched(argv: Sequence[str], watch: Callable[[int], object], **options: Any) -> subprocess.Popen[bytes]:
    """Calls `watch(tid)` with the id of the thread that will fork, then starts `argv` with Popen's own `options`.

    What either of them raises is raised here, with no child left behind: `watch` handles its own ProbeUnavailable if the program is to
    run all the same. The child's parent is this process as ever; only PR_SET_PDEATHSIG in the child would fire at once, for it
    follows the thread that forked.
    """
    started: list[subprocess.Popen[bytes]] = []
    failed: list[BaseException] = []

    def start() -> None:
        try:
            watch(threading.get_native_id())
            started.append(subprocess.Popen(argv, **options))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=start, name="spawn")
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return started[0]
