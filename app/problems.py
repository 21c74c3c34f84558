"""Errors as the HTTP boundary tells them: RFC 9457 (`application/problem+json`), or the error page for whoever asked for a page.

{"type": "about:blank", "title": "Unprocessable Content", "status": 422, "detail": "…",
 "errors": [{"field": "workers", "message": "must be between 1 and 64"}]}
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.store import StoreError

MEDIA_TYPE = "application/problem+json"
_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}  # RFC 9110; older Pythons know other names.

Page = Callable[[Request, int, str, str], Response]


class ProblemError(Exception):
    """What a handler raises to answer with an error. `errors` name the fields of a 422."""

    def __init__(self, status: int, detail: str, *, errors: Sequence[dict[str, str]] = (), headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = list(errors)
        self.headers = headers


def title_of(status: int) -> str:
    return _TITLES.get(status) or HTTPStatus(status).phrase


def problem_body(status: int, detail: str, errors: Sequence[dict[str, str]] = ()) -> dict[str, Any]:
    """The members of RFC 9457, and `errors` where fields are to blame."""
    body: dict[str, Any] = {"type": "about:blank", "title": title_of(status), "status": status, "detail": detail}
    if errors:
        body["errors"] = list(errors)
    return body


def problem_response(status: int, detail: str, errors: Sequence[dict[str, str]] = (), headers: dict[str, str] | None = None) -> Response:
    # ASCII only: what is quoted from a bad request may hold half a surrogate pair, which no encoder takes.
    return Response(json.dumps(problem_body(status, detail, errors)), status, headers, MEDIA_TYPE)


def wants_page(path: str, accept: str) -> bool:
    """Whether an error should be a page: somebody reads it in a browser, and it is no part of the interface for programs."""
    return not path.startswith(("/api/", "/static/", "/healthz", "/openapi.json")) and "text/html" in accept


def install(app: FastAPI, page: Page) -> None:
    """Makes every error of `app` a problem, or `page(request, status, title, detail)`."""

    def told(request: Request, status: int, detail: str, errors: Sequence[dict[str, str]] = (), headers: Any = None) -> Response:
        if wants_page(request.url.path, request.headers.get("accept", "")):
            return page(request, status, title_of(status), detail)
        return problem_response(status, detail, errors, dict(headers) if headers else None)

    async def on_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, ProblemError)
        return told(request, error.status, error.detail, error.errors, error.headers)

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        detail = {404: f"There is nothing at {request.url.path}.", 405: f"{request.method} is not possible here."}
        said = error.detail if error.detail != title_of(error.status_code) and error.detail else None
        standard = said is None or said == HTTPStatus(error.status_code).phrase
        text = detail.get(error.status_code, title_of(error.status_code)) if standard else str(said)
        return told(request, error.status_code, text, (), error.headers)

    async def on_validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        found = error.errors()
        if any(item.get("type") == "json_invalid" for item in found):
            return told(request, 400, f"The body is not JSON: {found[0].get('ctx', {}).get('error', 'it cannot be parsed')}.")
        errors = [{"field": _field(item.get("loc", ())), "message": str(item.get("msg", "is not valid"))} for item in found]
        return told(request, 422, "; ".join(f"{item['field']}: {item['message']}" for item in errors), errors)

    async def on_store(request: Request, error: Exception) -> Response:
        return told(request, 503, str(error))

    async def on_failure(request: Request, error: Exception) -> Response:
        return told(request, 500, f"gilscope itself failed here ({type(error).__name__}); its log has the details.")

    app.add_exception_handler(ProblemError, on_problem)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(StoreError, on_store)
    app.add_exception_handler(Exception, on_failure)


def _field(location: Sequence[Any]) -> str:
    """`("body", "params", "size")` is the field `params.size`; the whole body is `body`."""
    parts = [str(part) for part in location]
    return ".".join(parts[1:]) or ".".join(parts) or "body"
