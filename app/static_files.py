"""Static files and plotly.js, with caching: a URL that carries a hash or a version never changes its content."""

from __future__ import annotations

import hashlib
import mimetypes
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response

from app import assets
from app.problems import ProblemError

router = APIRouter(include_in_schema=False)

_FOREVER = "public, max-age=31536000, immutable"
_CHECK = "no-cache"
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2"}


@router.get("/static/vendor/{name}")
def vendored(request: Request, name: str) -> Response:
    """The one file of the plotly package; gzipped for whoever takes it."""
    if name != assets.plotly_url().rsplit("/", 1)[-1]:
        return _own(request, f"vendor/{name}")
    file = assets.plotly_js()
    headers = {"etag": file.etag, "cache-control": _FOREVER, "vary": "accept-encoding"}
    if matches(request, file.etag):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.gzipped, media_type="text/javascript", headers={**headers, "content-encoding": "gzip"})
    return Response(file.plain, media_type="text/javascript", headers=headers)


@router.get("/static/{path:path}")
def static(request: Request, path: str) -> Response:
    return _own(request, path)


@router.get("/favicon.ico")
def favicon(request: Request) -> Response:
    return _own(request, "favicon.svg")


def matches(request: Request, etag: str) -> bool:
    """Whether the client has this already (`If-None-Match`)."""
    sent = request.headers.get("if-none-match", "")
    return any(one.strip().removeprefix("W/") in (etag, "*") for one in sent.split(","))


def _own(request: Request, path: str) -> Response:
    root = assets.static_directory().resolve()
    try:
        file = (root / path).resolve()
        known = file.is_relative_to(root) and file.is_file()
    except (OSError, ValueError):
        known = False
    if not known:
        raise ProblemError(404, f"There is nothing at {request.url.path}.")
    stat = file.stat()
    body, etag = _read(file, stat.st_mtime_ns, stat.st_size)
    # Only a page's own link carries the hash; modules import each other without one, so those are asked about each time.
    headers = {"etag": etag, "cache-control": _FOREVER if request.query_params.get("v") == etag.strip('"')[:12] else _CHECK}
    if matches(request, etag):
        return Response(status_code=304, headers=headers)
    kind = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return Response(body, media_type=kind, headers=headers)


@lru_cache(maxsize=256)
def _read(file: Path, stamp: int, size: int) -> tuple[bytes, str]:  # noqa: ARG001 - a file that changed is read again
    body = file.read_bytes()
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'
