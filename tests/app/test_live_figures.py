"""Figures of a run that goes on: for all who look, and not so often that the run notices."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app import live_figures
from app.live_figures import CHEAP_S, SHARE, LiveFigures
from app.owner import Owner
from app.store import Reader, Snapshot, Store
from app.trace_object import Figures
from tests.support import synthetic
from tests.support.demo_server import put


@pytest.fixture
def snapshot(store: Store) -> Snapshot:
    recording = synthetic.threads_taking_turns()
    owner = Owner(store.directory)
    put(store, recording, frames=3, owner=owner)
    owner.close()
    found = Reader(store).snapshot(recording.record.id)
    assert found is not None
    return found


class Weather:
    """A clock, and how long it takes to make figures."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, cost: float) -> None:
        self.now, self.made = 100.0, 0
        self._cost = cost
        monkeypatch.setattr(live_figures, "figures_so_far", self._figures)

    def _figures(self, snapshot: Snapshot) -> Figures:
        self.made += 1
        self.now += self._cost
        return {"seq": snapshot.seq}, f"{self.made} made"


def test_all_who_look_at_one_moment_share_its_figures(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    weather = Weather(monkeypatch, cost=0)
    figures = LiveFigures(lambda: weather.now)
    assert figures.of(snapshot) == figures.of(snapshot) == ({"seq": snapshot.seq}, "1 made")


def test_cheap_figures_are_of_every_moment(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    weather = Weather(monkeypatch, cost=CHEAP_S / 2)
    figures = LiveFigures(lambda: weather.now)
    assert [figures.of(replace(snapshot, seq=seq))[0] for seq in (5, 6, 7)] == [{"seq": 5}, {"seq": 6}, {"seq": 7}]


def test_dear_ones_take_no_more_than_their_share_of_the_time(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    weather = Weather(monkeypatch, cost=0.5)
    figures = LiveFigures(lambda: weather.now)
    assert figures.of(replace(snapshot, seq=5))[0] == {"seq": 5}
    weather.now += 0.5 / SHARE - 0.01
    assert figures.of(replace(snapshot, seq=6))[0] == {"seq": 5}
    weather.now += 0.02
    assert figures.of(replace(snapshot, seq=7))[0] == {"seq": 7}
