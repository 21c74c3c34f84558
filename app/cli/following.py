"""Runs that go on here are followed to their ends: how far they are, what they print, and Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.cli.echo import Echo
from app.cli.errors import CommandError
from app.cli.place import opened_store
from app.cli.terminal import Terminal
from app.queue import RunQueue
from app.store import Row, Store
from engine.trace import decode_frame

_LOOK_S = 0.25
"""How often the progress line moves."""


@dataclass(frozen=True, slots=True)
class Here:
    """What runs are followed with. `changed` is set whenever the store was; `interrupted` when the run is to be cancelled."""

    store: Store
    queue: RunQueue
    terminal: Terminal
    changed: threading.Event
    interrupted: threading.Event
    echo: Echo


@contextmanager
def following(data: Path, terminal: Terminal) -> Iterator[Here]:
    """A store, a queue that runs what is submitted here, and Ctrl-C as a wish to cancel. Raises CommandError if `data` cannot be used."""
    changed, echo = threading.Event(), Echo()
    with (
        opened_store(data) as store,
        RunQueue(store, launcher=echo.launch, on_change=lambda _: changed.set()) as queue,
        _interrupts() as interrupted,
    ):
        yield Here(store, queue, terminal, changed, interrupted, echo)


def followed(trace_id: str, here: Here, *, name: str = "", together: Sequence[str] = ()) -> Row:
    """Waits for the end of a run, telling how far it is and what it prints. The first Ctrl-C cancels it and waits for what it leaves.

    `name`: what it is called on the progress line; `together`: the traces that Ctrl-C cancels with it.
    Reads as little as it can meanwhile: whatever this process does takes a core from what is measured.
    """
    told, cancelling = "", False
    store, terminal = here.store, here.terminal
    jobs = _JobsDone(store)
    while True:
        row = store.row(trace_id)
        over = row is not None and row.finished
        for line in here.echo.lines(last=over):
            terminal.say(line)
        if row is None:
            raise CommandError(f"the trace {trace_id} was deleted meanwhile")
        if over:
            return row
        if here.interrupted.is_set() and not cancelling:
            cancelling = True
            terminal.say("cancelling: what was recorded so far is kept")
            here.queue.cancel_all([trace_id, *together])
        if row.status != told:
            told = row.status
            if told == "queued" and (before := _before(store, row)):
                terminal.say(f"queued: {before} before this one")
        if terminal.lively:
            said = f"{row.status} · {row.t_ns / 1e9:.1f} s · {jobs.count(row)} of {row.record.spec.jobs} jobs done"
            terminal.progress(f"{name} · {said}" if name else said)
        here.changed.wait(_LOOK_S)
        here.changed.clear()


class _JobsDone:
    """Counts finished jobs, looking at each stored frame once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seq = self._jobs = 0

    def count(self, row: Row) -> int:
        for seq, body in self._store.frames(row.number, after=self._seq):
            self._seq = seq
            self._jobs += len(decode_frame(body).jobs)
        return self._jobs


def _before(store: Store, row: Row) -> str | None:
    count = store.position(row.number)
    return None if count == 0 else "1 run" if count == 1 else f"{count} runs"


@contextmanager
def _interrupts() -> Iterator[threading.Event]:
    """Set by the first Ctrl-C or termination; a second Ctrl-C ends the program as usual."""
    event = threading.Event()

    def on_signal(number: int, frame: Any) -> None:  # noqa: ARG001 - the shape of a handler
        signal.signal(signal.SIGINT, signal.default_int_handler)
        event.set()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
