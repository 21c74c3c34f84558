"""Wakes whoever waits for a trace to grow, within one event loop.

Runs of this process poke the hub; those of others (the command line) are noticed by asking SQLite every 100 ms whether the file has
changed, which happens only while somebody waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Self, TypeVar, cast

Said = TypeVar("Said")

POLL_S = 0.1
SHARE_S, LONGEST_PAUSE_S = 0.02, 0.2


class Hub:
    """One per server. `poke` may be called from any thread; the rest from the event loop only."""

    def __init__(self, changed: Callable[[], int]) -> None:
        """`changed` answers a number that differs once another connection has written; it is called in the event loop, and is quick."""
        self._changed = changed
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: set[asyncio.Future[None]] = set()
        self._poller: asyncio.Task[None] | None = None
        self._onlookers = 0
        self._said: dict[Hashable, Any] = {}
        self.closed = False

    def poke(self) -> None:
        """Something in the store has changed."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            with suppress(RuntimeError):  # It was closed just now: nobody waits any more.
                loop.call_soon_threadsafe(self._wake)

    def watch(self) -> Watch:
        """From now on no change is missed: watch, then read the store, then wait."""
        self._loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = self._loop.create_future()
        if self.closed:
            future.set_result(None)
        else:
            self._waiting.add(future)
            if self._poller is None or self._poller.done():
                self._poller = self._loop.create_task(self._poll())
        return Watch(self, future)

    @contextmanager
    def looking_on(self) -> Iterator[None]:
        """While somebody follows a trace from moment to moment."""
        self._onlookers += 1
        try:
            yield
        finally:
            self._onlookers -= 1

    @property
    def pause_s(self) -> float:
        """For how long each of those who look on is left alone between two pieces of news: what they ask for then takes a core, which
        many together would take from what is measured. Up to five of them hear of every frame."""
        return min(SHARE_S * self._onlookers, LONGEST_PAUSE_S)

    @property
    def watched(self) -> bool:
        """Whether anybody waits."""
        return bool(self._waiting)

    def close(self) -> None:
        """Wakes everybody for good. Idempotent; safe from a signal handler and from any thread."""
        self.closed = True
        self.poke()

    def forget(self, future: asyncio.Future[None]) -> None:
        self._waiting.discard(future)

    def once(self, key: Hashable, make: Callable[[], Said]) -> Said:
        """What `make` answers, asked once for all who watch until something changes."""
        if key not in self._said:
            self._said[key] = make()
        return cast("Said", self._said[key])

    def _wake(self) -> None:
        self._said.clear()
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def _poll(self) -> None:
        seen, lonely = self._changed(), 0
        while lonely < 10 and not self.closed:
            await asyncio.sleep(POLL_S)
            lonely = 0 if self._waiting else lonely + 1
            now = self._changed()
            if now != seen:
                seen = now
                self._wake()


class Watch:
    """One reader's wait. Use it as a context manager, so that it is forgotten whatever happens."""

    def __init__(self, hub: Hub, future: asyncio.Future[None]) -> None:
        self._hub = hub
        self._future = future

    @property
    def woken(self) -> bool:
        """Whether something may have changed since `watch`."""
        return self._future.done()

    async def wait(self, seconds: float) -> None:
        """Until something may have changed since `watch`, the hub is closed, or `seconds` are over."""
        await asyncio.wait([self._future], timeout=seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._hub.forget(self._future)
