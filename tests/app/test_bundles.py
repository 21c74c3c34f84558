"""A trace leaves as one file and comes back under its own id, as the same trace; anything else is refused in words."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.bundles import export_bundle
from app.context import Context
from app.factory import create_app
from app.settings import Settings
from tests.app.problem import assert_problem
from tests.support import synthetic
from tests.support.demo_server import put
from tests.support.puppet import Stage
from tests.support.scene import Recording

pytestmark = pytest.mark.anyio

IMPORT = "/api/v1/traces/import"
TRACE = "/api/v1/traces/k3v9m2x7q4ab"


@pytest.fixture
async def elsewhere(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Another gilscope, with a data directory of its own."""
    app = create_app(Settings(data=tmp_path / "elsewhere", max_import=4 * 2**20), Stage().launch)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost:8181") as client:
        yield client
    app.state.context.close()


@pytest.fixture
async def bundle(client: httpx.AsyncClient, context: Context) -> bytes:
    put(context.store, synthetic.threads_taking_turns())
    await client.patch(TRACE, json={"label": "mine"})
    response = await client.get(f"{TRACE}/export/bundle")
    assert response.status_code == 200
    assert "attachment" in response.headers["content-disposition"]
    assert "k3v9m2x7q4ab" in response.headers["content-disposition"]
    return response.content


def alike(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name != "imported"}


async def test_an_imported_trace_is_the_same_trace_under_the_same_id(
    client: httpx.AsyncClient, elsewhere: httpx.AsyncClient, bundle: bytes
) -> None:
    response = await elsewhere.post(IMPORT, content=bundle, headers={"content-type": "application/octet-stream"})
    assert response.status_code == 201, response.text
    assert response.headers["location"] == TRACE
    here, there = (await client.get(TRACE)).json(), (await elsewhere.get(TRACE)).json()
    assert alike(here) == alike(there)
    assert there["imported"] is True
    for part in ("lanes", "segments?limit=10000", "view?px=700", "metrics"):
        assert (await client.get(f"{TRACE}/{part}")).json() == (await elsewhere.get(f"{TRACE}/{part}")).json()
    assert (await elsewhere.get(f"{TRACE}/export/bundle")).content == bundle


async def test_what_it_was_compared_with_goes_along(elsewhere: httpx.AsyncClient, context: Context) -> None:
    for recording in (synthetic.threads_taking_turns(identity="seqseqseqseq"), synthetic.threads_taking_turns()):
        sequential = recording.record.id == "seqseqseqseq"
        spec = replace(recording.record.spec, model="sequential" if sequential else "threads")
        put(context.store, Recording(replace(recording.record, spec=spec), recording.frames))
        if sequential:
            with context.store.database.writing() as connection:
                connection.execute("UPDATE traces SET elapsed_ns = 1")
    row = context.store.row("k3v9m2x7q4ab")
    assert row is not None
    assert row.metrics is not None
    assert (row.metrics["speedup"], row.metrics["baseline"]) == (1.0, "seqseqseqseq")
    with io.BytesIO() as file:
        export_bundle(context.store, row, file)
        there = (await elsewhere.post(IMPORT, content=file.getvalue())).json()
    assert there["metrics"] == row.metrics
    assert there["headline"] == row.headline


async def test_importing_it_twice_makes_one_trace(elsewhere: httpx.AsyncClient, bundle: bytes) -> None:
    assert (await elsewhere.post(IMPORT, content=bundle)).status_code == 201
    assert (await elsewhere.post(IMPORT, content=bundle)).status_code == 200
    assert len((await elsewhere.get("/api/v1/traces")).json()["items"]) == 1


async def test_it_can_come_as_a_form(elsewhere: httpx.AsyncClient, bundle: bytes) -> None:
    response = await elsewhere.post(IMPORT, files={"file": ("k3v9m2x7q4ab.gilscope", bundle, "application/octet-stream")})
    assert response.status_code == 201, response.text


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"--b\r\nno end", "multipart/form-data; boundary=b"),
        (b"--b\r\nname: x\r\n\r\nno end", "multipart/form-data; boundary=b"),
        (b"nothing", "multipart/form-data; boundary=b"),
        (b"nothing", "multipart/form-data"),
        (b"", "multipart/form-data; boundary="),
    ],
)
async def test_a_form_that_is_none_is_refused(elsewhere: httpx.AsyncClient, body: bytes, content_type: str) -> None:
    assert_problem(await elsewhere.post(IMPORT, content=body, headers={"content-type": content_type}), 400)


async def test_a_different_trace_with_that_id_is_a_conflict(client: httpx.AsyncClient, elsewhere: httpx.AsyncClient, bundle: bytes) -> None:
    await elsewhere.post(IMPORT, content=bundle)
    context: Context = elsewhere._transport.app.state.context  # type: ignore[attr-defined]
    with context.store.database.writing() as connection:
        connection.execute("UPDATE traces SET digest = 'sha256:other'")
    problem = assert_problem(await elsewhere.post(IMPORT, content=bundle), 409)
    assert "delete that one first" in problem["detail"]
    assert (await client.get(TRACE)).status_code == 200


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "flipped", "other zip", "huge"])
async def test_what_is_no_bundle_is_refused_in_words_and_leaves_nothing(elsewhere: httpx.AsyncClient, bundle: bytes, damage: str) -> None:
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as file:
        file.writestr("../../etc/passwd", "x")
    middle = len(bundle) // 2
    bodies = {
        "empty": b"",
        "text": b"PK this is no bundle" * 50,
        "cut": bundle[:-40],
        "flipped": bundle[:middle] + bytes([bundle[middle] ^ 0xFF]) + bundle[middle + 1 :],
        "other zip": other.getvalue(),
        "huge": bytes(5 * 2**20),
    }
    assert_problem(await elsewhere.post(IMPORT, content=bodies[damage]), 413 if damage == "huge" else 422)
    assert (await elsewhere.get("/api/v1/traces")).json()["items"] == []


async def test_what_has_not_ended_cannot_be_exported(client: httpx.AsyncClient) -> None:
    created = (await client.post("/api/v1/traces", json={"workload": "cpu", "model": "threads"})).json()
    problem = assert_problem(await client.get(f"/api/v1/traces/{created['id']}/export/bundle"), 409)
    assert "finished" in problem["detail"]
    assert_problem(await client.get(f"/api/v1/traces/{created['id']}/export/nonsense"), 404)


async def test_hostile_texts_of_a_bundle_come_out_as_texts(elsewhere: httpx.AsyncClient, context: Context, tmp_path: Path) -> None:
    hostile = "</script><script>alert(1)</script>\u2028\ud800"
    recording = synthetic.threads_taking_turns()
    spec = replace(recording.record.spec, workload=hostile, model=hostile)
    put(context.store, Recording(replace(recording.record, spec=spec), recording.frames))
    row = context.store.row("k3v9m2x7q4ab")
    assert row is not None
    with (tmp_path / "hostile").open("wb+") as file:
        export_bundle(context.store, row, file)
        file.seek(0)
        response = await elsewhere.post(IMPORT, content=file.read())
    assert response.status_code == 201, response.text
    page = await elsewhere.get("/t/k3v9m2x7q4ab")
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert json.loads((await elsewhere.get(TRACE)).text)["spec"]["model"].startswith("</script>")
    assert (await elsewhere.get("/")).status_code == 200
