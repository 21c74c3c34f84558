"""Comparisons through the interface: asked for, run in turn, told live, cancelled, deleted; any traces held against each other."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import pytest

from app.api import examples
from app.context import Context
from app.factory import create_app
from app.settings import Settings
from engine.catalog import models
from engine.trace import Frame
from tests.app.problem import assert_problem
from tests.app.test_pages import HTML, parsed
from tests.app.test_queue import FIRST
from tests.support import synthetic
from tests.support.demo_server import put
from tests.support.puppet import Stage, until

pytestmark = pytest.mark.anyio

WISH = {"workload": "cpu", "workers": 2, "models": ["sequential", "threads", "processes"]}
URL = "/api/v1/comparisons"


async def created(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    response = await client.post(URL, json={**WISH, **more})
    assert response.status_code == 202, response.text
    return dict(response.json())


async def finished(client: httpx.AsyncClient, identity: str) -> dict[str, Any]:
    response = await client.get(f"{URL}/{identity}", params={"wait": 20})
    assert response.status_code == 200
    return dict(response.json())


async def played(stage: Stage, *elapsed_ns: int) -> None:
    """Each run in its turn, complete after so long."""
    for number, elapsed in enumerate(elapsed_ns):
        puppet = await asyncio.to_thread(stage.puppet, number)
        puppet.tell(FIRST, Frame(2000, counters={"elapsed_ns": elapsed}, changes={"status": "complete"}))


async def test_a_comparison_is_accepted_run_model_by_model_and_told_to_its_end(client: httpx.AsyncClient, stage: Stage) -> None:
    response = await client.post(URL, json={**WISH, "label": "first", "params": {"rounds": 2000}})
    queued = response.json()
    assert response.status_code == 202
    assert response.headers["location"] == f"{URL}/{queued['id']}"
    assert queued["permalink"] == f"/c/{queued['id']}"
    assert (queued["label"], queued["title"][:18]) == ("first", "cpu · 3 models ×2 ")
    assert queued["spec"]["params"]["rounds"] == 2000
    assert [trace["name"] for trace in queued["traces"]] == WISH["models"]
    assert {row["elapsed_ns"] for row in queued["rows"]} == {None}
    await played(stage, 1000, 2000, 500)
    done = await finished(client, queued["id"])
    assert (done["status"], done["progress"]) == ("complete", {"total": 3, "finished": 3, "running": None})
    assert [puppet.spec.model for puppet in stage.puppets] == WISH["models"]
    assert [(row["elapsed_ns"], row["speedup"]) for row in done["rows"]] == [(1000, 1), (2000, 0.5), (500, 2)]
    assert done["sentence"].startswith("processes: 2.0 times as fast as sequential (500 ns instead of 1.00 µs)")
    trace = (await client.get(f"/api/v1/traces/{done['traces'][2]['id']}")).json()
    assert trace["spec"]["start_method"] == "spawn", "what starts processes has its default start method"


async def test_repeated_models_take_turns_and_are_told_by_their_medians(client: httpx.AsyncClient, stage: Stage) -> None:
    comparison = await created(client, models=["sequential", "threads"], repeat=3)
    await played(stage, 1000, 500, 1100, 400, 1050, 450)
    done = await finished(client, comparison["id"])
    assert [puppet.spec.model for puppet in stage.puppets] == ["sequential", "threads"] * 3
    assert [(trace["name"], trace["turn"]) for trace in done["traces"]] == [
        (one, turn) for turn in range(3) for one in ("sequential", "threads")
    ]
    assert [(row["elapsed_ns"], row["spread_ns"]) for row in done["rows"]] == [(1050, [1000, 1100]), (450, [400, 500])]


async def test_without_models_named_it_is_all_that_the_interpreter_can_run(client: httpx.AsyncClient, context: Context) -> None:
    response = await client.post(URL, json={"workload": "sleep"})
    asked = response.json()["spec"]
    older = tuple(map(int, asked["interpreter"]["version"].split(".")[:2]))
    assert asked["models"] == [name for name, model in models().items() if model.oldest <= older]
    assert asked["models"][0] == "sequential"
    assert context.store.unfinished()


async def test_how_processes_are_started_is_asked_of_those_that_start_some(client: httpx.AsyncClient, stage: Stage) -> None:
    await created(client, start_method="fork")
    await played(stage, 10, 10, 10)
    assert [puppet.spec.start_method for puppet in stage.puppets] == [None, None, "fork"]


@pytest.mark.parametrize(
    ("wish", "field", "said"),
    [
        ({"models": ["sequential", "thredas"]}, "models", "did you mean threads"),
        ({"models": ["threads", "threads", "sequential"]}, "models", "named more than once"),
        ({"models": ["threads"]}, "models", "two at least"),
        ({"models": []}, "models", "at least 1 item"),
        ({"models": ["sequential", "program"]}, "models", "gilscope record"),
        ({"models": "threads"}, "models", "list"),
        ({"repeat": 0}, "repeat", "between 1 and 20"),
        ({"repeat": 21}, "repeat", "between 1 and 20"),
        ({"models": list(models())[:6], "repeat": 20}, "repeat", "120 runs"),
        ({"workload": "cpux"}, "workload", "did you mean cpu"),
        ({"workers": 0}, "workers", "between 1 and 64"),
        ({"params": {"rounds": -1}}, "params.rounds", "between"),
        ({"models": ["sequential", "threads"], "start_method": "spawn"}, "start_method", "none of these models"),
        ({"start_method": "teleport"}, "start_method", "must be one of spawn"),
        ({"interpreter": "/usr/bin/python3"}, "interpreter", "id of one found here"),
        ({"model": "threads"}, "model", "Extra inputs"),
    ],
)
async def test_a_bad_wish_is_refused_in_words_that_name_the_field(
    client: httpx.AsyncClient, context: Context, wish: Any, field: str, said: str
) -> None:
    problem = assert_problem(await client.post(URL, json={**WISH, **wish}), 422)
    assert said in next(error["message"] for error in problem["errors"] if error["field"] == field)
    assert len(problem["errors"]) == len({tuple(error.items()) for error in problem["errors"]}), "nothing is said twice"
    assert context.store.unfinished() == []
    assert context.store.comparisons.newest(1) == ([], False)


async def test_a_line_without_room_for_all_of_it_takes_none(
    client: httpx.AsyncClient, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.queue.MAX_QUEUED", 2)
    assert "cancel some" in assert_problem(await client.post(URL, json=WISH), 429)["detail"]
    assert context.store.unfinished() == []


async def test_nobody_elses_run_comes_between(client: httpx.AsyncClient, stage: Stage) -> None:
    comparison = await created(client)
    other = (await client.post("/api/v1/traces", json={"workload": "sleep", "model": "threads"})).json()
    assert other["position"] == 3
    await played(stage, 10, 10, 10)
    await finished(client, comparison["id"])
    assert stage.puppet(3).spec.workload == "sleep"


async def test_while_it_goes_on_each_model_tells_how_far_it_is(client: httpx.AsyncClient, stage: Stage, context: Context) -> None:
    comparison = await created(client)
    await played(stage, 1000)
    (await asyncio.to_thread(stage.puppet, 1)).tell(FIRST)
    second = comparison["traces"][1]["id"]
    await asyncio.to_thread(until, lambda: context.store.row(second).t_ns == 1000)  # type: ignore[union-attr]
    told = (await client.get(f"{URL}/{comparison['id']}")).json()
    assert told["status"] == "running"
    assert told["progress"] == {"total": 3, "finished": 1, "running": "threads"}
    assert [row["status"] for row in told["rows"]] == ["complete", "running", "queued"]
    assert [trace["position"] for trace in told["traces"]] == [None, None, 1]
    assert told["sentence"] == "So far: sequential: 1.00 µs; the others are still to come"


async def test_cancelling_ends_the_run_that_goes_on_and_starts_no_other(client: httpx.AsyncClient, stage: Stage) -> None:
    comparison = await created(client)
    await played(stage, 1000)
    await asyncio.to_thread(stage.puppet, 1)
    response = await client.post(f"{URL}/{comparison['id']}/cancel")
    assert response.status_code == 202
    done = await finished(client, comparison["id"])
    assert [row["status"] for row in done["rows"]] == ["complete", "cancelled", "cancelled"]
    assert done["status"] == "cancelled"
    assert len(stage.puppets) == 2
    assert done["verdict"]["notes"] == ["threads was cancelled.", "processes was cancelled."]
    assert (await client.post(f"{URL}/{comparison['id']}/cancel")).status_code == 200


async def test_a_comparison_with_a_deleted_trace_says_so_and_goes_on_without(client: httpx.AsyncClient, stage: Stage) -> None:
    comparison = await created(client)
    await played(stage, 1000, 2000, 500)
    await finished(client, comparison["id"])
    await client.delete(f"/api/v1/traces/{comparison['traces'][1]['id']}")
    told = (await client.get(f"{URL}/{comparison['id']}")).json()
    assert [trace["status"] for trace in told["traces"]] == ["complete", "deleted", "complete"]
    assert [trace["permalink"] is None for trace in told["traces"]] == [False, True, False]
    assert told["verdict"]["notes"][0] == "The trace of threads was deleted."
    assert told["status"] == "complete"
    assert told["sentence"].startswith("processes: 2.0 times as fast")


async def test_deleting_a_comparison_leaves_its_traces_unless_they_are_meant_too(client: httpx.AsyncClient, stage: Stage) -> None:
    first = await created(client)
    refusal = assert_problem(await client.delete(f"{URL}/{first['id']}"), 409)
    assert "cancel it first" in refusal["detail"]
    await played(stage, 10, 10, 10)
    await finished(client, first["id"])
    assert (await client.delete(f"{URL}/{first['id']}")).status_code == 204
    assert_problem(await client.get(f"{URL}/{first['id']}"), 404)
    assert len((await client.get("/api/v1/traces")).json()["items"]) == 3
    second = await created(client, models=["sequential", "threads"])
    stage.puppets[:3] = []
    await played(stage, 10, 10)
    await finished(client, second["id"])
    assert (await client.delete(f"{URL}/{second['id']}", params={"traces": "true"})).status_code == 204
    assert len((await client.get("/api/v1/traces")).json()["items"]) == 3


async def test_the_list_is_newest_first_in_pages_and_can_be_renamed(client: httpx.AsyncClient) -> None:
    made = [(await created(client))["id"] for _ in range(3)]
    first = (await client.get(URL, params={"limit": 2})).json()
    rest = (await client.get(URL, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == made[::-1]
    assert rest["next_cursor"] is None
    assert_problem(await client.get(URL, params={"cursor": "nonsense"}), 422)
    assert (await client.patch(f"{URL}/{made[0]}", json={"label": "mine"})).json()["label"] == "mine"


async def test_an_unchanged_comparison_is_not_sent_again(client: httpx.AsyncClient, stage: Stage) -> None:
    comparison = await created(client)
    await played(stage, 10, 10, 10)
    await finished(client, comparison["id"])
    first = await client.get(f"{URL}/{comparison['id']}")
    again = await client.get(f"{URL}/{comparison['id']}", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["c7m4p2w9x3kd", "..", "nonsense", "C7M4P2W9X3KD"])
async def test_an_unknown_or_malformed_id_is_404(client: httpx.AsyncClient, path: str) -> None:
    for response in (await client.get(f"{URL}/{path}x"), await client.post(f"{URL}/{path}x/cancel"), await client.delete(f"{URL}/{path}x")):
        assert_problem(response, 404)


async def test_a_read_only_server_shows_comparisons_and_starts_none(settings: Settings) -> None:
    app = create_app(Settings(data=settings.data, read_only=True))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1:8181") as client:
        assert "read-only" in assert_problem(await client.post(URL, json=WISH), 403)["detail"]
        assert (await client.get(URL)).json() == {"items": [], "next_cursor": None}
    app.state.context.close()


async def test_any_traces_can_be_held_against_each_other(client: httpx.AsyncClient, context: Context) -> None:
    put(context.store, synthetic.threads_taking_turns())
    put(context.store, synthetic.processes_at_once())
    told = (await client.get(f"{URL}/of", params={"ids": "k3v9m2x7q4ab, p7c2d9f4h6jk,k3v9m2x7q4ab"})).json()
    assert [row["name"] for row in told["rows"]] == ["threads ×4", "processes ×2"]
    assert (told["id"], told["permalink"]) == (None, "/c?ids=k3v9m2x7q4ab,p7c2d9f4h6jk")
    assert told["sentence"] == "These runs did different work, so their times do not tell which way is better", (
        "their numbers of jobs differ"
    )
    gone = (await client.get(f"{URL}/of", params={"ids": "k3v9m2x7q4ab,aaaaaaaaaaaa"})).json()
    assert [row["status"] for row in gone["rows"]] == ["complete", "deleted"]


@pytest.mark.parametrize(
    ("ids", "status", "said"),
    [
        ("", 422, "none is named"),
        ("k3v9m2x7q4ab", 422, "only one is named"),
        ("k3v9m2x7q4ab,k3v9m2x7q4ab", 422, "only one is named"),
        (",".join(f"k3v9m2x7q{n:03d}"[:12] for n in range(21)), 422, "21 are named"),
        ("aaaaaaaaaaaa,bbbbbbbbbbbb", 404, "None of these traces is here"),
    ],
)
async def test_too_few_too_many_or_unknown_traces_are_refused_in_words(client: httpx.AsyncClient, ids: str, status: int, said: str) -> None:
    assert said in assert_problem(await client.get(f"{URL}/of", params={"ids": ids}), status)["detail"]
    page = await client.get("/c", params={"ids": ids}, headers=HTML)
    assert page.status_code == status
    assert said in page.text


async def test_the_pages_carry_the_comparison(client: httpx.AsyncClient, context: Context) -> None:
    comparison = await created(client, label="<b>mine</b>")
    boot = (await parsed(client, f"/c/{comparison['id']}")).boot
    assert (boot["page"], boot["comparison"]["id"]) == ("compare", comparison["id"])
    trace = await client.get(comparison["traces"][1]["permalink"], headers=HTML)
    assert f'href="/c/{comparison["id"]}">part of the comparison &lt;b&gt;mine' in trace.text
    put(context.store, synthetic.threads_taking_turns())
    put(context.store, synthetic.processes_at_once())
    chosen = (await parsed(client, "/c?ids=k3v9m2x7q4ab,p7c2d9f4h6jk")).boot
    assert chosen["comparison"]["id"] is None
    assert "There is no comparison" in (await client.get("/c/aaaaaaaaaaaa", headers=HTML)).text
    assert re.search("Choose|choose", (await client.get("/c", headers=HTML)).text)
    home = (await parsed(client, "/")).boot
    assert [one["id"] for one in home["comparisons"]] == [comparison["id"]]


async def test_the_example_of_the_documentation_has_the_shape_of_real_answers(client: httpx.AsyncClient) -> None:
    openapi = (await client.get("/openapi.json")).json()
    offered = openapi["paths"][URL]["post"]["requestBody"]["content"]["application/json"]["examples"]
    for example in offered.values():
        assert (await client.post(URL, json=example["value"])).status_code == 202
    told = (await client.get(URL)).json()["items"][-1]
    shown = examples.COMPARISON
    assert set(told) == set(shown)
    assert set(told["spec"]) == set(shown["spec"])
    assert set(told["verdict"]) == set(shown["verdict"])
    assert set(told["verdict"]["answer"]) == set(shown["verdict"]["answer"])
    assert set(told["rows"][0]) == set(shown["rows"][0])
    assert set(told["traces"][0]) == set(shown["traces"][0])
