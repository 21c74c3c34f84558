"""How much of the machine the supervisor takes while something is measured: what is left over, and less of it where nothing is.

                                       looks what there is         draws it, and tells
    somebody looks on                  ten times a second          ten times a second
    … and no core is free              four times                  four times
    nobody does: while it starts       ten times                   when jobs begin
    … and then                         once; four times what       once
                                       knows nothing of us

A frame costs some milliseconds of a core, and where none is free they are the program's own; even on another core, which may share its
parts with the first. Looking alone costs half as much, and is what catches processes that come and go. Whether a core is free the
supervisor feels itself: its thread waits for one (`/proc/self/schedstat`, proc(5)). What is not read in time stays where it was written.
Only what sees nothing but the moment (samples of the GIL, accounts) does not give way: it would miss most.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

FRAME_S, SPARING_FRAME_S, UNSEEN_FRAME_S = 0.1, 0.24, 1.0
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
    """Tells how long to wait between two looks. `watched`: somebody looks on; `foreign`: what is measured knows nothing of us."""

    def __init__(self, *, watched: bool = True, foreign: bool = False) -> None:
        self._watched, self._foreign = watched, foreign
        self._on_core_ns = self._waited_ns = 0
        self._lacks_core()

    def look_s(self, *, settled: bool = True) -> float:
        """Asked at each look; `settled`: jobs have begun, and nobody is about to begin.

        Where the kernel keeps no such account it is as if a core were free.
        """
        lacks_core = self._lacks_core()
        if self._watched or not settled:
            return SPARING_FRAME_S if lacks_core else FRAME_S
        return SPARING_FRAME_S if self._foreign else UNSEEN_FRAME_S

    def draws(self, since_s: float) -> bool:
        """Whether what was found at a look is drawn at once, when that was done last so long ago."""
        return self._watched or since_s >= UNSEEN_FRAME_S

    def _lacks_core(self) -> bool:
        try:
            on_core, waited = (int(word) for word in _ACCOUNT.read_bytes().split()[:2])
        except (OSError, ValueError):
            return False
        worked, self._on_core_ns = on_core - self._on_core_ns, on_core
        lacked, self._waited_ns = waited - self._waited_ns, waited
        return lacked > worked
