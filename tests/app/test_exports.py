"""Exports over HTTP: each format as a download, windows of it, and what is refused in words."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import threading

import httpx
import pytest

from app import exports
from app.context import Context
from app.exports import exported, exported_page
from app.store import Snapshot
from engine.trace import Frame
from tests.app.problem import assert_problem
from tests.support import synthetic
from tests.support.demo_server import put
from tests.support.scene import MS, Recording
from tests.support.until import until

pytestmark = pytest.mark.anyio

TRACE = "/api/v1/traces/k3v9m2x7q4ab"


@pytest.fixture
def stored(context: Context) -> Context:
    put(context.store, synthetic.threads_taking_turns())
    return context


def name_of(response: httpx.Response) -> str:
    [name] = re.findall(r'attachment; filename="([^"]+)"', response.headers["content-disposition"])
    return str(name)


@pytest.mark.usefixtures("stored")
async def test_chromes_trace_events_are_downloaded_as_json(client: httpx.AsyncClient) -> None:
    response = await client.get(f"{TRACE}/export/chrome")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert name_of(response) == "gilscope-k3v9m2x7q4ab.trace.json"
    assert len(response.json()["traceEvents"]) > 2000


@pytest.mark.usefixtures("stored")
async def test_a_packed_file_holds_the_same_and_says_so_in_its_name(client: httpx.AsyncClient) -> None:
    plain = await client.get(f"{TRACE}/export/chrome")
    packed = await client.get(f"{TRACE}/export/chrome", params={"gzip": "true"})
    assert name_of(packed) == "gilscope-k3v9m2x7q4ab.trace.json.gz"
    assert "content-encoding" not in packed.headers, "the file itself is packed"
    assert gzip.decompress(packed.content) == plain.content


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("wanted", ["chrome", "csv"])
@pytest.mark.parametrize("recording", [synthetic.threads_taking_turns(), synthetic.tasks_on_a_loop(seconds=3)])
async def test_the_length_is_estimated_within_a_third(
    client: httpx.AsyncClient, stored: Context, wanted: str, recording: Recording
) -> None:
    if recording.record.id not in TRACE:
        put(stored.store, recording)
    response = await client.get(f"/api/v1/traces/{recording.record.id}/export/{wanted}")
    assert int(response.headers["x-estimated-length"]) == pytest.approx(len(response.content), rel=1 / 3)


@pytest.mark.usefixtures("stored")
async def test_the_segments_are_downloaded_as_a_table(client: httpx.AsyncClient) -> None:
    response = await client.get(f"{TRACE}/export/csv", params={"t0": 500 * MS, "t1": 520 * MS})
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert name_of(response) == "gilscope-k3v9m2x7q4ab-500000000-520000000.csv"
    rows = list(csv.DictReader(io.StringIO(response.text, newline="")))
    assert {row["name"] for row in rows} >= {"worker-1", "worker-2", "worker-3", "worker-4", "GIL", "cpu 0"}
    assert all(int(row["end_ns"]) > 500 * MS and int(row["start_ns"]) < 520 * MS for row in rows)


@pytest.mark.usefixtures("stored")
async def test_an_unknown_format_is_refused_with_those_there_are(client: httpx.AsyncClient) -> None:
    problem = assert_problem(await client.get(f"{TRACE}/export/pdf"), 404)
    assert "'pdf'" in problem["detail"]
    assert all(name in problem["detail"] for name in ("bundle", "chrome", "csv", "html"))


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("wanted", ["chrome", "csv"])
@pytest.mark.parametrize("window", [{"t0": 9 * 10**9, "t1": 10**10}, {"t0": 7, "t1": 7}, {"t1": 0}, {"t0": -1}, {"t0": "soon"}])
async def test_a_window_that_cannot_be_is_refused_in_words(client: httpx.AsyncClient, wanted: str, window: dict[str, int | str]) -> None:
    problem = assert_problem(await client.get(f"{TRACE}/export/{wanted}", params=window), 422)
    assert problem["errors"]


@pytest.mark.parametrize("wanted", ["chrome", "csv", "nonsense"])
async def test_a_deleted_trace_is_not_found_in_any_format(client: httpx.AsyncClient, wanted: str) -> None:
    assert "no trace" in assert_problem(await client.get(f"/api/v1/traces/aaaaaaaaaaaa/export/{wanted}"), 404)["detail"]


async def test_a_run_of_which_nothing_is_recorded_yet_has_nothing_to_export(client: httpx.AsyncClient) -> None:
    started = (await client.post("/api/v1/traces", json={"workload": "cpu", "model": "threads", "workers": 2})).json()
    problem = assert_problem(await client.get(f"/api/v1/traces/{started['id']}/export/csv"), 409)
    assert "later" in problem["detail"]


async def test_a_run_that_ended_before_anything_was_recorded_is_not_to_be_tried_again(client: httpx.AsyncClient, context: Context) -> None:
    gone = synthetic.failed()
    ended = Frame(t_ns=0, changes={"status": "failed", "error": {"kind": "recorder", "message": "it did not start"}})
    put(context.store, gone._replace(frames=[ended]))
    problem = assert_problem(await client.get(f"/api/v1/traces/{gone.record.id}/export/html"), 409)
    assert "is failed, and nothing of it was recorded: there is nothing to export but a bundle" in problem["detail"]
    assert (await client.get(f"/api/v1/traces/{gone.record.id}/export/bundle")).status_code == 200


def test_however_many_ask_for_pages_few_are_put_together_at_once(stored: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = stored.snapshot("k3v9m2x7q4ab")
    assert snapshot is not None
    gate, go_on = threading.Lock(), threading.Event()
    begun: list[None] = []
    most: list[int] = []

    def page(*_: object) -> str:
        with gate:
            begun.append(None)
        go_on.wait()
        with gate:
            most.append(len(begun))
            begun.pop()
        return "page"

    monkeypatch.setattr(exports, "single_file", page)
    readers = [threading.Thread(target=exported_page, args=(snapshot,)) for _ in range(6)]
    for reader in readers:
        reader.start()
    until(lambda: len(begun) == 2)
    go_on.set()
    for reader in readers:
        reader.join()
    assert (len(most), max(most)) == (6, 2)


def test_whoever_stops_reading_stops_the_work(stored: Context) -> None:
    put(stored.store, synthetic.large(200_000))
    snapshot = stored.snapshot("z9z9z9z9z9z9")
    assert snapshot is not None
    made = exported(snapshot, "chrome")
    assert 10**7 < made.estimate < 10**8
    first = next(made.pieces)
    assert len(first) < made.estimate / 10, "no more is made than is taken"
    assert json.loads(first.decode().split("\n")[1].rstrip(","))["ph"] == "M"
    made.pieces.close()
    assert list(made.pieces) == []


@pytest.mark.usefixtures("stored")
async def test_a_notebook_gets_a_figure_that_names_the_trace(client: httpx.AsyncClient) -> None:
    await client.patch(TRACE, json={"label": "mine"})
    told = (await client.get(f"{TRACE}/figure")).json()
    assert told["layout"]["title"]["text"] == "mine · cpu · threads ×4 · 3.13"
    assert "4 threads, one GIL" in told["layout"]["title"]["subtitle"]["text"]
    window = (await client.get(f"{TRACE}/figure", params={"t0": 500 * MS, "t1": 520 * MS})).json()
    assert window["layout"]["xaxis"]["range"] == [500, 520]


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_a_small_picture_is_made_once_and_kept_by_the_browser(client: httpx.AsyncClient, theme: str) -> None:
    first = await client.get(f"{TRACE}/thumbnail", params={"theme": theme})
    assert (first.headers["content-type"], first.content[:4]) == ("image/png", b"\x89PNG")
    again = await client.get(f"{TRACE}/thumbnail", params={"theme": theme}, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_list_reads_the_record_of_a_finished_trace_once(stored: Context) -> None:
    row = stored.row("k3v9m2x7q4ab")
    assert row is not None
    asked = []

    def snapshot() -> Snapshot | None:
        asked.append(1)
        return stored.snapshot("k3v9m2x7q4ab")

    pictures = [stored.thumbnails.png(row, theme, snapshot) for theme in ("light", "light", "dark", "light")]
    assert pictures[0] == pictures[1] == pictures[3] != pictures[2]
    assert len(asked) == 2


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(("path", "status"), [("thumbnail?theme=sepia", 422), ("figure?t0=5000000000", 422), ("figure?t0=9&t1=3", 422)])
async def test_pictures_that_cannot_be_are_refused_in_words(client: httpx.AsyncClient, path: str, status: int) -> None:
    assert_problem(await client.get(f"{TRACE}/{path}"), status)


@pytest.mark.parametrize("path", ["thumbnail", "figure"])
async def test_a_deleted_trace_has_no_picture(client: httpx.AsyncClient, path: str) -> None:
    assert_problem(await client.get(f"/api/v1/traces/aaaaaaaaaaaa/{path}"), 404)
