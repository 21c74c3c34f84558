"""A trace as server-sent events: what is recorded from the beginning (or from `Last-Event-ID`), then what comes, then the end.

    event: status   data: {"id", "status", "position", "error"}                       when it changes
    event: frame    data: {"t_ns", "lanes", "segments", "open", "counters", "jobs", "edges"}   id = cursor
    event: end      data: {"id", "status"}                                            then the server closes

Live and replay are the same rows of the store, so a reader who comes late, or again, sees the same events.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from app.api.answers import NOT_FOUND, TraceId, found_row
from app.context import Context
from app.store import Row
from app.trace_object import as_bytes
from engine.trace import Frame, decode_frame

router = APIRouter(prefix="/api/v1/traces/{trace_id}", tags=["record"])

HEARTBEAT_S = 0.25
FRAMES_AT_ONCE = 16
_CURSOR = re.compile(r"[0-9]{1,15}")
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"description": "Server-sent events", "content": {"text/event-stream": {"example": 'event: frame\nid: 1\ndata: {"t_ns": 0}\n\n'}}}
}


@router.get("/stream", summary="All of it, live", response_class=Response, responses={**_STREAM, **NOT_FOUND})
async def stream(
    request: Request,
    trace_id: TraceId,
    segments: Annotated[bool, Query(description="false: only `t_ns`, how far it has grown.")] = True,
    last_event_id: Annotated[str | None, Header(description="Resume after this event.")] = None,
) -> Response:
    """From the beginning; with `Last-Event-ID` from there, without a gap or a repeat. A frame comes at least every 250 ms while it runs."""
    context = Context.of(request)
    await run_in_threadpool(found_row, context, trace_id)
    cursor = int(last_event_id) if last_event_id and _CURSOR.fullmatch(last_event_id) else 0
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(events(context, trace_id, cursor, segments), headers=headers, media_type="text/event-stream")


async def events(context: Context, trace_id: str, cursor: int, whole: bool) -> AsyncIterator[bytes]:
    """The bytes of the stream. Ends with the trace, with its deletion, or with the server."""
    feed, hub = Feed(context, trace_id, cursor, whole), context.hub
    told: dict[str, Any] | None = None
    told_at, woken = 0.0, False
    yield b"retry: 500\n\n"
    with hub.looking_on():
        while not hub.closed:
            with hub.watch() as watch:
                now = feed.glance() if woken and not whole else await run_in_threadpool(feed.read)
                if now is None:
                    yield event("end", {"id": trace_id, "status": "deleted"})
                    return
                # The end is told last: after every frame.
                if now.status != told and not (now.frames and now.finished):
                    told = now.status
                    yield event("status", now.status)
                for frame in now.frames:
                    yield frame
                if now.frames:
                    told_at = time.monotonic()
                elif now.finished:
                    yield event("end", {"id": trace_id, "status": now.status["status"]})
                    return
                if now.finished or len(now.frames) >= FRAMES_AT_ONCE:
                    continue  # There may be more.
                await watch.wait(HEARTBEAT_S)
                woken = watch.woken
            if woken:
                await asyncio.sleep(max(0.0, told_at + hub.pause_s - time.monotonic()))
            elif now.status["status"] == "running":
                yield feed.still()


@dataclass(frozen=True, slots=True)
class Now:
    """What there is to tell: `status` (never newer than `frames`), and the next frames as events."""

    status: dict[str, Any]
    finished: bool
    frames: list[bytes]


class Feed:
    """Reads what one client has not been told yet. Used by one thread at a time."""

    def __init__(self, context: Context, trace_id: str, cursor: int, whole: bool) -> None:
        self.cursor = cursor
        self._context = context
        self._store = context.store
        self._trace_id = trace_id
        self._whole = whole
        self._number: int | None = None
        self._strings: list[str] = []
        self._last = Frame(0)

    def read(self) -> Now | None:
        """None if there is no such trace any more. At most FRAMES_AT_ONCE whole frames."""
        return self._now(self._context.row(self._trace_id), self._store.times)

    def glance(self) -> Now | None:
        """The same of how far it has grown, for who is in the event loop and watches: two short looks, made once for all readers."""
        once, store = self._context.hub.once, self._store
        row = once(self._trace_id, lambda: self._context.glance(self._trace_id))
        return self._now(row, lambda number, after: once((number, after), lambda: store.times(number, after)))

    def _now(self, row: Row | None, times: Callable[[int, int], list[tuple[int, int]]]) -> Now | None:
        if row is None or self._number not in (None, row.number):
            return None
        if self._number is None:
            self._number = row.number
            self._skip()
        position = self._store.position(row.number) if row.status == "queued" else None
        status = {"id": row.id, "status": row.status, "position": position, "error": row.record.error}
        if not self._whole:
            return Now(status, row.finished, [self._told(seq, Frame(t_ns)) for seq, t_ns in times(row.number, self.cursor)])
        frames = self._store.frames(row.number, self.cursor, FRAMES_AT_ONCE)
        return Now(status, row.finished, [self._told(seq, decode_frame(body)) for seq, body in frames])

    def still(self) -> bytes:
        """A frame that says: alive, and nothing new."""
        return event("frame", self._json(Frame(self._last.t_ns, open=self._last.open, counters=self._last.counters)), self.cursor)

    def _skip(self) -> None:
        """Strings of frames that the client has seen are needed for those that it has not."""
        assert self._number is not None
        seen = 0
        while seen < self.cursor and (frames := self._store.frames(self._number, seen, FRAMES_AT_ONCE)):
            for seq, body in frames:
                if seq > self.cursor:
                    return
                seen, self._last = seq, decode_frame(body)
                self._strings.extend(self._last.strings)
        self.cursor = seen

    def _told(self, seq: int, frame: Frame) -> bytes:
        self.cursor, self._last = seq, frame
        self._strings.extend(frame.strings)
        return event("frame", self._json(frame), seq)

    def _json(self, frame: Frame) -> dict[str, Any]:
        if not self._whole:
            return {"t_ns": frame.t_ns}
        return {
            "t_ns": frame.t_ns,
            "lanes": [lane.to_json() for lane in frame.lanes],
            "segments": frame.segments.to_json(self._strings),
            "open": frame.open.to_json(self._strings),
            "counters": frame.counters,
            "jobs": [job.to_json() for job in frame.jobs],
            "edges": [asdict(edge) for edge in frame.edges],
        }


def event(name: str, body: dict[str, Any], identity: int | None = None) -> bytes:
    """One server-sent event. JSON has no raw line ends, so one data line holds it."""
    head = f"event: {name}\n" + (f"id: {identity}\n" if identity is not None else "")
    return head.encode() + b"data: " + as_bytes(body) + b"\n\n"
