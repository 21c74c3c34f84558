"""What the routes of one application share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from fastapi import Request

from app.hub import Hub
from app.queue import RunQueue
from app.settings import Settings
from app.store import Reader, Store


@dataclass(frozen=True, slots=True)
class Context:
    """Made once by `create_app`, found on `app.state.context`. `queue` is None when read-only: nothing is ever started."""

    settings: Settings
    store: Store
    reader: Reader
    hub: Hub
    queue: RunQueue | None

    @classmethod
    def of(cls, request: Request) -> Context:
        return cast("Context", request.app.state.context)

    def close(self) -> None:
        """Ends every stream, the run that is going on, and the store. Idempotent."""
        self.hub.close()
        if self.queue is not None:
            self.queue.close()
        self.store.close()
