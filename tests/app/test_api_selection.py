"""What a selection adds up to, through the interface: as JSON in pages, as CSV, and in words where it cannot be."""

from __future__ import annotations

import asyncio
import csv
import io
import threading
import time
from typing import Any

import httpx
import pytest

from app.context import Context
from app.owner import Owner
from engine.metrics import metrics
from engine.selection import selection
from tests.app.problem import assert_problem
from tests.support import synthetic
from tests.support.demo_server import put
from tests.support.scene import Recording

pytestmark = pytest.mark.anyio

URL = "/api/v1/traces/k3v9m2x7q4ab"
WINDOW = {"t0": 500_000_000, "t1": 1_000_000_000}


@pytest.fixture
def recording(context: Context) -> Recording:
    made = synthetic.threads_taking_turns(3)
    put(context.store, made)
    return made


async def asked(client: httpx.AsyncClient, **params: Any) -> Any:
    response = await client.get(f"{URL}/selection", params=params)
    assert response.status_code == 200, response.text
    return response.json()


async def test_the_figures_of_a_window_are_those_of_metrics(client: httpx.AsyncClient, recording: Recording) -> None:
    told = await asked(client, **WINDOW)
    figures = metrics(recording.trace, WINDOW["t0"], WINDOW["t1"])
    assert (told["t0_ns"], told["t1_ns"], told["span_ns"]) == (500_000_000, 1_000_000_000, 500_000_000)
    assert told["states"] == figures["states"]
    assert told["parallelism"] == pytest.approx(figures["parallelism"])
    assert told["handoffs"] == figures["gil"]["seen_handoffs"]
    assert told["work_lanes"] == 3
    assert told["longest_wait"]["state"] == "gil_wait"


async def test_without_a_window_it_is_the_whole_trace(client: httpx.AsyncClient, recording: Recording) -> None:
    told = await asked(client)
    assert (told["t0_ns"], told["t1_ns"]) == (0, recording.trace.t_ns)
    assert told["segments"] == len(recording.trace.segments)


async def test_only_the_chosen_lanes_are_told(client: httpx.AsyncClient, recording: Recording) -> None:
    ids = {lane.name: lane.id for lane in recording.trace.lanes.values()}
    told = await asked(client, lanes=f"{ids['worker-2']},{ids['worker-1']}", **WINDOW)
    assert [(item["name"], item["kind"]) for item in told["items"]] == [("worker-1", "thread"), ("worker-2", "thread")]
    assert told["lanes"] == told["work_lanes"] == 2


@pytest.mark.usefixtures("recording")
async def test_lanes_come_in_pages_sorted_as_asked_and_the_figures_stay(client: httpx.AsyncClient) -> None:
    whole = await asked(client)
    paged: list[Any] = []
    after: str | None = "0"
    while after is not None:
        page = await asked(client, sort="-running", limit=2, after=after)
        assert page["states"] == whole["states"]
        assert page["items_in_all"] == whole["lanes"]
        paged += page["items"]
        after = page["next_cursor"]
    assert sorted(paged, key=lambda item: (not item["work"], item["lane"])) == whole["items"]
    running = [item["states"].get("running", 0) for item in paged if item["kind"] != "process"]
    assert running == sorted(running, reverse=True)


@pytest.mark.parametrize("sort", ["work", "lane", "-lane", "name", "segments", "-longest_wait", "gil_wait"])
async def test_whatever_they_are_sorted_by_all_lanes_are_told(client: httpx.AsyncClient, recording: Recording, sort: str) -> None:
    assert {item["lane"] for item in (await asked(client, sort=sort))["items"]} == set(recording.trace.lanes)


async def test_lanes_that_carry_the_work_come_first_unless_something_else_is_asked(client: httpx.AsyncClient, recording: Recording) -> None:
    items = (await asked(client))["items"]
    assert [item["work"] for item in items] == sorted((lane.measured for lane in recording.trace.lanes.values()), reverse=True)
    assert {item["lane"] for item in items if item["work"]} == {lane.id for lane in recording.trace.lanes.values() if lane.measured}


