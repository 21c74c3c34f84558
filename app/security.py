"""What every request must pass, before any route: pure ASGI layers, outermost first.

Headers      → what every answer carries (Content-Security-Policy, nosniff, referrer policy)
HostGuard    → the Host is this machine's, or one that the owner admitted: a page of another site cannot rename us (DNS rebinding)
OriginGuard  → an unsafe method comes from our own page or from no page at all; nothing unsafe at all when read-only
BodyLimit    → a body has an end
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.problems import problem_response
from app.settings import is_loopback

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::(?P<port>[0-9]{1,5}))?")

Refuse = Callable[[Request, int, str], Response]


class Headers:
    """Adds to every answer what it does not say itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message.get("headers", ())}
                message["headers"] = [*message.get("headers", ()), *(pair for pair in HEADERS if pair[0] not in present)]
            await send(message)

        await self._app(scope, receive, sending if scope["type"] == "http" else send)


class HostGuard:
    """A request must carry exactly one Host: a loopback name with any port, or one of `allowed` (with any port unless it names one)."""

    def __init__(self, app: ASGIApp, allowed: Iterable[str] = ()) -> None:
        self._app = app
        self._allowed = frozenset(name.lower().rstrip(".") for name in allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (refusal := self._refusal(values(scope, b"host"))):
            await refusal(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._app(scope, receive, send)

    def _refusal(self, hosts: list[str]) -> Response | None:
        if len(hosts) != 1:
            return problem_response(400, f"A request must have exactly one Host header; this one has {len(hosts)}.")
        match = _HOST.fullmatch(hosts[0])
        if match is None or int(match["port"] or 0) > 65535:
            return problem_response(400, "The Host header is not a host's name.")
        name = match["name"].strip("[]").lower().rstrip(".")
        if is_loopback(name) or name in self._allowed or hosts[0].lower() in self._allowed:
            return None
        return problem_response(
            403, f"This server does not answer to the name {name!r}. If the name is yours, start gilscope with --allow-host {name}."
        )


class OriginGuard:
    """An unsafe method must not come from another site's page: `Sec-Fetch-Site` first, then `Origin`, which must equal Host exactly.

    A program that sends neither is no browser, and passes. When `read_only`, nothing unsafe passes.
    """

    def __init__(self, app: ASGIApp, read_only: bool = False) -> None:
        self._app = app
        self._read_only = read_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope) if scope["type"] == "http" and scope["method"] not in SAFE_METHODS else None
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        sites, origins = values(scope, b"sec-fetch-site"), values(scope, b"origin")
        if any(site not in ("same-origin", "none") for site in sites):
            return problem_response(403, "A page of another site may not do this (Sec-Fetch-Site).")
        host = values(scope, b"host")[0].lower()
        if any(origin.lower() not in (f"http://{host}", f"https://{host}") for origin in origins):
            return problem_response(403, "A page of another site may not do this (Origin differs from Host).")
        if self._read_only:
            return problem_response(403, "This server is read-only: it was started with --read-only.")
        return None


class BodyLimit:
    """No body is longer than `limit` bytes; on the paths of `wider`, than the bytes given there."""

    def __init__(self, app: ASGIApp, limit: int, wider: dict[str, int] | None = None) -> None:
        self._app = app
        self._limit = limit
        self._wider = wider or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._wider.get(scope["path"], self._limit)
        message = f"The body is longer than the {limit:,} bytes that are accepted here."
        lengths = values(scope, b"content-length")
        if not all(length.isascii() and length.isdigit() and len(length) < 16 for length in lengths):
            await problem_response(400, "Content-Length is not a number.")(scope, receive, send)
            return
        if any(int(length) > limit for length in lengths):
            await problem_response(413, message)(scope, receive, send)
            return
        seen = 0

        async def receiving() -> Message:
            nonlocal seen
            got = await receive()
            if got["type"] == "http.request":
                seen += len(got.get("body", b""))
                if seen > limit:
                    raise HTTPException(413, message)
            return got

        await self._app(scope, receiving, send)


def values(scope: Scope, name: bytes) -> list[str]:
    """Every value of a header, in the order sent."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]
