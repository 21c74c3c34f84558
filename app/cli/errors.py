"""What ends a command early."""

from __future__ import annotations


class UsageError(Exception):
    """The command line cannot be meant so (exit code 2). The message says what to write instead."""


class CommandError(Exception):
    """The command was understood and could not be done (exit code 1). The message says why, and what to do."""
