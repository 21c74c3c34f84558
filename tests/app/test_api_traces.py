"""Runs through the interface: asked for, listed, waited for, cancelled, renamed, deleted; and every bad wish a 422 that names the field."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from app.context import Context
from app.store import Store, StoreError
from tests.app.problem import assert_problem
from tests.app.test_queue import FIRST, LAST
from tests.support import synthetic
from tests.support.demo_server import put
from tests.support.puppet import Stage, until

pytestmark = pytest.mark.anyio

WISH = {"workload": "cpu", "model": "threads", "workers": 2}


async def created(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    response = await client.post("/api/v1/traces", json={**WISH, **more})
    assert response.status_code == 202, response.text
    return dict(response.json())


async def finished(client: httpx.AsyncClient, trace_id: str) -> dict[str, Any]:
    response = await client.get(f"/api/v1/traces/{trace_id}", params={"wait": 20})
    assert response.status_code == 200
    return dict(response.json())


async def test_a_run_is_accepted_with_its_place_and_then_told_to_its_end(client: httpx.AsyncClient, stage: Stage) -> None:
    response = await client.post("/api/v1/traces", json={**WISH, "params": {"rounds": 2000}, "label": "first"})
    trace = response.json()
    assert response.status_code == 202
    assert response.headers["location"] == f"/api/v1/traces/{trace['id']}"
    assert trace["permalink"] == f"/t/{trace['id']}"
    assert trace["label"] == "first"
    assert trace["title"].startswith("cpu · threads ×2 · 3.")
    assert trace["spec"]["jobs"] == 2
    assert trace["spec"]["params"]["rounds"] == 2000
    (await asyncio.to_thread(stage.puppet)).tell(FIRST, LAST)
    done = await finished(client, trace["id"])
    assert done["status"] == "complete"
    assert done["metrics"]["jobs"]["failed"] == 0
    assert done["digest"].startswith("sha256:")


async def test_the_line_tells_the_place(client: httpx.AsyncClient, stage: Stage) -> None:
    await created(client)
    second, third = await created(client), await created(client)
    assert (second["status"], second["position"], third["position"]) == ("queued", 1, 2)
    assert stage.puppet() is stage.puppets[0]


async def test_wait_returns_when_the_run_is_finished_or_the_time_is_up(client: httpx.AsyncClient, stage: Stage) -> None:
    trace = await created(client)
    early = await client.get(f"/api/v1/traces/{trace['id']}", params={"wait": 0.05})
    assert early.json()["status"] in ("queued", "starting", "running")
    waiting = asyncio.create_task(client.get(f"/api/v1/traces/{trace['id']}", params={"wait": 1e9}))
    (await asyncio.to_thread(stage.puppet)).tell(FIRST, LAST)
    assert (await waiting).json()["status"] == "complete"


async def test_an_unchanged_trace_is_not_sent_again(client: httpx.AsyncClient, context: Context) -> None:
    put(context.store, synthetic.threads_taking_turns())
    url = "/api/v1/traces/k3v9m2x7q4ab"
    first = await client.get(url)
    tag = first.headers["etag"]
    assert tag.startswith('"')
    same = await client.get(url, headers={"if-none-match": f'"other", {tag}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    await client.patch(url, json={"label": "renamed"})
    changed = await client.get(url, headers={"if-none-match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


async def test_a_running_trace_tells_its_figures_so_far(client: httpx.AsyncClient, context: Context, stage: Stage) -> None:
    trace = await created(client)
    recording = synthetic.threads_taking_turns(2)
    puppet = await asyncio.to_thread(stage.puppet)
    puppet.tell(*recording.frames[:4])
    await asyncio.to_thread(until, lambda: context.reader.snapshot(trace["id"]).seq == 4)  # type: ignore[union-attr]
    live = (await client.get(f"/api/v1/traces/{trace['id']}")).json()
    assert live["status"] == "running"
    assert live["metrics"]["states"]["running"] > 0
    puppet.tell(*recording.frames[4:])
    assert (await finished(client, trace["id"]))["metrics"]["states"]["running"] > live["metrics"]["states"]["running"]


async def test_what_a_dead_process_was_recording_is_told_as_interrupted(client: httpx.AsyncClient, context: Context) -> None:
    put(context.store, synthetic.threads_taking_turns(), frames=3)
    assert context.store.unfinished()
    assert (await client.get("/api/v1/traces/k3v9m2x7q4ab")).json()["status"] == "interrupted"
    put(context.store, synthetic.processes_at_once(), frames=3)
    assert [item["status"] for item in (await client.get("/api/v1/traces")).json()["items"]] == ["interrupted", "interrupted"]


async def test_the_list_is_newest_first_in_pages(client: httpx.AsyncClient, context: Context) -> None:
    for recording in (synthetic.threads_taking_turns(), synthetic.processes_at_once(), synthetic.tasks_on_a_loop()):
        put(context.store, recording)
    first = (await client.get("/api/v1/traces", params={"limit": 2})).json()
    rest = (await client.get("/api/v1/traces", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == ["t4s8k2l6m9np", "p7c2d9f4h6jk", "k3v9m2x7q4ab"]
    assert rest["next_cursor"] is None
    only = (await client.get("/api/v1/traces", params={"model": "processes", "status": "complete", "workload": "cpu"})).json()
    assert [item["id"] for item in only["items"]] == ["p7c2d9f4h6jk"]


async def test_cancelling_ends_a_run_and_is_harmless_afterwards(client: httpx.AsyncClient, stage: Stage) -> None:
    trace = await created(client)
    (await asyncio.to_thread(stage.puppet)).tell(FIRST)
    response = await client.post(f"/api/v1/traces/{trace['id']}/cancel")
    assert response.status_code == 202
    assert (await finished(client, trace["id"]))["status"] == "cancelled"
    again = await client.post(f"/api/v1/traces/{trace['id']}/cancel")
    assert (again.status_code, again.json()["status"]) == (200, "cancelled")


async def test_deleting_is_for_good_and_not_for_what_still_runs(client: httpx.AsyncClient, stage: Stage) -> None:
    trace = await created(client)
    url = f"/api/v1/traces/{trace['id']}"
    problem = assert_problem(await client.delete(url), 409)
    assert "cancel" in problem["detail"]
    (await asyncio.to_thread(stage.puppet)).tell(FIRST, LAST)
    await finished(client, trace["id"])
    assert (await client.delete(url)).status_code == 204
    assert_problem(await client.get(url), 404)
    assert_problem(await client.delete(url), 404)


async def test_label_and_pin_can_be_changed_and_nothing_else(client: httpx.AsyncClient, context: Context) -> None:
    put(context.store, synthetic.threads_taking_turns())
    url = "/api/v1/traces/k3v9m2x7q4ab"
    digest = (await client.get(url)).json()["digest"]
    changed = (await client.patch(url, json={"label": "slow one", "pinned": True})).json()
    assert (changed["label"], changed["pinned"], changed["digest"]) == ("slow one", True, digest)
    assert (await client.patch(url, json={"label": ""})).json()["label"] == ""
    for body, field in (
        ({"status": "complete"}, "status"),
        ({"label": "two\nlines"}, "label"),
        ({"label": "x" * 201}, "label"),
        ({"label": "\ud800"}, "label"),
        ({"pinned": "yes"}, "pinned"),
    ):
        problem = assert_problem(await client.patch(url, content=ascii_json(body), headers={"content-type": "application/json"}), 422)
        assert [error["field"] for error in problem["errors"]] == [field]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"workload": "nonsense"}, "workload"),
        ({"workload": None}, "workload"),
        ({"workload": "/etc/passwd"}, "workload"),
        ({"workload": "\ud800"}, "workload"),
        ({"model": "fibers"}, "model"),
        ({"workers": 0}, "workers"),
        ({"workers": 65}, "workers"),
        ({"workers": -(10**30)}, "workers"),
        ({"workers": "four"}, "workers"),
        ({"workers": True}, "workers"),
        ({"workers": 2.5}, "workers"),
        ({"jobs": 0}, "jobs"),
        ({"jobs": 10**9}, "jobs"),
        ({"params": {"nonsense": 1}}, "params.nonsense"),
        ({"params": {"rounds": -1}}, "params.rounds"),
        ({"params": {"rounds": "many"}}, "params.rounds"),
        ({"params": {"rounds": 1e400}}, "params.rounds"),
        ({"params": [1]}, "params"),
        ({"interpreter": "/bin/sh"}, "interpreter"),
        ({"interpreter": "cpython-9.9-00000000"}, "interpreter"),
        ({"start_method": "fork"}, "start_method"),
        ({"switch_interval": 0}, "switch_interval"),
        ({"switch_interval": 1e400}, "switch_interval"),
        ({"command": "rm -rf /"}, "command"),
        ({"sources": ["marks"]}, "sources"),
    ],
)
async def test_a_wish_that_cannot_be_names_the_field(client: httpx.AsyncClient, stage: Stage, change: dict[str, Any], field: str) -> None:
    body = ascii_json({**WISH, **change})
    response = await client.post("/api/v1/traces", content=body, headers={"content-type": "application/json"})
    problem = assert_problem(response, 422)
    assert any(error["field"] == field or error["field"].startswith(f"{field}.") for error in problem["errors"]), problem
    assert stage.puppets == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 400),
        (b"\xff\xfe{}", 400),
        (b"[" * 100_000, 400),
        (b'{"workers": ' + b"9" * 5000 + b"}", 400),
        (b"null", 422),
        (b"[1, 2]", 422),
        (b'"text"', 422),
        (b"{}" + b" " * 2**21, 413),
    ],
)
async def test_a_body_that_is_no_wish_is_refused_with_a_problem(client: httpx.AsyncClient, body: bytes, status: int) -> None:
    response = await client.post("/api/v1/traces", content=body, headers={"content-type": "application/json"})
    assert_problem(response, status)


async def test_a_body_that_is_no_json_by_its_type_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/v1/traces", content=b'{"workload": "cpu"}', headers={"content-type": "text/plain"})
    assert_problem(response, 422)


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=-1", "limit=1e9", "limit=x", "limit=" + "9" * 5000, "cursor=!", "cursor=AAAA", "status=done", "cursor=" + "A" * 300],
)
async def test_absurd_query_values_are_refused(client: httpx.AsyncClient, query: str) -> None:
    problem = assert_problem(await client.get(f"/api/v1/traces?{query}"), 422)
    assert problem["errors"][0]["field"] == query.partition("=")[0]


@pytest.mark.parametrize("trace_id", ["nonsense", "k3v9m2x7q4ab", "K3V9M2X7Q4AB", "..%2f..%2fetc", "%00", "%ff%fe", "x" * 5000, "' OR 1=1"])
async def test_an_unknown_or_malformed_id_is_404(client: httpx.AsyncClient, trace_id: str) -> None:
    assert_problem(await client.get(f"/api/v1/traces/{trace_id}"), 404)
    for part in ("lanes", "segments", "view", "metrics", "stream", "export/bundle"):
        assert_problem(await client.get(f"/api/v1/traces/{trace_id}/{part}"), 404)
    assert_problem(await client.post(f"/api/v1/traces/{trace_id}/cancel"), 404)
    assert_problem(await client.delete(f"/api/v1/traces/{trace_id}"), 404)
    assert_problem(await client.patch(f"/api/v1/traces/{trace_id}", json={}), 404)


@pytest.mark.parametrize("wait", ["-1", "nan", "soon"])
async def test_an_absurd_wait_is_refused(client: httpx.AsyncClient, context: Context, wait: str) -> None:
    put(context.store, synthetic.threads_taking_turns())
    assert_problem(await client.get(f"/api/v1/traces/k3v9m2x7q4ab?wait={wait}"), 422)


async def test_a_store_that_fails_is_a_problem_in_words(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(Store, "add", full)
    response = await client.post("/api/v1/traces", json=WISH)
    assert "disk is full" in assert_problem(response, 503)["detail"]


async def test_what_can_be_run_is_told(client: httpx.AsyncClient) -> None:
    workloads = (await client.get("/api/v1/workloads")).json()["items"]
    models = (await client.get("/api/v1/models")).json()["items"]
    interpreters = (await client.get("/api/v1/interpreters")).json()["items"]
    host = (await client.get("/api/v1/host")).json()
    assert {"cpu", "native", "sleep", "http", "mixed"} <= {one["name"] for one in workloads}
    assert all(one["schema"]["type"] == "object" for one in workloads)
    assert {one["name"]: one["start_methods"] for one in models}["processes_threads"] == ["spawn", "fork", "forkserver"]
    assert {one["name"]: one["oldest"] for one in models}["interpreters"] == [3, 13]
    assert interpreters[0]["own"] is True
    assert host["cores"] >= 1
    assert (await client.get("/healthz")).json() == {"status": "ok"}


def ascii_json(body: Any) -> bytes:
    """What a careless client sends: NaN, infinity and halves of surrogate pairs included."""
    return json.dumps(body).encode("ascii")
