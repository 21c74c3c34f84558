"""One answer for all who look at the same window of the same moment."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Any

import pytest

from app.store import Reader, Store
from app.view_cache import EXACT, ViewCache, Window
from engine.edge_index import NO_EDGES
from engine.views import ViewError, ViewIndex, view
from tests.support import synthetic
from tests.support.demo_server import put

WINDOW = Window(0, 100_000_000, 100, None, 2000)


class Counting(ViewIndex):
    """Counts what is asked of it, and answers when it may."""

    def __init__(self, index: ViewIndex) -> None:
        super().__init__(index.trace)
        self.asked = 0
        self.may = threading.Event()
        self.begun = threading.Event()

    def view(self, *window: Any) -> dict[str, Any]:
        self.asked += 1
        self.begun.set()
        assert self.may.wait(20)
        return super().view(*window)


def test_threads_that_want_the_same_share_one_answer(store: Store) -> None:
    recording = synthetic.threads_taking_turns()
    put(store, recording)
    snapshot = Reader(store).snapshot(recording.record.id)
    assert snapshot is not None
    counting = Counting(snapshot.index)
    shared = replace(snapshot, index=counting)
    cache, answers = ViewCache(), list[bytes]()
    threads = [threading.Thread(target=lambda: answers.append(cache.answer(shared, WINDOW))) for _ in range(5)]
    for thread in threads:
        thread.start()
    assert counting.begun.wait(20)
    counting.may.set()
    for thread in threads:
        thread.join()
    assert counting.asked == 1
    assert len(set(answers)) == 1
    assert json.loads(answers[0]) == json.loads(json.dumps(view(recording.trace, 0, 100_000_000, 100) | NO_EDGES | EXACT | {"sums": None}))
    cache.answer(shared, replace(WINDOW, px=200))
    cache.answer(replace(shared, seq=shared.seq + 1), WINDOW)
    assert counting.asked == 3


def test_a_window_that_cannot_be_is_refused_each_time(store: Store) -> None:
    recording = synthetic.threads_taking_turns()
    put(store, recording)
    snapshot = Reader(store).snapshot(recording.record.id)
    assert snapshot is not None
    cache = ViewCache()
    for _ in range(2):
        with pytest.raises(ViewError):
            cache.answer(snapshot, replace(WINDOW, t1=0))


def test_what_was_asked_for_longest_ago_is_forgotten(store: Store) -> None:
    recording = synthetic.threads_taking_turns()
    put(store, recording)
    snapshot = Reader(store).snapshot(recording.record.id)
    assert snapshot is not None
    counting = Counting(snapshot.index)
    counting.may.set()
    shared, cache = replace(snapshot, index=counting), ViewCache(limit=1)
    for px in (10, 20, 10):
        cache.answer(shared, replace(WINDOW, px=px))
    assert counting.asked == 3
    cache.answer(shared, replace(WINDOW, px=10))
    assert counting.asked == 3
