"""Viewers without a screen: each follows a run's stream and asks for views as the page does, so that only the server's part is measured.

They speak HTTP by hand, for a client library would take as much of the machine as the server does.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

_EVERY_S, _OBJECT_EVERY = 0.09, 6
_LONGEST_LINE = 1 << 24


async def with_viewers(url: str, spec: dict[str, Any], viewers: int) -> int:
    """Runs what is asked for while so many watch; its elapsed time in ns, by its own account."""
    async with _Connection(url) as connection:
        trace_id = json.loads(await connection.ask("/api/v1/traces", json.dumps(spec).encode()))["id"]
        path = f"/api/v1/traces/{trace_id}"
        await asyncio.gather(*(_viewer(url, path) for _ in range(viewers)))
        told = json.loads(await connection.ask(f"{path}?wait=60"))
        if told["status"] != "complete":
            raise SystemExit(f"the run {trace_id} is {told['status']}: {told['error']}")
        return int(told["metrics"]["elapsed_ns"])


async def _viewer(url: str, path: str) -> None:
    grown, asking, asked = 0, None, 0
    async with _Connection(url) as stream, _Connection(url) as connection:
        async for line in stream.lines(f"{path}/stream?segments=false"):
            if line.startswith(b"data: "):
                grown = json.loads(line[6:]).get("t_ns", grown)
            if grown and (asking is None or asking.done()):
                asking, asked = asyncio.create_task(_look(connection, path, grown, asked % _OBJECT_EVERY == 0)), asked + 1
        if asking is not None:
            await asking


async def _look(connection: _Connection, path: str, grown: int, whole: bool) -> None:
    """A view, and from time to time the trace itself; then a pause."""
    await connection.ask(f"{path}/view?" + urlencode({"t0": 0, "t1": grown, "px": 1200, "at_work": "true"}))
    if whole:
        await connection.ask(path)
    await asyncio.sleep(_EVERY_S)


class _Connection:
    """One that is kept alive, for one request at a time."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port, limit=_LONGEST_LINE)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def ask(self, target: str, body: bytes | None = None) -> bytes:
        """The answer to GET, or with a body to POST."""
        head = await self._send(target, body)
        answer = await self._reader.readexactly(int(head.partition(b"content-length: ")[2].split(b"\r", 1)[0]))
        self._check(head, target, answer)
        return answer

    async def lines(self, target: str) -> Any:
        """Of an answer without an end, until the server closes it."""
        self._check(await self._send(target, None), target, b"")
        async for line in self._reader:
            if line == b"0\r\n":  # Of its parts the last one, which is empty.
                return
            yield line

    async def _send(self, target: str, body: bytes | None) -> bytes:
        method, length = ("GET", "") if body is None else ("POST", f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n")
        self._writer.write(f"{method} {target} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n{length}\r\n".encode() + (body or b""))
        return (await self._reader.readuntil(b"\r\n\r\n")).lower()

    @staticmethod
    def _check(head: bytes, target: str, answer: bytes) -> None:
        if not head.startswith(b"http/1.1 2"):
            raise SystemExit(f"{target}: {head.splitlines()[0].decode()} {answer.decode()[:500]}")
