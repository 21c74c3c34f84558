"""How much of the machine the supervisor takes while something is measured: what is left over, and less of it where nothing is.

    starting, or somebody looks on, and a core is free     ten frames a second
    else                                                   four: each costs some milliseconds of a core, and where none is free the
                                                           program's own; even on another one, which may share its parts with the first

Whether a core is free the supervisor feels itself: its thread waits for one (`/proc/self/schedstat`, proc(5)). What is not read in time
stays where it was written. Only what sees nothing but the moment (samples of the GIL, accounts) does not give way: it would miss most.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

FRAME_S, SPARING_FRAME_S = 0.1, 0.24
_NICE = 10
_ACCOUNT = Path("/proc/self/schedstat")


def give_way() -> None:
    """Lets everything that is measured go first. To be called by the main thread once that has started, for children inherit it."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(_NICE)
        # Waking up is no reason to interrupt whoever is on the core.
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def stay_prompt() -> None:
    """The contrary, of a thread that sees nothing but the moment, and must look a thousand times a second. Ordinary users may not."""
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, 0, -_NICE)


class Pace:
    """Tells how long to wait between two frames."""

    def __init__(self, *, watched: bool = True) -> None:
        self._watched = watched
        self._on_core_ns = self._waited_ns = 0
        self.next_frame_s()

    def next_frame_s(self, *, begun: bool = True) -> float:
        """Asked once a frame; `begun`: jobs are done by now. Where the kernel keeps no such account: as if a core were free."""
        usual = FRAME_S if self._watched or not begun else SPARING_FRAME_S
        try:
            on_core, waited = (int(word) for word in _ACCOUNT.read_bytes().split()[:2])
        except (OSError, ValueError):
            return usual
        worked, self._on_core_ns = on_core - self._on_core_ns, on_core
        lacked, self._waited_ns = waited - self._waited_ns, waited
        return SPARING_FRAME_S if lacked > worked else usual
