"""What an ordinary user may see: a test goes on as `nobody`, in a fork."""

from __future__ import annotations

import os
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

_NOBODY = 65534
_PYTHONS = ("/usr/bin/python3", "/usr/local/bin/python3")


def python_for_all() -> str:
    """One that any user may start. Skips the test where there is none, or where we are no root, and have all other tests say it already."""
    python = next((path for path in _PYTHONS if Path(path).exists() and _readable_by_all(path)), None)
    if os.geteuid() != 0 or python is None:
        pytest.skip("needs root, to stop being it, and a python3 in /usr that all may start")
    return python


def as_nobody(check: Callable[[], None]) -> None:
    """Calls it in a fork that has become `nobody`; fails if it fails, which is printed. What it imports should be loaded before."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Of forking while there are threads: pytest-timeout has one.
        child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setgid(_NOBODY)
            os.setuid(_NOBODY)
            check()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _readable_by_all(python: str) -> bool:
    path = Path(python).resolve()
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in (path, *path.parents))
