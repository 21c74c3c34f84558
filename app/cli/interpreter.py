"""`--python` and `--gil`: which interpreter a command runs things on."""

from __future__ import annotations

import argparse

from app.cli.errors import UsageError
from engine.interpreters import InterpreterError, find, first_on_path, own, with_gil
from engine.trace import Interpreter


def chosen(options: argparse.Namespace, *, users_code: bool) -> Interpreter:
    """Our own for built-in workloads; the user's `python3` for the user's code, which may need the packages that are there."""
    try:
        found = find(options.python) if options.python else first_on_path() if users_code else own()
    except InterpreterError as error:
        raise UsageError(f"--python: {error}") from None
    if options.gil is None:
        return found
    try:
        return with_gil(found, options.gil == "on")
    except InterpreterError as error:
        raise UsageError(f"--gil off needs a free-threaded interpreter: {error}; choose another with --python, e.g. 3.13t") from None
