"""Where the templates, the static files and plotly.js are.

a work tree:   <root>/templates, <root>/static          (beside the packages: the fixed top level)
a wheel:       app/_templates, app/_static              (put there by the build)
plotly.js:     the one file that the `plotly` package carries, never another copy
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import metadata, resources
from pathlib import Path

_HERE = Path(__file__).resolve().parent


@cache
def templates_directory() -> Path:
    return _found("templates")


@cache
def static_directory() -> Path:
    return _found("static")


@dataclass(frozen=True, slots=True)
class Vendored:
    """One file of another package, in memory, as it is and gzipped."""

    plain: bytes
    gzipped: bytes
    etag: str


def plotly_version() -> str:
    """Of the Python package; it changes whenever the file does, which is what an immutable URL needs."""
    return metadata.version("plotly")


def plotly_url() -> str:
    return f"/static/vendor/plotly-{plotly_version()}.min.js"


@cache
def plotly_js() -> Vendored:
    """Read and compressed once (about 0.3 s), at the first request."""
    plain = resources.files("plotly").joinpath("package_data/plotly.min.js").read_bytes()
    return Vendored(plain, gzip.compress(plain, 6, mtime=0), f'"{hashlib.sha256(plain).hexdigest()[:32]}"')


def version() -> str:
    """Of gilscope itself."""
    try:
        return metadata.version("gilscope")
    except metadata.PackageNotFoundError:  # Run from a work tree that nobody installed.
        return "0.0.0"


def _found(name: str) -> Path:
    packed = _HERE / f"_{name}"
    return packed if packed.is_dir() else _HERE.parent / name
