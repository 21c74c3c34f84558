"""`gilscope open`: the page of a trace or a comparison in the browser, from the server on the data, or from one that is started for it."""

from __future__ import annotations

import argparse
import webbrowser

from app.cli.place import data_directory, opened_store, server_url, trace_id
from app.cli.terminal import Terminal
from app.cli.traces import snapshot_of


def open_trace(options: argparse.Namespace, terminal: Terminal) -> int:
    """The address goes to stdout in any case: there may be no browser here."""
    data = data_directory(options)
    with opened_store(data) as store:
        comparison = store.comparisons.get(trace_id(options.id))
        permalink = f"/c/{comparison.id}" if comparison else f"/t/{snapshot_of(options.id, store).row.id}"
    url = server_url(data)
    if url is None:
        from app.cli.serve import serve_page

        return serve_page(options, terminal, permalink)
    terminal.result(url + permalink)
    if not options.no_open and not webbrowser.open(url + permalink):
        terminal.say("no browser could be opened here: go to that address yourself")
    return 0
