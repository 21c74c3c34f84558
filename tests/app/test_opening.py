"""A large trace is seen at once, is read once for all who look, and is not read for nobody."""

from __future__ import annotations

import base64
import json
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import pytest

from app.bundles import export_bundle, import_bundle
from app.context import Context
from app.store import Reader, Store, StoreError
from app.store.opening import PATIENCE_S, GivenUpError, Openings
from engine.overview import LARGE, overview_of, read_overview
from engine.trace import State
from engine.views import ViewIndex
from tests.app.problem import assert_problem
from tests.support import synthetic
from tests.support.demo_server import put
from tests.support.large import large
from tests.support.scene import Recording

PATIENCE = 20
pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def recording() -> Recording:
    return large(LARGE + 30_000, 6, 20, 2)


@dataclass
class Reading:
    """Stands for the reading of traces: goes on a step each time that it may, and counts."""

    begun: list[str] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    may: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    stepped: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    over: threading.Event = field(default_factory=threading.Event)

    def __call__(self, trace_id: str, on_progress: Callable[[float], None]) -> None:
        self.begun.append(trace_id)
        try:
            for step in range(1, 5):
                assert self.may.acquire(timeout=PATIENCE)
                on_progress(step / 4)
                self.stepped.release()
        except GivenUpError:
            self.given_up.append(trace_id)
            raise
        finally:
            self.over.set()

    def step(self) -> None:
        self.may.release()
        assert self.stepped.acquire(timeout=PATIENCE)


def test_two_who_ask_share_one_opening_and_hear_how_far_it_is() -> None:
    reading = Reading()
    openings = Openings(reading, clock=lambda: 0)
    assert (openings.ask("one"), openings.ask("one")) == (0, 0)
    reading.step()
    assert openings.ask("one") == 0.25
    reading.step()
    assert openings.ask("one") == 0.5
    assert reading.begun == ["one"]
    for _ in range(2):
        reading.step()


def test_an_opening_that_nobody_asks_about_any_more_is_given_up() -> None:
    reading, now = Reading(), [0.0]
    openings = Openings(reading, clock=lambda: now[0])
    openings.ask("left")
    reading.step()
    now[0] += PATIENCE_S + 1
    reading.may.release()
    assert reading.over.wait(PATIENCE)
    assert reading.given_up == ["left"]


def test_of_several_the_one_asked_for_last_is_opened_next_and_one_at_a_time() -> None:
    reading, now = Reading(), [0.0]
    openings = Openings(reading, clock=lambda: now[0])
    openings.ask("first")
    reading.step()
    for name in ("second", "third"):
        now[0] += 1
        openings.ask(name)
    openings.ask("first")
    for _ in range(3 + 4 + 4):
        reading.step()
    assert reading.begun == ["first", "third", "second"]


async def opened(client: httpx.AsyncClient, url: str, **params: str | int) -> dict[str, object]:
    """The view once the trace is open; the overviews until then have been told honestly."""
    while True:
        told: dict[str, object] = (await client.get(f"{url}/view", params={"overview": "true", **params})).json()
        if told["resolution"] == "exact":
            return told
        assert told["segments_shown"] == len(told["segments"])  # type: ignore[arg-type]


async def test_a_large_trace_is_seen_by_its_overview_first_and_then_exactly(
    client: httpx.AsyncClient, context: Context, recording: Recording
) -> None:
    put(context.store, recording)
    url = f"/api/v1/traces/{recording.record.id}"
    lanes = sorted(recording.trace.lanes)[:5]
    asked: dict[str, str | int] = {"px": 500, "lanes": ",".join(map(str, lanes)), "at_work": "true", "overview": "true"}
    first = (await client.get(f"{url}/view", params=asked)).json()
    assert (first["resolution"], first["lanes"]) == ("overview", lanes)
    assert first["opened"] < 1
    exact = json.loads(json.dumps(await opened(client, url, **asked)))
    assert first["totals"] == exact["totals"]
    assert set(first) == set(exact)
    assert first["columns"] > exact["columns"]
    for lane in exact["coverage"]:
        for state, told in exact["coverage"][lane].items():
            texts = (first["coverage"][lane][state], told)
            fine, coarse = (int(np.frombuffer(base64.b64decode(text), np.uint8).astype(int).sum()) for text in texts)
            assert abs(fine * first["ns_per_column"] - coarse * exact["ns_per_column"]) < exact["t1_ns"] * 2
    window = (await client.get(f"{url}/view", params={"t0": 10**9, "t1": 10**9 + 10**6, "overview": "true"})).json()
    assert window["resolution"] == "exact"


