"""An `Export` as an answer: its pieces are made when the client has taken those before."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.exports import Export


class Download(StreamingResponse):
    """A client that goes away ends the work, and what was opened for it is closed at once, not when it happens to be collected."""

    def __init__(self, export: Export, headers: dict[str, str] | None = None) -> None:
        self._export = export
        told = {"content-disposition": f'attachment; filename="{export.name}"', **(headers or {})}
        super().__init__(export.pieces, headers=told, media_type=export.media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await run_in_threadpool(self._export.pieces.close)
