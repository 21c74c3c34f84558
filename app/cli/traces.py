"""`gilscope list`, `show`, `delete`: what is stored."""

from __future__ import annotations

import argparse
import json
import sys

from app.cli.comparison_report import comparison_list, comparison_report
from app.cli.errors import CommandError, UsageError
from app.cli.place import data_directory, no_such_trace, opened_store, page_url, trace_id
from app.cli.report import local, printable, report, time_or_unknown
from app.cli.terminal import Terminal
from app.cli.why import answer, explained
from app.comparison_object import comparison_object, comparison_title
from app.queue import RunQueue
from app.store import ConflictError, Listing, Reader, Row, Snapshot, Store
from app.trace_object import title, trace_object


def list_traces(options: argparse.Namespace, terminal: Terminal) -> int:
    """Newest first, a line each."""
    if options.comparisons:
        return _list_comparisons(options, terminal)
    with opened_store(data_directory(options)) as store:
        _recover(store)
        listing = Listing(limit=options.limit, workload=options.workload, model=options.model, status=options.status)
        rows, more = store.rows(listing)
        compared = bool(store.comparisons.newest(1)[0])
        if options.json:
            for row in rows:
                terminal.result(json.dumps(trace_object(row, store=store)))
            return 0
    if rows:
        terminal.result("\n".join(_table(rows)))
        if more:
            terminal.say(f"there are more: --limit {options.limit * 10}")
        if compared:
            terminal.say("comparisons: `gilscope list --comparisons`")
    else:
        terminal.say("no traces yet: try `gilscope run cpu --model threads`" if not _filtered(options) else "no such traces")
    return 0


def _list_comparisons(options: argparse.Namespace, terminal: Terminal) -> int:
    if options.workload or options.model or options.status:
        raise UsageError("--workload, --model and --status choose traces: leave them out with --comparisons")
    with opened_store(data_directory(options)) as store:
        _recover(store)
        found, more = store.comparisons.newest(options.limit)
        told = [comparison_object(one, store) for one in found]
    if options.json:
        for one in told:
            terminal.result(json.dumps(one))
    elif told:
        terminal.result(comparison_list(told))
        if more:
            terminal.say(f"there are more: --limit {options.limit * 10}")
    else:
        terminal.say("no comparisons yet: try `gilscope compare cpu`")
    return 0


def show(options: argparse.Namespace, terminal: Terminal) -> int:
    """A trace or a comparison as text, or as the object that the HTTP interface tells."""
    data = data_directory(options)
    with opened_store(data) as store:
        _recover(store)
        if comparison := store.comparisons.get(trace_id(options.id)):
            if options.why is not None:
                raise UsageError("--why is asked of a trace: name one of the comparison's")
            told = comparison_object(comparison, store)
            terminal.result(json.dumps(told) if options.json else comparison_report(told, options.width or terminal.width))
            return 0
        snapshot = snapshot_of(options.id, store)
        if options.why is not None:
            why = explained(snapshot, options.why)
            width = options.width or terminal.width
            terminal.result(json.dumps(why.to_json()) if options.json else answer(why, snapshot.trace, width))
            return 0
        if options.json:
            terminal.result(json.dumps(trace_object(snapshot.row, store=store, live=snapshot)))
            return 0
    terminal.result(report(snapshot, options.width or terminal.width, terminal.color))
    if url := page_url(data, snapshot.row.id):
        terminal.say(url)
    return 0


def delete(options: argparse.Namespace, terminal: Terminal) -> int:
    """For good, after asking. Of a comparison only that its traces belong together."""
    data = data_directory(options)
    with opened_store(data) as store:
        _recover(store)
        rows, comparisons = [], []
        for text in options.id:
            if comparison := store.comparisons.get(trace_id(text)):
                comparisons.append(comparison)
                continue
            row = store.row(trace_id(text))
            if row is None:
                raise no_such_trace(trace_id(text), data)
            rows.append(row)
        asked = [*map(_line, rows), *(f"{one.id}  {one.label or comparison_title(one.spec)} (its traces stay)" for one in comparisons)]
        if not options.yes and not _agreed(asked, terminal):
            terminal.say("nothing was deleted")
            return 1
        for row in rows:
            try:
                store.delete(row.id)
            except ConflictError as error:
                raise CommandError(str(error)) from None
            terminal.say(f"deleted {row.id}")
        for comparison in comparisons:
            store.comparisons.delete(comparison.id)
            terminal.say(f"deleted {comparison.id}")
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


def _line(row: Row) -> str:
    return f"{row.id}  {row.label or title(row.record.spec)}"


def _agreed(lines: list[str], terminal: Terminal) -> bool:
    if not sys.stdin.isatty():
        raise UsageError("nobody can be asked here: add --yes to delete")
    for line in lines:
        terminal.say(line)
    terminal.say(f"Delete {'it' if len(lines) == 1 else f'these {len(lines)}'} for good? [y/N]")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _table(rows: list[Row]) -> list[str]:
    cells = [("ID", "RECORDED", "STATUS", "WALL", "CORES", "TRACE"), *map(_cells, rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(5)]
    return ["  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[5]]).rstrip() for line in cells]


def _cells(row: Row) -> tuple[str, str, str, str, str, str]:
    figures = row.metrics or {}
    cores = figures.get("parallelism")
    name = title(row.record.spec)
    return (
        row.id,
        local(row.created_at),
        row.status,
        time_or_unknown(figures.get("wall_ns")) if figures else "",
        "" if cores is None else f"{cores:.2f}",
        printable(f"{row.label} · {name}" if row.label else name),
    )
