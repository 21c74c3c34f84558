"""`gilscope record`: any program as it is written, in front of us, as if we were not there."""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from app.cli.errors import CommandError, UsageError
from app.cli.foreground import Foreground, die_of, end_as
from app.cli.interpreter import chosen
from app.cli.place import data_directory, page_url
from app.cli.program import name_of
from app.cli.terminal import Terminal
from app.queue import QueueFullError, RunQueue
from app.store import Row, Store, StoreError
from app.trace_object import trace_object
from engine.interpreters import is_at
from engine.leftovers import BRAND
from engine.probes import procfs
from engine.trace import Interpreter, RunSpec


def record(options: argparse.Namespace, terminal: Terminal) -> int:
    """The program's own exit code; we die of the signal that it dies of. Says nothing until it has ended, unless it must wait its turn."""
    spec = spec_of(options)
    data = data_directory(options)
    report = _writable(options.json)
    command = [spec.interpreter["command"], *spec.program]
    with _quiet_log() as log, Foreground(command, _environment(options)) as front:
        with _mended():
            store = Store(data)
        trace_id = _recorded(spec, options, store, front, terminal)
        row = _row(store, trace_id)
        store.close()
    if front.status is None:
        if front.given_up:
            die_of(front.given_up)
            return 128 + front.given_up
        raise CommandError("the recording was taken out of the line, and the program was not started")
    with _whoever_listens():
        if front.unrecorded or row is None or not row.finished or row.status == "interrupted" or _is_ours(row):
            _complain(row, log, terminal)
        elif not options.quiet:
            terminal.say(f"{row.status}: trace {trace_id} is kept · {page_url(data, trace_id) or f'gilscope open {trace_id}'}")
        if report is not None and row is not None:
            _write(report, row, terminal)
    return end_as(front.status)


def spec_of(options: argparse.Namespace) -> RunSpec:
    """What `record`'s options ask for, complete. Raises UsageError that says what to write instead."""
    name = name_of(options.program)
    if options.json == "-":
        raise UsageError("--json: name a file; standard output is the program's own")
    interpreter = chosen(options, users_code=True)
    if interpreter.free_threaded and options.gil is None:
        interpreter = replace(interpreter, gil_enabled=os.environ.get("PYTHON_GIL") == "1")
    return RunSpec(
        workload=name,
        model="program",
        workers=1,
        jobs=0,
        interpreter={**interpreter.to_json(), "command": _as_named(options.python, interpreter)},
        sources=options.sources,
        time_limit_s=None,
        program=options.program,
    )


def _recorded(spec: RunSpec, options: argparse.Namespace, store: Store, front: Foreground, terminal: Terminal) -> str:
    """The id of the trace, when the program has ended and the trace is finished, or neither will be."""
    with _mended():
        queue = RunQueue(store, launcher=front.launch, on_change=lambda _: front.stir())
        _refuse_inside_of_another(store)
        trace_id = queue.submit(spec, options.label)
    try:
        front.wait(_over(trace_id, store, None if options.quiet else terminal))
    finally:
        # What the store cannot take must not keep the program's exit code from whoever waits for it.
        with suppress(StoreError, OSError):
            queue.close()
    return trace_id


def _over(trace_id: str, store: Store, terminal: Terminal | None) -> Callable[[], bool]:
    """Whether the trace is finished or gone. Says once that it waits its turn, if it does."""
    told = terminal is None

    def over() -> bool:
        nonlocal told
        try:
            row = store.row(trace_id)
            if not told and row is not None and row.status == "queued" and (count := store.position(row.number)):
                told = True
                assert terminal is not None
                before = "1 run" if count == 1 else f"{count} runs"
                terminal.say(f"queued: {before} before this one in {store.directory}; another --data would not wait")
        except StoreError:
            return True
        return row is None or row.finished

    return over


@contextmanager
def _mended() -> Iterator[None]:
    try:
        yield
    except (StoreError, QueueFullError, OSError) as error:
        raise UsageError(f"--data: {error}; the program was not started") from None


def _row(store: Store, trace_id: str) -> Row | None:
    try:
        return store.row(trace_id)
    except StoreError:
        return None


@contextmanager
def _whoever_listens() -> Iterator[None]:
    """The terminal may be gone, or who read our stderr: the program's exit code must be told all the same."""
    try:
        yield
    except OSError:
        # Python would complain once more when it flushes at exit, and change the exit code.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _is_ours(row: Row) -> bool:
    """Whether it failed, and not the program."""
    return row.status == "failed" and (row.record.error or {}).get("kind") != "process"


def _complain(row: Row | None, log: list[logging.LogRecord], terminal: Terminal) -> None:
    error = row.record.error if row is not None else None
    why = [error["message"]] if error else [f"{one.getMessage()}{f': {one.exc_info[1]}' if one.exc_info else ''}" for one in log[:1]]
    terminal.say(": ".join(["gilscope record: the recording broke off, and the program went on without", *why]))


class _Kept(logging.Handler):
    """Says nothing, and keeps what it is to say."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@contextmanager
def _quiet_log() -> Iterator[list[logging.LogRecord]]:
    """What is logged while the terminal is the program's."""
    log = logging.getLogger("gilscope")
    handler = _Kept()
    log.addHandler(handler)
    log.propagate = False
    try:
        yield handler.records
    finally:
        log.removeHandler(handler)
        log.propagate = True


def _refuse_inside_of_another(store: Store) -> None:
    """A program that is recorded cannot wait for its own recording to end. Raises UsageError."""
    if not os.environ.get(BRAND):
        return
    above, pid = set(), os.getpid()
    while pid > 1 and (status := procfs.status(pid)) is not None:
        pid = status.ppid
        above.add(pid)
    if any(row.owner is not None and row.owner.get("pid") in above for row in store.unfinished()):
        raise UsageError(f"what runs here is being recorded itself, in {store.directory}: name another directory with --data")


def _as_named(python: str | None, found: Interpreter) -> str:
    """The file by which the user's shell would start that interpreter: `sys.executable` tells a program how it was started."""
    named = Path(shutil.which(python or "python3") or found.path).absolute()
    # A shim starts the file of its own name that stands beside the one that was found.
    beside = Path(found.path).with_name(named.name)
    return next((str(path) for path in (named, beside) if is_at(path, found)), found.path)


def _environment(options: argparse.Namespace) -> dict[str, str]:
    """The program's, where it runs unrecorded."""
    return dict(os.environ) if options.gil is None else {**os.environ, "PYTHON_GIL": "1" if options.gil == "on" else "0"}


def _writable(name: str | None) -> Path | None:
    """Where the trace object goes. Raises UsageError when it cannot, for it could not be told when the program has ended."""
    if name is None:
        return None
    path = Path(name).absolute()
    try:
        path.open("ab").close()
    except OSError as error:
        raise UsageError(f"--json: {name} cannot be written: {error.strerror}") from None
    return path


def _write(path: Path, row: Row, terminal: Terminal) -> None:
    try:
        path.write_text(json.dumps(trace_object(row)) + "\n", encoding="utf-8")
    except OSError as error:
        terminal.say(f"gilscope record: {path} cannot be written: {error.strerror}; `gilscope show {row.id} --json` tells the same")