async def test_who_does_not_ask_for_an_overview_is_answered_exactly(
    client: httpx.AsyncClient, context: Context, recording: Recording
) -> None:
    put(context.store, recording)
    told = (await client.get(f"/api/v1/traces/{recording.record.id}/view", params={"px": 10})).json()
    assert (told["resolution"], told["opened"]) == ("exact", 1)


async def test_lanes_of_a_large_trace_are_told_before_it_is_open(client: httpx.AsyncClient, context: Context, recording: Recording) -> None:
    put(context.store, recording)
    url = f"/api/v1/traces/{recording.record.id}/lanes"
    expected = [recording.trace.lanes[lane].to_json() for lane in sorted(recording.trace.lanes)]
    page = (await client.get(url, params={"limit": 7})).json()
    rest = (await client.get(url, params={"after": page["next_cursor"]})).json()
    assert page["items"] + rest["items"] == expected
    assert rest["next_cursor"] is None


def test_an_overview_that_is_missing_is_made_when_the_trace_is_first_read(store: Store, recording: Recording) -> None:
    put(store, recording)
    number = store.row(recording.record.id).number  # type: ignore[union-attr]
    with store.database.writing() as connection:
        connection.execute("DELETE FROM overviews")
    row = store.row(recording.record.id)
    assert row is not None
    assert Reader(store).glimpse(row) is None
    Reader(store).snapshot(recording.record.id)
    assert store.overviews.get(number) is not None
    store.delete(recording.record.id)
    assert store.overviews.get(number) is None


def test_a_trace_is_read_even_where_its_overview_cannot_be_written(
    store: Store, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, recording)
    with store.database.writing() as connection:
        connection.execute("DELETE FROM overviews")

    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(store.overviews, "put", full)
    snapshot = Reader(store).snapshot(recording.record.id)
    assert snapshot is not None
    assert len(snapshot.trace.segments) == len(recording.trace.segments)


def test_an_imported_trace_is_seen_at_once_too(store: Store, tmp_path: Path, recording: Recording) -> None:
    put(store, recording)
    row = store.row(recording.record.id)
    assert row is not None
    elsewhere = Store(tmp_path / "elsewhere")
    with (tmp_path / "bundle").open("w+b") as file:
        export_bundle(store, row, file)
        identity, new = import_bundle(elsewhere, file, 2**30)
    imported = elsewhere.row(identity)
    assert new
    assert imported is not None
    assert elsewhere.overviews.get(imported.number) == store.overviews.get(row.number)
    elsewhere.close()


def test_a_small_trace_has_no_overview_and_a_strange_one_is_not_read(recording: Recording) -> None:
    assert overview_of(ViewIndex(synthetic.threads_taking_turns().trace)) is None
    assert overview_of(ViewIndex(recording.live(3))) is None
    assert read_overview(zlib.compress(b'{"version": 99}')) is None


def test_an_overview_of_ten_thousand_tasks_has_the_first_of_them_and_all_their_names() -> None:
    trace = large(LARGE + 50_000, 0, 10_000).trace
    body = overview_of(ViewIndex(trace))
    assert body is not None
    overview = read_overview(body)
    assert overview is not None
    assert len(overview.lanes) == len(trace.lanes)
    assert len(overview.view["lanes"]) == 512
    told = overview.told(0, None, [3, 4, 9_999, 77_777], at_work=False)
    assert told["lanes"] == [3, 4]
    assert len(body) < 2 * 2**20
    assert State.running.name in told["coverage"]["3"]


async def test_a_window_behind_the_end_of_a_finished_trace_is_refused_with_its_span(client: httpx.AsyncClient, context: Context) -> None:
    recording = synthetic.threads_taking_turns()
    put(context.store, recording)
    url = f"/api/v1/traces/{recording.record.id}"
    until = recording.trace.t_ns
    problem = assert_problem(await client.get(f"{url}/view", params={"t0": until, "t1": until + 5}), 422)
    assert problem["errors"][0]["field"] == "t0"
    assert f"ends at {until} ns" in problem["detail"]
    assert (await client.get(f"{url}/view", params={"t0": until - 1, "t1": until + 5})).status_code == 200


async def test_lanes_that_the_trace_does_not_have_are_named(client: httpx.AsyncClient, context: Context) -> None:
    recording = synthetic.threads_taking_turns()
    put(context.store, recording)
    url = f"/api/v1/traces/{recording.record.id}/view"
    problem = assert_problem(await client.get(url, params={"lanes": "4,998,999"}), 422)
    assert "998, 999" in problem["detail"]
    assert (await client.get(url, params={"lanes": "", "at_work": "true"})).json()["lanes"] == []
