"""What all tests share."""

from __future__ import annotations

import signal

import pytest


def pytest_configure(config: pytest.Config) -> None:  # noqa: ARG001 - pytest calls it with its own names
    """A shell starts what runs in the background with interrupts ignored, and every process of a test would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
