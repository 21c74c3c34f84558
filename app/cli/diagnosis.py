"""`gilscope doctor`: what works on this machine, what does not, why, and what to do about it."""

from __future__ import annotations

import argparse
import json
import os
import platform
import textwrap
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from app.assets import version
from app.cli.place import data_directory, server_url
from app.cli.terminal import Terminal
from engine.doctor import best, checks
from engine.host import host
from engine.interpreters import discover, rejected
from engine.limits import limits
from engine.trace import Interpreter

_PACKAGES = ("fastapi", "jinja2", "numpy", "plotly", "pydantic", "uvicorn")


def doctor(options: argparse.Namespace, terminal: Terminal) -> int:
    """0 if runs can be recorded at all; 1 if not even marks or the data directory work."""
    terminal.progress("looking …")
    found = _found(data_directory(options))
    terminal.result(json.dumps(found) if options.json else _text(found, terminal.width))
    return 0 if found["sources"]["marks"] != "off" and found["data"]["writable"] else 1


def _found(data: Path) -> dict[str, Any]:
    probes = checks()
    return {
        "version": version(),
        "packages": {name: metadata.version(name) for name in _PACKAGES},
        "python": platform.python_version(),
        "host": host(),
        "sources": best(probes),
        "probes": [asdict(check) for check in probes],
        "limits": [asdict(limit) for limit in limits()],
        "interpreters": [one.to_json() for one in discover()],
        "rejected": [asdict(one) for one in rejected()],
        "data": {
            "path": str(data),
            "bytes": _bytes(data),
            "writable": _writable(data),
            "server": server_url(data),
        },
    }


def _bytes(data: Path) -> int | None:
    """Of all files in there; None if we may not look."""
    try:
        return sum(file.stat().st_size for file in data.rglob("*") if file.is_file())
    except OSError:
        return None


def _writable(data: Path) -> bool:
    """Whether the directory, or the nearest one above it that there is, takes files."""
    try:
        there = next(path for path in (data, *data.parents) if path.exists())
        return there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    except OSError:
        return False


def _text(found: dict[str, Any], width: int) -> str:
    machine, data = found["host"], found["data"]
    lines = [f"gilscope {found['version']} on Python {found['python']}"]
    lines.append(", ".join(f"{name} {number}" for name, number in found["packages"].items()))
    where = f" ({machine['virtualization']})" if machine["virtualization"] else ""
    steal = "" if machine["steal_ratio"] is None else f", {machine['steal_ratio']:.1%} of their time stolen since it started"
    lines += ["", "Machine"]
    lines.append(f"  {machine['platform']}, kernel {machine['kernel']}, {machine['cpu_model'] or machine['machine']}{where}")
    lines.append(f"  {machine['cores']} cores{steal}; load {' '.join(map(str, machine['load'] or ['unknown']))}")
    lines += ["", "Recording"]
    for check in found["probes"]:
        lines += _check(check, width)
    told = ", ".join(f"{source} {gives}" for source, gives in found["sources"].items())
    lines.append(f"  → a trace recorded here has: {told}")
    lines += ["", "Limits"]
    for limit in found["limits"]:
        lines += _limit(limit, width)
    lines += ["", "Interpreters"]
    lines += [_interpreter(Interpreter(**one)) for one in found["interpreters"]]
    lines += [f"  no   {one['path']} {one['reason']}" for one in found["rejected"]]
    lines += ["", "Data"]
    lines.append(f"  {data['path']}, {_size(data['bytes'])}{'' if data['writable'] else ', CANNOT BE WRITTEN: choose another with --data'}")
    lines.append(f"  {'a server shows it at ' + data['server'] if data['server'] else 'no server shows it; `gilscope serve` starts one'}")
    return "\n".join(lines)


def _check(check: dict[str, Any], width: int) -> list[str]:
    head = f"  {'ok' if check['works'] else 'no':<4} {check['source']}, {check['gives']} by {check['probe']}: "
    body = check["said"] + (f"; {check['mend']}" if check["mend"] else "")
    return textwrap.wrap(head + body, width, subsequent_indent=" " * 7, break_long_words=False, break_on_hyphens=False)


def _limit(limit: dict[str, Any], width: int) -> list[str]:
    line = f"  {limit['name']}: {limit['value']}; {limit['means']}"
    told = textwrap.wrap(line, width, subsequent_indent=" " * 7, break_long_words=False, break_on_hyphens=False)
    more = f"       for more: {limit['mend']}"
    return told + (textwrap.wrap(more, width, subsequent_indent=" " * 17, break_on_hyphens=False) if limit["mend"] else [])


def _interpreter(one: Interpreter) -> str:
    gil = "GIL off (--gil on)" if one.free_threaded and not one.gil_enabled else "GIL on"
    own = "  (our own)" if one.own else ""
    return f"  ok   {one.version + ('t' if one.free_threaded else ''):<9} {gil:<19} {one.path}{own}  id {one.id}  {one.build}".rstrip()


def _size(count: int | None) -> str:
    if count is None:
        return "unknown size"
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError("unreachable")
