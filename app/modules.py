"""The ES modules of the pages: which need which.

pages/trace.js ──▶ data/api.js ──▶ data/urls.js …      read from the files themselves, as a browser would find out
"""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache
from pathlib import Path

from app import assets

IMPORT = re.compile(r"""^((?:import|export)\b[^'"]*?\bfrom\s*|import\s*)["'](\.{1,2}/[^"']+)["']""", re.M)
"""An import of another of our modules: what stands before the name, and the name, relative to the importing file."""


def closure(entry: str) -> dict[str, str]:
    """The texts of a module and of all that it needs, by their paths below `static/js`, sorted."""
    found: dict[str, str] = {}
    waiting = [entry]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found[path], needed = _module(path)
            waiting += needed
    return dict(sorted(found.items()))


def target(path: str, name: str) -> str:
    """What `name` is, imported by the module at `path`."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), name))


def preloads(entry: str) -> list[str]:
    """Where a browser finds all that a page's script `js/…` needs: told at once, it need not ask for one module to learn of the next."""
    path = entry.removeprefix("js/")
    return [f"/static/js/{needed}" for needed in closure(path) if needed != path]


def _module(path: str) -> tuple[str, tuple[str, ...]]:
    """Its text, and what it imports."""
    file = assets.static_directory() / "js" / path
    return _read(file, path, file.stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _read(file: Path, path: str, stamp: int) -> tuple[str, tuple[str, ...]]:  # noqa: ARG001 - a file that changed is read again
    text = file.read_text()
    return text, tuple(target(path, match[2]) for match in IMPORT.finditer(text))
