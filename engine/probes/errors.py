"""What goes wrong with a probe. None of it may stop or alter a run: whoever opens a probe catches it and falls back."""

from __future__ import annotations


class ProbeError(Exception):
    """A probe met something that it cannot make sense of, and tells no more."""


class ProbeUnavailable(ProbeError):  # noqa: N818 (a state of the machine, not a fault)
    """This machine or this process has no such probe. `reason` says why, `mend` what a person can do about it ("" for nothing)."""

    def __init__(self, reason: str, mend: str = "") -> None:
        super().__init__(f"{reason}; {mend}" if mend else reason)
        self.reason = reason
        self.mend = mend
