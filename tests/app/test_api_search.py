"""Searching and reading lanes segment by segment, through the interface."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from app.context import Context
from app.owner import Owner
from tests.app.problem import assert_problem
from tests.support import synthetic
from tests.support.demo_server import put
from tests.support.scene import MS, Recording

pytestmark = pytest.mark.anyio

URL = "/api/v1/traces/k3v9m2x7q4ab"


def lane_of(recording: Recording, name: str) -> int:
    return next(lane.id for lane in recording.trace.lanes.values() if lane.name == name)


async def found(client: httpx.AsyncClient, q: str, **params: Any) -> Any:
    response = await client.get(f"{URL}/search", params={"q": q, **params})
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_name_finds_its_lane_which_is_no_segment(client: httpx.AsyncClient, recording: Recording) -> None:
    told = await found(client, "worker-2")
    lane = lane_of(recording, "worker-2")
    assert told["items"] == [{"lane": lane, "start_ns": None, "end_ns": None, "state": None, "detail": None, "text": "worker-2"}]
    assert (told["lanes_found"], told["segments_found"], told["next_cursor"]) == (1, 0, None)
    assert told["query"] == {"text": "worker-2", "state": None, "least_ns": None, "most_ns": None}


async def test_a_state_and_a_duration_find_segments_the_longest_first(client: httpx.AsyncClient, recording: Recording) -> None:
    told = await found(client, "gil_wait > 9ms", limit=1000)
    lengths = [item["end_ns"] - item["start_ns"] for item in told["items"]]
    assert lengths == sorted(lengths, reverse=True)
    assert min(lengths) > 9 * MS
    assert {item["state"] for item in told["items"]} == {"gil_wait"}
    assert told["items"][0]["text"].endswith(f"gil_wait of {recording.trace.lanes[told['items'][0]['lane']].name}")


@pytest.mark.usefixtures("recording")
async def test_pages_of_what_is_found_add_up(client: httpx.AsyncClient) -> None:
    whole = (await found(client, "wait", limit=1000))["items"] + (await found(client, "gil_wait", limit=1000))["items"]
    paged: list[Any] = []
    for q in ("wait", "gil_wait"):
        after: str | None = "0"
        while after is not None:
            page = await found(client, q, limit=50, after=after)
            assert len(page["items"]) <= 50
            paged += page["items"]
            after = page["next_cursor"]
    assert paged == whole


@pytest.mark.usefixtures("recording")
@pytest.mark.parametrize("q", ["", "gil_wait >", "gil_wait > 5", "gilwait > 5ms", "running native", "> 5ms < 1ms", "x" * 201])
async def test_a_query_that_means_nothing_is_refused_in_words(client: httpx.AsyncClient, q: str) -> None:
    problem = assert_problem(await client.get(f"{URL}/search", params={"q": q}), 422)
    assert [error["field"] for error in problem["errors"]] == ["q"]


@pytest.mark.usefixtures("recording")
async def test_bytes_that_are_no_text_find_nothing(client: httpx.AsyncClient) -> None:
    told = (await client.get(f"{URL}/search?q=%ED%A0%80")).json()
    assert (told["items"], told["segments_found"]) == ([], 0)


@pytest.mark.usefixtures("recording")
async def test_a_search_needs_words_and_a_place_that_can_be(client: httpx.AsyncClient) -> None:
    for query in ("", "?q=a&after=-1", "?q=a&limit=0", "?q=a&after=x"):
        assert_problem(await client.get(f"{URL}/search{query}"), 422)


async def test_a_lane_is_told_segment_by_segment_with_who_held_the_gil(client: httpx.AsyncClient, recording: Recording) -> None:
    lane = lane_of(recording, "worker-2")
    told: list[Any] = []
    params: dict[str, Any] = {"limit": 17, "t0": 100 * MS, "t1": 900 * MS}
    while True:
        page = (await client.get(f"{URL}/lanes/{lane}/segments", params=params)).json()
        assert page["before"] == len(told)
        told += page["items"]
        if page["next_cursor"] is None:
            break
        params["after"] = page["next_cursor"]
    assert len(told) == page["total"]
    exact = [one for one in recording.trace.segments.to_json(recording.trace.strings) if one["lane"] == lane]
    assert [{name: item[name] for name in exact[0]} for item in told] == [
        one for one in exact if one["end_ns"] > 100 * MS and one["start_ns"] < 900 * MS
    ]
    waits = [item for item in told if item["state"] == "gil_wait"]
    others = {lane_of(recording, "worker-1"), lane_of(recording, "worker-3")}
    assert {holder for item in waits for holder, _ in item["holders"]} == others
    assert all("holders" not in item for item in told if item["state"] != "gil_wait")


async def test_segments_that_grow_still_are_open(client: httpx.AsyncClient, context: Context) -> None:
    recording = synthetic.threads_taking_turns(2)
    owner = Owner(context.settings.data)
    put(context.store, recording, frames=3, owner=owner)
    page = (await client.get(f"{URL}/lanes/{lane_of(recording, 'worker-1')}/segments", params={"limit": 1000})).json()
    assert [item["open"] for item in page["items"]] == [False] * (page["total"] - 1) + [True]
    owner.close()


@pytest.mark.usefixtures("recording")
@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("lanes/77/segments", 404, "no lane 77"),
        ("lanes/one/segments", 422, "lane:"),
        ("lanes/1/segments?state=asleep", 422, "state: must be one of unknown, starting"),
        ("lanes/1/segments?t0=7&t1=7", 422, "t1: must be after t0 (7)"),
        ("lanes/1/segments?t0=3600000000000", 422, "the trace ends at"),
        ("lanes/1/segments?after=-2", 422, "after:"),
    ],
)
async def test_an_excerpt_that_cannot_be_is_refused_in_words(client: httpx.AsyncClient, path: str, status: int, said: str) -> None:
    assert said in assert_problem(await client.get(f"{URL}/{path}"), status)["detail"]
