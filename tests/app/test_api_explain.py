"""Why, through the interface: answers, and questions that have none."""

from __future__ import annotations

import httpx
import pytest

from app.api.examples import EXPLANATION
from app.context import Context
from app.owner import Owner
from engine.trace import State
from tests.app.problem import assert_problem
from tests.support import synthetic
from tests.support.demo_server import put
from tests.support.scene import Recording

pytestmark = pytest.mark.anyio

URL = "/api/v1/traces/k3v9m2x7q4ab/explain"


async def test_a_wait_for_the_gil_is_answered_with_its_holders(client: httpx.AsyncClient, recording: Recording) -> None:
    trace = recording.trace
    waits = trace.segments.take((trace.segments.state == State.gil_wait) & (trace.segments.end - trace.segments.start > 5_000_000))
    lane, start, end = int(waits.lane[0]), int(waits.start[0]), int(waits.end[0])
    answer = await client.get(URL, params={"lane": lane, "t": (start + end) // 2})
    assert answer.status_code == 200
    told = answer.json()
    assert told["segment"] == {"lane": lane, "start_ns": start, "end_ns": end, "state": "gil_wait", "detail": None, "ref": None}
    assert told["open"] is False
    assert told["text"].startswith(f"{trace.lanes[lane].name} waited ")
    assert told["because"]
    for because in told["because"]:
        assert start <= because["start_ns"] < because["end_ns"] <= end
        assert trace.lanes[because["lane"]].name in told["text"]


@pytest.mark.usefixtures("recording")
async def test_the_example_of_the_documentation_has_the_shape_of_an_answer(client: httpx.AsyncClient) -> None:
    told = (await client.get(URL, params={"lane": 4, "t": 40_000_000})).json()
    assert set(told) == set(EXPLANATION)
    assert set(told["because"][0]) == set(EXPLANATION["because"][0])


@pytest.mark.usefixtures("recording")
async def test_a_lane_that_was_not_there_yet_is_no_error(client: httpx.AsyncClient) -> None:
    told = (await client.get(URL, params={"lane": 4, "t": 0})).json()
    assert told["segment"] is None
    assert "was not there yet" in told["text"]


@pytest.mark.usefixtures("recording")
async def test_an_unknown_lane_is_404_in_words(client: httpx.AsyncClient) -> None:
    problem = assert_problem(await client.get(URL, params={"lane": 99, "t": 0}), 404)
    assert problem["detail"] == "This trace has no lane 99: its list of lanes tells which there are."


async def test_an_instant_outside_the_trace_is_422_and_names_its_span(client: httpx.AsyncClient, recording: Recording) -> None:
    end = recording.trace.t_ns
    problem = assert_problem(await client.get(URL, params={"lane": 4, "t": end + 1}), 422)
    assert problem["errors"] == [{"field": "t", "message": f"must lie within the trace, which is told from 0 to {end} ns"}]


@pytest.mark.usefixtures("recording")
@pytest.mark.parametrize("query", [{}, {"lane": 4}, {"t": 0}, {"lane": "x", "t": 0}, {"lane": -1, "t": 0}, {"lane": 4, "t": 2**63}])
async def test_a_question_that_cannot_be_is_422(client: httpx.AsyncClient, query: dict[str, str]) -> None:
    assert assert_problem(await client.get(URL, params=query), 422)["errors"]


async def test_an_unknown_trace_is_404(client: httpx.AsyncClient) -> None:
    assert_problem(await client.get("/api/v1/traces/nothing/explain", params={"lane": 1, "t": 0}), 404)


async def test_a_trace_that_goes_on_answers_so_far(client: httpx.AsyncClient, context: Context) -> None:
    owner = Owner(context.settings.data)
    put(context.store, synthetic.threads_taking_turns(identity="a2b3c4d5e6fg"), frames=2, owner=owner)
    url = "/api/v1/traces/a2b3c4d5e6fg"
    view = (await client.get(f"{url}/view", params={"budget": 2000})).json()
    growing = next(one for one in view["open"] if one["state"] == "gil_wait")
    told = (await client.get(f"{url}/explain", params={"lane": growing["lane"], "t": growing["start_ns"]})).json()
    assert told["open"] is True
    assert "so far" in told["text"]
    owner.close()
