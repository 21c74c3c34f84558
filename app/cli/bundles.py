"""`gilscope export` and `import`: a trace to another machine under the same id, or to other programs."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from app import bundles
from app.cli.errors import CommandError, UsageError
from app.cli.place import data_directory, no_such_trace, opened_store, page_url, trace_id
from app.cli.terminal import Terminal
from app.cli.traces import snapshot_of
from app.exports import Export, exported, exported_page
from app.settings import Settings
from app.store import ConflictError, Store
from engine.bundle import BundleError
from engine.exports import ExportError


def export(options: argparse.Namespace, terminal: Terminal) -> int:
    """Writes the whole file or none: an error leaves no half of one."""
    data = data_directory(options)
    with opened_store(data) as store:
        made = _bundle(options, store) if options.format == "bundle" else _other(options, store)
        if options.output == "-" or (options.output is None and not sys.stdout.isatty()):
            _pour(made.pieces)
            return 0
        target = Path(options.output or made.name)
        _write(target, made.pieces)
    terminal.result(str(target))
    return 0


def _bundle(options: argparse.Namespace, store: Store) -> Export:
    """The row alone is read: a bundle holds the frames as they are."""
    if options.t0 is not None or options.t1 is not None:
        raise UsageError("a bundle holds the whole trace: leave --t0 and --t1 out, or choose another --format")
    identity = trace_id(options.id)
    row = store.row(identity)
    if row is None:
        raise no_such_trace(identity, store.directory)
    try:
        return bundles.bundle_export(store, row)
    except ConflictError as error:
        raise CommandError(str(error)) from None


def _other(options: argparse.Namespace, store: Store) -> Export:
    packed = str(options.output or "").endswith(".gz")
    try:
        if options.format == "html":
            return exported_page(snapshot_of(options.id, store), options.t0, options.t1)
        return exported(snapshot_of(options.id, store), options.format, options.t0, options.t1, packed=packed)
    except ConflictError as error:
        raise CommandError(str(error)) from None
    except ExportError as error:
        raise UsageError(str(error)) from None


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


def _write(target: Path, pieces: Iterable[bytes]) -> None:
    """A file becomes whole or stays as it was; what is no file, a pipe or a device, is written to and not replaced."""
    is_file = target.is_file() or not target.exists()
    part = target.resolve().with_name(f".{target.name}.{os.getpid()}") if is_file else target
    try:
        with _ended_in_order(), part.open("wb") as out:
            out.writelines(pieces)
        if is_file:
            part.replace(target.resolve())
    except BaseException as error:
        if is_file:
            part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise CommandError(f"{target} cannot be written: {error.strerror}; name another file with -o") from None
        raise


def _pour(pieces: Iterable[bytes]) -> None:
    """Onto standard output. Raises CommandError if that takes no more, BrokenPipeError if its reader does not."""
    try:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        # What is left in the buffer would fail once more, at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise CommandError(f"standard output cannot be written: {error.strerror}; name a file with -o") from None


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Being terminated and hung up on unwind, as Ctrl-C does, with the exit code of who is ended so."""

    def end(number: int, _: object) -> None:
        sys.exit(128 + number)

    # Under nohup a hang-up is ignored, and stays so.
    ours = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


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
