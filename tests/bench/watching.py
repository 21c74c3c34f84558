"""Viewers without a screen: each follows a run's stream and asks for views as the page does, so that only the server's part is measured."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx

_EVERY_S, _OBJECT_EVERY = 0.09, 6
_PATIENCE_S = 120


async def with_viewers(url: str, spec: dict[str, Any], viewers: int) -> int:
    """Runs what is asked for while so many watch; its elapsed time in ns, by its own account."""
    async with httpx.AsyncClient(base_url=url, timeout=_PATIENCE_S, limits=httpx.Limits(max_connections=None)) as client:
        trace_id = (await client.post("/api/v1/traces", json=spec)).raise_for_status().json()["id"]
        path = f"/api/v1/traces/{trace_id}"
        await asyncio.gather(*(_viewer(client, path) for _ in range(viewers)))
        told = (await client.get(path, params={"wait": 60})).json()
        if told["status"] != "complete":
            raise SystemExit(f"the run {trace_id} is {told['status']}: {told['error']}")
        return int(told["metrics"]["elapsed_ns"])


async def _viewer(client: httpx.AsyncClient, path: str) -> None:
    grown, asking, asked = 0, None, 0
    async with client.stream("GET", f"{path}/stream", params={"segments": "false"}) as stream:
        async for line in stream.aiter_lines():
            if line.startswith("data: "):
                grown = json.loads(line[6:]).get("t_ns", grown)
            if grown and (asking is None or asking.done()):
                asking, asked = asyncio.create_task(_ask(client, path, grown, asked % _OBJECT_EVERY == 0)), asked + 1
    if asking is not None:
        await asking


async def _ask(client: httpx.AsyncClient, path: str, grown: int, whole: bool) -> None:
    """A view, and from time to time the trace itself; then a pause."""
    await client.get(f"{path}/view", params={"t0": 0, "t1": grown, "px": 1200, "at_work": "true"})
    if whole:
        await client.get(path)
    await asyncio.sleep(_EVERY_S)
