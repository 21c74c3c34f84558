"""Who waits for news: woken together, told once, and less often the more they are."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

from app.hub import LONGEST_PAUSE_S, Hub


def test_the_more_look_on_the_longer_each_is_left_alone() -> None:
    hub = Hub(lambda: 0)
    pauses = []
    with ExitStack() as onlookers:
        for _ in range(20):
            pauses.append(hub.pause_s)
            onlookers.enter_context(hub.looking_on())
    assert pauses == sorted(pauses)
    assert pauses[0] == 0
    assert pauses[5] <= 0.1, "five hear of ten frames a second"
    assert pauses[-1] == LONGEST_PAUSE_S < 0.25, "all hear within the time that the stream promises"
    assert hub.pause_s == 0, "who has left counts no more"


def test_what_is_asked_once_is_asked_anew_after_a_change() -> None:
    async def asked() -> list[int]:
        hub, looks = Hub(lambda: 0), iter(range(10))
        with hub.watch() as watch:
            found = [hub.once("trace", lambda: next(looks)), hub.once("trace", lambda: next(looks)), hub.once("other", lambda: next(looks))]
            hub.poke()
            await watch.wait(10)
        found.append(hub.once("trace", lambda: next(looks)))
        hub.close()
        return found

    assert asyncio.run(asked()) == [0, 0, 1, 2]
