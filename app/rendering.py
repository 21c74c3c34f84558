"""How templates become text, for pages that are served and for those that leave as a file."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from app import assets
from app.modules import preloads
from app.trace_object import as_bytes


@lru_cache(maxsize=4)
def environment(directory: Path) -> Environment:
    """Everything is escaped, and a name that is not in the context is an error."""
    made = Environment(
        loader=FileSystemLoader(directory),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["json_script"] = json_script
    made.globals["static"] = static_url
    made.globals["preloads"] = preloads
    return made


def json_script(value: Any) -> Markup:
    """JSON that can stand inside a `<script>` element: no `<`, `>` or `&` survives, so nothing ends it or begins another."""
    text = as_bytes(value).decode()
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def static_url(name: str) -> str:
    """`/static/…?v=<hash of the file>`."""
    file = assets.static_directory() / name
    stamp = file.stat().st_mtime_ns if file.is_file() else 0
    return f"/static/{name}?v={_hash(file, stamp)}"


@lru_cache(maxsize=256)
def _hash(file: Path, stamp: int) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12] if stamp else "missing"
