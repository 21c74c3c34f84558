"""Answers on their way, in a real event loop and real threads."""

from __future__ import annotations

import asyncio
import threading

import pytest

from app.flights import Flights


def test_who_asks_for_the_same_meanwhile_gets_the_same_answer() -> None:
    made: list[bytes] = []
    landing = threading.Event()

    def make() -> bytes:
        assert landing.wait(10)
        made.append(b"%d" % len(made))
        return made[-1]

    async def asked() -> tuple[list[bytes], bytes, bytes]:
        flights = Flights()
        same = [asyncio.create_task(flights.answer("view", make)) for _ in range(5)]
        other = asyncio.create_task(flights.answer("another view", make))
        await asyncio.sleep(0)
        landing.set()
        return await asyncio.gather(*same), await other, await flights.answer("view", make)

    same, other, later = asyncio.run(asked())
    assert len({*same}) == 1
    assert len({same[0], other, later}) == 3, "what has landed is asked for anew"


def test_what_it_raises_all_of_them_are_told() -> None:
    def make() -> bytes:
        raise LookupError("no such window")

    async def asked() -> list[bytes | BaseException]:
        flights = Flights()
        return await asyncio.gather(*(flights.answer("view", make) for _ in range(3)), return_exceptions=True)

    assert [str(error) for error in asyncio.run(asked())] == ["no such window"] * 3


def test_who_leaves_does_not_stop_it_for_the_others() -> None:
    landing = threading.Event()

    def make() -> bytes:
        assert landing.wait(10)
        return b"view"

    async def asked() -> bytes:
        flights = Flights()
        first, second = (asyncio.create_task(flights.answer("view", make)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        landing.set()
        return await second

    assert asyncio.run(asked()) == b"view"
