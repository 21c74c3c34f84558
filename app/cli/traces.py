"""`gilscope list`, `show`, `delete`: what is stored."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import datetime

from app.cli.errors import CommandError, UsageError
from app.cli.place import data_directory, no_such_trace, opened_store, page_url, trace_id
from app.cli.report import printable, report, time_or_unknown
from app.cli.terminal import Terminal
from app.queue import RunQueue
from app.store import ConflictError, Listing, Reader, Row, Snapshot, Store
from app.trace_object import title, trace_object


def list_traces(options: argparse.Namespace, terminal: Terminal) -> int:
    """Newest first, a line each."""
    with opened_store(data_directory(options)) as store:
        _recover(store)
        listing = Listing(limit=options.limit, workload=options.workload, model=options.model, status=options.status)
        rows, more = store.rows(listing)
        if options.json:
            for row in rows:
                terminal.result(json.dumps(trace_object(row, store=store)))
            return 0
    if rows:
        terminal.result("\n".join(_table(rows)))
        if more:
            terminal.say(f"there are more: --limit {options.limit * 10}")
    else:
        terminal.say("no traces yet: try `gilscope run cpu --model threads`" if not _filtered(options) else "no such traces")
    return 0


def show(options: argparse.Namespace, terminal: Terminal) -> int:
    """The trace as text, or as the object that the HTTP interface tells."""
    data = data_directory(options)
    with opened_store(data) as store:
        _recover(store)
        snapshot = snapshot_of(options.id, store)
        if options.json:
            terminal.result(json.dumps(trace_object(snapshot.row, store=store, live=snapshot)))
            return 0
    terminal.result(report(snapshot, options.width or terminal.width, terminal.color))
    if url := page_url(data, snapshot.row.id):
        terminal.say(url)
    return 0


def delete(options: argparse.Namespace, terminal: Terminal) -> int:
    """For good, after asking."""
    data = data_directory(options)
    with opened_store(data) as store:
        _recover(store)
        rows = []
        for text in options.id:
            row = store.row(trace_id(text))
            if row is None:
                raise no_such_trace(trace_id(text), data)
            rows.append(row)
        if not options.yes and not _agreed(rows, terminal):
            terminal.say("nothing was deleted")
            return 1
        for row in rows:
            try:
                store.delete(row.id)
            except ConflictError as error:
                raise CommandError(str(error)) from None
            terminal.say(f"deleted {row.id}")
    return 0


def snapshot_of(text: str, store: Store) -> Snapshot:
    """The trace that an id or an address means, as it is now. Raises CommandError if there is none."""
    identity = trace_id(text)
    snapshot = Reader(store).snapshot(identity)
    if snapshot is None:
        raise no_such_trace(identity, store.directory)
    return snapshot


def _recover(store: Store) -> None:
    """What a process that is gone was recording is told as interrupted, not as running for ever."""
    if store.unfinished():
        RunQueue(store).close()


def _filtered(options: argparse.Namespace) -> bool:
    return any((options.workload, options.model, options.status))


def _agreed(rows: list[Row], terminal: Terminal) -> bool:
    if not sys.stdin.isatty():
        raise UsageError("nobody can be asked here: add --yes to delete")
    for row in rows:
        terminal.say(f"{row.id}  {row.label or title(row.record.spec)}")
    terminal.say(f"Delete {'it' if len(rows) == 1 else f'these {len(rows)} traces'} for good? [y/N]")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _table(rows: list[Row]) -> list[str]:
    cells = [("ID", "RECORDED", "STATUS", "WALL", "CORES", "TRACE"), *map(_cells, rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(5)]
    return ["  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[5]]).rstrip() for line in cells]


def _cells(row: Row) -> tuple[str, str, str, str, str, str]:
    figures = row.metrics or {}
    cores = figures.get("parallelism")
    recorded = datetime.fromisoformat(row.created_at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    name = title(row.record.spec)
    return (
        row.id,
        recorded,
        row.status,
        time_or_unknown(figures.get("wall_ns")) if figures else "",
        "" if cores is None else f"{cores:.2f}",
        printable(f"{row.label} · {name}" if row.label else name),
    )
