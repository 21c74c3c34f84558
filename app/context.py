"""What the routes of one application share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from fastapi import Request

from app.flights import Flights
from app.hub import Hub
from app.ids import is_id
from app.live_figures import LiveFigures
from app.owner import is_alive
from app.queue import RunQueue, recover
from app.settings import Settings
from app.standby import Standby
from app.store import Comparison, Reader, Row, Snapshot, Store
from app.thumbnails import Thumbnails
from app.trace_object import trace_object
from app.view_cache import ViewCache


@dataclass(frozen=True, slots=True)
class Context:
    """Made once by `create_app`, found on `app.state.context`. `queue` is None when read-only: nothing is ever started.

    `standby` is None where runs are not real ones."""

    settings: Settings
    store: Store
    reader: Reader
    views: ViewCache
    thumbnails: Thumbnails
    figures: LiveFigures
    flights: Flights
    hub: Hub
    queue: RunQueue | None
    standby: Standby | None = None

    def row(self, trace_id: str) -> Row | None:
        """The trace as it is; if whoever recorded it has died meanwhile, as it ended. None if there is none (or the id is malformed)."""
        row = self.glance(trace_id)
        if row is not None and row.owner is not None and not is_alive(self.store.directory, row.owner):
            recover(self.store, lambda _: self.hub.poke())
            return self.store.row(trace_id)
        return row

    def snapshot(self, trace_id: str) -> Snapshot | None:
        """Likewise, with its record."""
        return None if self.row(trace_id) is None else self.reader.snapshot(trace_id)

    def glance(self, trace_id: str) -> Row | None:
        """The trace as the store has it: one short look, which an event loop can afford."""
        return self.store.row(trace_id) if is_id(trace_id) else None

    def told(self, trace_id: str) -> dict[str, Any] | None:
        """The trace object, with the figures so far if it has not ended. None if there is none."""
        row = self.row(trace_id)
        if row is None or row.metrics is not None:
            return None if row is None else trace_object(row, store=self.store)
        live = self.reader.snapshot(trace_id)
        return None if live is None else trace_object(live.row, store=self.store, live=live, so_far=self.figures.of)

    def expect_run(self) -> None:
        """A reader is where runs are started: what that takes may be got ready, unless something is being measured."""
        if self.standby is not None and self.queue is not None and not self.store.unfinished():
            self.standby.expect()

    def comparison(self, comparison_id: str) -> Comparison | None:
        """None if there is none (or the id is malformed). Ends what whoever queued its runs has left behind."""
        found = self.store.comparisons.get(comparison_id) if is_id(comparison_id) else None
        if found is not None and self.store.unfinished():
            recover(self.store, lambda _: self.hub.poke())
        return found

    @classmethod
    def of(cls, request: Request) -> Context:
        return cast("Context", request.app.state.context)

    def close(self) -> None:
        """Ends every stream, the run that is going on, and the store. Idempotent."""
        self.hub.close()
        if self.queue is not None:
            self.queue.close()
        if self.standby is not None:
            self.standby.close()
        self.store.close()
