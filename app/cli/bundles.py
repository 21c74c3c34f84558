"""`gilscope export` and `import`: a trace to another machine, under the same id."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from app import bundles
from app.cli.errors import CommandError
from app.cli.place import data_directory, no_such_trace, opened_store, page_url, trace_id
from app.cli.terminal import Terminal
from app.settings import Settings
from app.store import ConflictError
from engine.bundle import BundleError


def export(options: argparse.Namespace, terminal: Terminal) -> int:
    """Writes the whole file or none: an error leaves no half of one."""
    data = data_directory(options)
    with opened_store(data) as store, tempfile.SpooledTemporaryFile(64 * 2**20) as file:
        identity = trace_id(options.id)
        row = store.row(identity)
        if row is None:
            raise no_such_trace(identity, data)
        try:
            bundles.export_bundle(store, row, file)
        except ConflictError as error:
            raise CommandError(str(error)) from None
        file.seek(0)
        if options.output == "-" or (options.output is None and not sys.stdout.isatty()):
            sys.stdout.buffer.write(file.read())
            sys.stdout.buffer.flush()
            return 0
        target = Path(options.output or f"gilscope-{identity}{bundles.SUFFIX}")
        _write(target, file)
    terminal.result(str(target))
    return 0


def import_bundle(options: argparse.Namespace, terminal: Terminal) -> int:
    """Prints the id; importing the same trace again changes nothing."""
    data = data_directory(options)
    limit = Settings(data=data).max_import
    with opened_store(data) as store, _opened(options.file, limit) as file:
        try:
            identity, new = bundles.import_bundle(store, file, limit)
        except (BundleError, ConflictError) as error:
            raise CommandError(f"{options.file}: {error}") from None
    terminal.result(identity)
    terminal.say(f"{'imported' if new else 'it is here already'}: {page_url(data, identity) or f'gilscope open {identity}'}")
    return 0


def _write(target: Path, file: IO[bytes]) -> None:
    part = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with part.open("wb") as out:
            while chunk := file.read(2**20):
                out.write(chunk)
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise CommandError(f"{target} cannot be written: {error.strerror}; name another file with -o") from None


@contextmanager
def _opened(name: str, limit: int) -> Iterator[IO[bytes]]:
    if name == "-":
        # A pipe cannot be sought in. One byte more than may be is enough to be refused.
        with tempfile.SpooledTemporaryFile(64 * 2**20) as file:
            file.write(sys.stdin.buffer.read(limit + 1))
            file.seek(0)
            yield file
        return
    try:
        opened = Path(name).open("rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}") from None
    with opened:
        yield opened
