"""The stream over a real socket: from the beginning, without a gap or a repeat, to the end, and gone when the server goes."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from app.context import Context
from app.queue import RunQueue
from app.store import Store
from engine.trace import Frame, RunSpec, Segments, Trace
from tests.app.test_queue import FIRST, LAST, SPEC
from tests.support import synthetic
from tests.support.demo_server import put
from tests.support.puppet import Stage, until
from tests.support.serving import served


class Event(NamedTuple):
    name: str
    id: str | None
    data: dict[str, Any]


@pytest.fixture
def url(context: Context, stage: Stage) -> Iterator[str]:
    with served(stage.app, context.settings.data) as base:
        yield f"{base}/api/v1/traces"


def events(url: str, last: str | None = None) -> Iterator[Event]:
    """Until the server closes the stream."""
    headers = {} if last is None else {"last-event-id": last}
    with httpx.stream("GET", url, headers=headers, timeout=20) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        fields: dict[str, str] = {}
        for line in response.iter_lines():
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "event" in fields:
                yield Event(fields["event"], fields.get("id"), json.loads(fields["data"]))
                fields = {}


def frames(found: list[Event]) -> list[Event]:
    return [event for event in found if event.name == "frame"]


def segments(found: list[Event]) -> list[dict[str, Any]]:
    return [segment for event in frames(found) for segment in event.data["segments"]]


def expected(trace: Trace) -> list[dict[str, Any]]:
    return trace.segments.to_json(trace.strings)


def in_order(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(told, key=lambda segment: (segment["lane"], segment["start_ns"]))


def test_a_finished_trace_is_replayed_whole_and_ends(context: Context, url: str) -> None:
    recording = synthetic.tasks_on_a_loop()
    put(context.store, recording)
    found = list(events(f"{url}/{recording.record.id}/stream"))
    assert [event.id for event in frames(found)] == [str(n + 1) for n in range(len(recording.frames))]
    assert in_order(segments(found)) == expected(recording.trace)
    assert {lane["id"] for event in frames(found) for lane in event.data["lanes"]} == set(recording.trace.lanes)
    assert [event.name for event in found[-2:]] == ["status", "end"]
    assert found[-1].data == {"id": recording.record.id, "status": "complete"}
    assert frames(found)[-1].data["counters"] == recording.frames[-1].counters


@pytest.mark.parametrize("cut", [0, 1, 3])
def test_a_reader_who_comes_back_gets_the_rest_and_nothing_twice(context: Context, url: str, cut: int) -> None:
    recording = synthetic.waits_overlapping()
    put(context.store, recording)
    stream = f"{url}/{recording.record.id}/stream"
    before = frames(list(events(stream)))[:cut]
    after = list(events(stream, before[-1].id if before else None))
    assert in_order(segments(before + after)) == expected(recording.trace)
    assert [event.id for event in before + frames(after)] == [str(n + 1) for n in range(len(recording.frames))]


@pytest.mark.parametrize("last", ["", "x", "-5", "1.5", "9" * 40])
def test_a_cursor_that_is_none_starts_from_the_beginning(context: Context, url: str, last: str) -> None:
    recording = synthetic.processes_at_once()
    put(context.store, recording)
    assert len(frames(list(events(f"{url}/{recording.record.id}/stream", last)))) == len(recording.frames)


def test_a_cursor_beyond_the_end_gets_the_end(context: Context, url: str) -> None:
    recording = synthetic.processes_at_once()
    put(context.store, recording)
    assert [event.name for event in events(f"{url}/{recording.record.id}/stream", "99999")] == ["status", "end"]


def test_a_live_run_is_told_while_it_goes_on(context: Context, stage: Stage, url: str) -> None:
    assert context.queue is not None
    trace_id = context.queue.submit(SPEC)
    live = events(f"{url}/{trace_id}/stream")
    assert next(live).data["status"] == "queued"
    stage.puppet().tell(FIRST)
    told = [next(live)]
    while told[-1].name != "frame":
        told.append(next(live))
    assert told[-1].data["t_ns"] == 1000
    assert [segment["state"] for segment in told[-1].data["open"]] == ["running", "running"]
    stage.puppet().tell(LAST)
    told += live
    assert [event.data["status"] for event in told if event.name == "status"][-2:] == ["running", "complete"]
    assert told[-1].name == "end"
    assert len(segments(told)) == 2


def test_a_run_without_news_still_says_that_it_is_alive(context: Context, stage: Stage, url: str) -> None:
    assert context.queue is not None
    trace_id = context.queue.submit(SPEC)
    stage.puppet().tell(FIRST)
    live = frames([event for event, _ in zip(events(f"{url}/{trace_id}/stream"), range(6), strict=False)])
    assert len(live) >= 4
    assert {event.id for event in live} == {"1"}
    assert len(segments(live)) == len(FIRST.segments)
    assert live[-1].data["t_ns"] == FIRST.t_ns


def test_progress_alone_can_be_asked_for(context: Context, url: str) -> None:
    recording = synthetic.threads_taking_turns()
    put(context.store, recording)
    found = frames(list(events(f"{url}/{recording.record.id}/stream?segments=false")))
    assert all(set(event.data) == {"t_ns"} for event in found)
    assert [event.data["t_ns"] for event in found] == [frame.t_ns for frame in recording.frames]


def test_many_readers_of_one_live_run_see_the_same(context: Context, stage: Stage, url: str) -> None:
    assert context.queue is not None
    recording = synthetic.threads_taking_turns(2)
    trace_id = context.queue.submit(RunSpec("cpu", "threads", 2, 2))
    found: list[list[Event]] = [[] for _ in range(5)]
    readers = [threading.Thread(target=lambda mine=mine: mine.extend(events(f"{url}/{trace_id}/stream"))) for mine in found]
    for reader in readers[:3]:
        reader.start()
    stage.puppet().tell(*recording.frames[:4])
    until(lambda: len(context.store.frames(1)) == 4)
    for reader in readers[3:]:
        reader.start()
    stage.puppet().tell(*recording.frames[4:])
    for reader in readers:
        reader.join()
    for one in found:
        assert in_order(segments(one)) == expected(recording.trace)


def test_many_who_ask_for_progress_hear_of_every_frame(context: Context, stage: Stage, url: str) -> None:
    assert context.queue is not None
    recording = synthetic.threads_taking_turns(2)
    trace_id = context.queue.submit(RunSpec("cpu", "threads", 2, 2))
    found: list[list[Event]] = [[] for _ in range(12)]
    path = f"{url}/{trace_id}/stream?segments=false"
    readers = [threading.Thread(target=lambda mine=mine: mine.extend(events(path))) for mine in found]
    for reader in readers:
        reader.start()
    until(lambda: context.hub.pause_s > 0.1)
    for frame in recording.frames:
        stage.puppet().tell(frame)
    for reader in readers:
        reader.join()
    for one in found:
        times = [event.data["t_ns"] for event in frames(one)]
        assert sorted(set(times)) == [frame.t_ns for frame in recording.frames]
        assert times == sorted(times)
        assert one[-1].data == {"id": trace_id, "status": "complete"}
    until(lambda: context.hub.pause_s == 0)


@pytest.mark.parametrize("segments", ["true", "false"])
def test_a_run_of_another_process_is_live_here(context: Context, url: str, segments: str) -> None:
    stage = Stage()
    other = Store(context.settings.data)
    with RunQueue(other, stage.launch) as queue:
        trace_id = queue.submit(SPEC)
        live = events(f"{url}/{trace_id}/stream?segments={segments}")
        next(live)
        stage.puppet().tell(FIRST)
        assert next(event for event in live if event.name == "frame").data["t_ns"] == 1000
        stage.puppet().tell(LAST)
        assert list(live)[-1].data["status"] == "complete"
    other.close()


def test_a_trace_that_is_deleted_meanwhile_ends_the_stream(context: Context, stage: Stage, url: str) -> None:
    assert context.queue is not None
    blocking, waiting = context.queue.submit(SPEC), context.queue.submit(SPEC)
    live = events(f"{url}/{waiting}/stream")
    next(live)
    with context.store.database.writing() as connection:
        connection.execute("DELETE FROM traces WHERE id = ?", (waiting,))
    assert list(live)[-1] == Event("end", None, {"id": waiting, "status": "deleted"})
    stage.puppet().tell(LAST)
    until(lambda: context.store.row(blocking).finished)  # type: ignore[union-attr]


def test_the_server_ends_soon_with_a_stream_open(context: Context, stage: Stage) -> None:
    assert context.queue is not None
    with served(stage.app, context.settings.data) as base:
        trace_id = context.queue.submit(SPEC)
        stage.puppet().tell(FIRST)
        live = events(f"{base}/api/v1/traces/{trace_id}/stream")
        next(live)
        begun = time.monotonic()
    assert time.monotonic() - begun < 15, "the server waited for the reader"
    assert "end" not in [event.name for event in live]
    assert stage.puppet().closed.is_set()


def test_a_reader_who_leaves_is_forgotten(context: Context, stage: Stage, url: str) -> None:
    assert context.queue is not None
    trace_id = context.queue.submit(SPEC)
    stage.puppet().tell(FIRST, Frame(1500, open=Segments.empty()))
    live = events(f"{url}/{trace_id}/stream")
    next(live)
    live.close()  # type: ignore[attr-defined]
    until(lambda: not context.hub.watched)
    stage.puppet().tell(LAST)
