"""The record through the interface is the record that was stored: exactly, in pages, in windows."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import httpx
import pytest

from app.conclude import finish
from app.context import Context
from app.owner import Owner
from app.view_cache import EXACT
from engine.edge_index import NO_EDGES
from engine.metrics import metrics
from engine.trace import State
from engine.views import view
from tests.app.problem import assert_problem
from tests.support import synthetic
from tests.support.demo_server import put
from tests.support.scene import Recording

pytestmark = pytest.mark.anyio

URL = "/api/v1/traces/k3v9m2x7q4ab"


async def every_page(client: httpx.AsyncClient, url: str, **params: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    while True:
        page = (await client.get(url, params=params)).json()
        assert len(page["items"]) <= params.get("limit", 10_000)
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        params["after"] = page["next_cursor"]


def in_order(segments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(segments, key=lambda segment: (segment["lane"], segment["start_ns"]))


async def test_lanes_are_told_as_recorded(client: httpx.AsyncClient, recording: Recording) -> None:
    lanes = await every_page(client, f"{URL}/lanes", limit=2)
    assert lanes == [lane.to_json() for _, lane in sorted(recording.trace.lanes.items())]


@pytest.mark.parametrize("limit", [11, 10_000])
async def test_pages_of_segments_add_up_to_the_record_without_gap_or_repeat(
    client: httpx.AsyncClient, recording: Recording, limit: int
) -> None:
    told = await every_page(client, f"{URL}/segments", limit=limit)
    assert in_order(told) == recording.trace.segments.to_json(recording.trace.strings)


async def test_segments_can_be_filtered_by_lane_and_state(client: httpx.AsyncClient, recording: Recording) -> None:
    everything = recording.trace.segments.to_json(recording.trace.strings)
    lane = next(lane.id for lane in recording.trace.lanes.values() if lane.name == "worker-2")
    told = await every_page(client, f"{URL}/segments", lane=lane, state="gil_wait", limit=5)
    assert in_order(told) == [one for one in everything if one["lane"] == lane and one["state"] == "gil_wait"]
    assert told
    assert await every_page(client, f"{URL}/segments", lane=10**6) == []


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
async def test_pages_of_edges_add_up_to_the_record(client: httpx.AsyncClient, recording: Recording, limit: int) -> None:
    told = await every_page(client, f"{URL}/edges", limit=limit)
    assert told == [asdict(edge) for edge in recording.trace.edges]
    assert [edge["kind"] for edge in told] == ["spawn"] * 3


async def test_edges_are_told_line_by_line_too_and_after_the_last_there_are_none(client: httpx.AsyncClient, recording: Recording) -> None:
    answer = await client.get(f"{URL}/edges", params={"limit": 2}, headers={"accept": "application/x-ndjson"})
    assert [json.loads(line) for line in answer.text.splitlines()] == [asdict(edge) for edge in recording.trace.edges[:2]]
    assert 'rel="next"' in answer.headers["link"]
    assert (await client.get(f"{URL}/edges", params={"after": "77"})).json() == {"items": [], "next_cursor": None}
    assert_problem(await client.get(f"{URL}/edges", params={"after": "x"}), 422)
    assert_problem(await client.get("/api/v1/traces/aaaabbbbcccc/edges"), 404)


async def test_a_view_has_edges_when_asked_for_them_and_only_all_of_them(client: httpx.AsyncClient, recording: Recording) -> None:
    async def asked(**params: Any) -> tuple[Any, Any]:
        view = (await client.get(f"{URL}/view", params=params)).json()
        return view["edges"], view["edges_in_window"]

    every = [asdict(edge) for edge in recording.trace.edges]
    assert await asked() == ([], None)
    assert await asked(edges=3) == (every, 3)
    assert await asked(edges=2) == ([], 3)
    assert await asked(edges=3) == (every, 3)
    assert await asked(edges=9, t0=500_000_000, t1=600_000_000) == ([], 0)
    assert await asked(edges=9, lanes=every[1]["to_lane"]) == ([every[1]], 1)


async def test_a_cursor_of_a_growing_trace_stays_good(client: httpx.AsyncClient, context: Context) -> None:
    recording = synthetic.threads_taking_turns(2, identity="g2r4w6n8g3aa")
    owner = Owner(context.settings.data)
    put(context.store, recording, frames=3, owner=owner)
    url = "/api/v1/traces/g2r4w6n8g3aa/segments"
    page = (await client.get(url, params={"limit": 3})).json()
    finish(context.store, recording.record.id, lambda _: recording.frames[-1])
    owner.close()
    rest = await every_page(client, url, after=page["next_cursor"])
    expected = [segment for frame in (*recording.frames[:3], recording.frames[-1]) for segment in frame.segments.rows()]
    assert len(page["items"]) + len(rest) == len(expected)
    assert len({(one["lane"], one["start_ns"]) for one in page["items"] + rest}) == len(expected)


async def test_ndjson_is_a_line_for_each_item_and_links_the_next_page(client: httpx.AsyncClient, recording: Recording) -> None:
    response = await client.get(f"{URL}/segments", params={"limit": 10, "state": "running"}, headers={"accept": "application/x-ndjson"})
    assert response.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line)["state"] for line in response.text.splitlines()] == ["running"] * 10
    following = await client.get(response.links["next"]["url"])
    assert following.json()["items"][0]["state"] == "running"
    assert recording.trace.segments is not None


async def test_a_view_is_that_of_the_engine(client: httpx.AsyncClient, recording: Recording) -> None:
    told = (await client.get(f"{URL}/view", params={"t0": 100_000_000, "t1": 300_000_000, "px": 500, "lanes": "3,4"})).json()
    assert told == json.loads(json.dumps(view(recording.trace, 100_000_000, 300_000_000, 500, [3, 4]) | NO_EDGES | EXACT | {"sums": None}))
    assert (await client.get(f"{URL}/view")).json()["grown_to_ns"] == recording.trace.t_ns


async def test_metrics_of_the_whole_are_frozen_and_those_of_a_window_are_of_it(client: httpx.AsyncClient, recording: Recording) -> None:
    whole = (await client.get(f"{URL}/metrics")).json()
    assert whole == (await client.get(URL)).json()["metrics"]
    window = (await client.get(f"{URL}/metrics", params={"t0": 100_000_000, "t1": 200_000_000})).json()
    assert window == json.loads(json.dumps(metrics(recording.trace, 100_000_000, 200_000_000)))
    assert window["wall_ns"] == 100_000_000


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ("segments?limit=0", "limit"),
        ("segments?limit=10001", "limit"),
        ("segments?after=x", "after"),
        ("segments?after=-1", "after"),
        ("segments?after=" + "9" * 50, "after"),
        ("segments?lane=-1", "lane"),
        ("segments?lane=" + "9" * 40, "lane"),
        ("segments?state=sleeping", "state"),
        ("lanes?limit=x", "limit"),
        ("view?px=0", "px"),
        ("view?px=1e9", "px"),
        ("view?t0=-1", "t0"),
        ("view?t0=5&t1=5", "t1"),
        ("view?t1=" + "9" * 30, "t1"),
        ("view?lanes=1,,2", "lanes"),
        ("view?lanes=" + "9" * 20, "lanes"),
        ("metrics?t0=10&t1=5", "t1"),
        ("metrics?t0=" + "9" * 15, "t0"),
    ],
)
async def test_absurd_windows_and_cursors_are_refused(client: httpx.AsyncClient, recording: Recording, part: str, field: str) -> None:
    problem = assert_problem(await client.get(f"{URL}/{part}"), 422)
    assert problem["errors"][0]["field"] == field
    assert recording.record.id in URL


async def test_a_cursor_beyond_the_end_is_an_empty_page(client: httpx.AsyncClient, recording: Recording) -> None:
    assert (await client.get(f"{URL}/segments?after=999999.5")).json() == {"items": [], "next_cursor": None}
    assert recording.record.id in URL


async def test_a_queued_trace_has_an_empty_record(client: httpx.AsyncClient) -> None:
    created = (await client.post("/api/v1/traces", json={"workload": "cpu", "model": "threads"})).json()
    url = f"/api/v1/traces/{created['id']}"
    assert (await client.get(f"{url}/lanes")).json() == {"items": [], "next_cursor": None}
    assert (await client.get(f"{url}/segments")).json() == {"items": [], "next_cursor": None}
    assert (await client.get(f"{url}/view")).json()["lanes"] == []
    assert (await client.get(f"{url}/metrics")).json()["wall_ns"] is None


async def test_every_state_can_be_asked_for(client: httpx.AsyncClient, recording: Recording) -> None:
    for state in State:
        assert (await client.get(f"{URL}/segments", params={"state": state.name})).status_code == 200
    assert recording.record.id in URL