async def test_lanes_can_be_found_by_name(client: httpx.AsyncClient, recording: Recording) -> None:
    told = await asked(client, find="WORKER", limit=2)
    assert [item["name"] for item in told["items"]] == ["worker-1", "worker-2"]
    assert (told["items_in_all"], told["lanes"]) == (3, len(recording.trace.lanes))
    assert (await asked(client, limit=0))["items"] == []


@pytest.mark.usefixtures("recording")
async def test_csv_has_the_numbers_of_the_selection(client: httpx.AsyncClient) -> None:
    told = await asked(client, sort="lane", **WINDOW)
    response = await client.get(f"{URL}/selection.csv", params=WINDOW)
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"] == 'attachment; filename="k3v9m2x7q4ab-500000000-1000000000.csv"'
    together, *lines = csv.DictReader(io.StringIO(response.text))
    assert float(together["parallelism"]) == told["parallelism"]
    assert (together["running_ns"], together["handoffs"]) == (str(told["states"]["running"]), str(told["handoffs"]))
    assert [(int(line["lane"]), line["name"], int(line["segments"])) for line in lines] == [
        (item["lane"], item["name"], item["segments"]) for item in told["items"]
    ]
    assert [{name: int(line[f"{name}_ns"]) for name in item["states"]} for line, item in zip(lines, told["items"], strict=True)] == [
        item["states"] for item in told["items"]
    ]


@pytest.mark.usefixtures("recording")
@pytest.mark.parametrize("path", ["selection", "selection.csv"])
@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"t0": 5, "t1": 5}, "t1: must be after t0 (5)"),
        ({"t0": 9, "t1": 5}, "t1: must be after t0 (9)"),
        ({"t0": 3_600_000_000_000}, "t0: the trace ends at"),
        ({"t0": 3_600_000_000_000, "t1": 3_700_000_000_000}, "a window of it begins before"),
        ({"lanes": "1,77,78"}, "lanes: this trace has no lane 77, 78"),
        ({"lanes": ",".join(map(str, range(100, 120)))}, "and 15 more"),
        ({"lanes": ""}, "lanes: names no lane"),
        ({"lanes": "one"}, "lanes:"),
        ({"t0": -1}, "t0:"),
        ({"t1": "soon"}, "t1:"),
    ],
)
async def test_a_selection_that_cannot_be_is_refused_in_words(
    client: httpx.AsyncClient, path: str, params: dict[str, Any], said: str
) -> None:
    problem = assert_problem(await client.get(f"{URL}/{path}", params=params), 422)
    assert said in problem["detail"]
    assert problem["errors"]


@pytest.mark.usefixtures("recording")
async def test_a_sort_that_is_none_is_refused_in_words(client: httpx.AsyncClient) -> None:
    problem = assert_problem(await client.get(f"{URL}/selection", params={"sort": "colour"}), 422)
    assert "sort: must be one of work, lane" in problem["detail"]


async def test_of_a_trace_that_is_not_there_nothing_is_told(client: httpx.AsyncClient) -> None:
    for path in ("selection", "selection.csv", "search?q=x", "lanes/1/segments"):
        assert_problem(await client.get(f"/api/v1/traces/aaaabbbbcccc/{path}"), 404)


async def test_while_a_trace_grows_a_window_may_lie_ahead_of_it(client: httpx.AsyncClient, context: Context) -> None:
    owner = Owner(context.settings.data)
    put(context.store, synthetic.threads_taking_turns(2), frames=3, owner=owner)
    told = await asked(client, t0=3_600_000_000_000)
    assert (told["lanes"], told["parallelism"], told["items"]) == (0, None, [])
    owner.close()


@pytest.mark.usefixtures("recording")
async def test_of_many_that_are_asked_for_at_once_two_are_added_up(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes room by the size of the trace."""
    gate, busy, most = threading.Lock(), 0, 0

    def counted(*of: Any) -> Any:
        nonlocal busy, most
        with gate:
            busy += 1
            most = max(most, busy)
        time.sleep(0.02)
        told = selection(*of)
        with gate:
            busy -= 1
        return told

    monkeypatch.setattr("app.api.selection.selection", counted)
    answers = await asyncio.gather(*(asked(client, t0=number, t1=1_000_000_000) for number in range(8)))
    assert [told["t0_ns"] for told in answers] == list(range(8))
    assert most == 2
