"""Waits for what another process will do, for as long as it takes; the test's own time limit is the end of it."""

from __future__ import annotations

import time
from collections.abc import Callable

LOOK_S = 0.02


def until(condition: Callable[[], object]) -> None:
    """Returns when `condition` is met. It should raise when it can no longer be."""
    while not condition():
        time.sleep(LOOK_S)
