"""Memory that was freed goes back to the system."""

from __future__ import annotations

import ctypes


def give_back() -> None:
    """What reading a large trace took besides, as much as the trace itself, glibc would keep. Does nothing with other C libraries."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return
    trim(0)
