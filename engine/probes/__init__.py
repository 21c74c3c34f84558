"""Looks at running processes from outside: the kernel's records, procfs, the GIL.

Nothing here runs code in the measured interpreter, alters it or waits for it. All times are absolute CLOCK_MONOTONIC ns.
What cannot be had on this machine raises `ProbeUnavailable`, which says why and how to mend it.
"""

from engine.probes.errors import ProbeError, ProbeUnavailable

__all__ = ["ProbeError", "ProbeUnavailable"]
