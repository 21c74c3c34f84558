"""Answers that are on their way: who asks for the same meanwhile waits for the same one, and takes no thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable

from starlette.concurrency import run_in_threadpool


class Flights:
    """One per server; from its event loop only."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, asyncio.Task[bytes]] = {}

    async def answer(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """What `make`, called in a thread, answers or raises; `key` says all that it depends on. Who leaves does not stop it."""
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(run_in_threadpool(make))
            task.add_done_callback(lambda done: self._land(key, done))
        return await asyncio.shield(task)

    def _land(self, key: Hashable, task: asyncio.Task[bytes]) -> None:
        del self._under_way[key]
        if not task.cancelled():
            task.exception()  # Who asked may have left; then nobody else hears of it.
