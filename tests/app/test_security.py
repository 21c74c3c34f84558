"""Nobody but the owner's own pages and programs gets through: names, origins, sizes, and what every answer carries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from app.context import Context
from app.factory import create_app
from app.settings import Settings, SettingsError
from tests.app.problem import assert_problem
from tests.support import synthetic
from tests.support.demo_server import put
from tests.support.puppet import Stage

pytestmark = pytest.mark.anyio

ROUTES = ["/", "/healthz", "/docs", "/openapi.json", "/api/v1/traces", "/api/v1/host", "/static/x.js", "/t/k3v9m2x7q4ab", "/nothing"]


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8181", "127.0.0.1.evil.example", "localhost.evil", "192.168.1.2", "0.0.0.0"]
)
async def test_a_foreign_name_is_refused_on_every_route_and_the_flag_is_named(client: httpx.AsyncClient, path: str, host: str) -> None:
    problem = assert_problem(await client.get(path, headers={"host": host, "accept": "text/html"}), 403)
    assert "--allow-host" in problem["detail"]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:9", "localhost:65535", "LOCALHOST", "[::1]:8181", "[::1]", "127.8.9.1:1"])
async def test_a_loopback_name_is_good_with_any_port(client: httpx.AsyncClient, host: str) -> None:
    assert (await client.get("/healthz", headers={"host": host})).status_code == 200


@pytest.mark.parametrize("host", ["", "a b", "localhost:99999", "localhost:x", "user@localhost", "localhost/", "[::1", "\u00e9"])
async def test_a_host_that_is_no_name_is_bad(client: httpx.AsyncClient, host: str) -> None:
    assert_problem(await client.get("/healthz", headers=[(b"host", host.encode())]), 400)


async def test_two_hosts_are_bad_even_if_both_are_good(client: httpx.AsyncClient) -> None:
    assert_problem(await client.get("/healthz", headers=[(b"host", b"localhost"), (b"host", b"localhost")]), 400)


async def test_no_host_is_bad(context: Context, stage: Stage) -> None:
    assert context.queue is not None
    sent: list[dict[str, object]] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/healthz", "headers": [], "query_string": b"", "http_version": "1.0"}
    await stage.app(scope, None, send)
    assert sent[0]["status"] == 400


async def test_an_admitted_name_is_good(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, allow_hosts=("Gilscope.Example", "other.example:8443"))
    async with speaking(settings) as client:
        for host, status in (("gilscope.example:80", 200), ("other.example:8443", 200), ("other.example", 403)):
            assert (await client.get("/healthz", headers={"host": host})).status_code == status


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "nonsense"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "http://localhost:8181"},
        {"origin": "http://127.0.0.1:8181.evil.example"},
        {"sec-fetch-site": "same-origin", "origin": "http://evil.example"},
        {"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1:8181"},
    ],
)
async def test_another_sites_page_can_do_nothing_unsafe(client: httpx.AsyncClient, context: Context, headers: dict[str, str]) -> None:
    put(context.store, synthetic.threads_taking_turns())
    trace = "/api/v1/traces/k3v9m2x7q4ab"
    for method, path in (
        ("POST", "/api/v1/traces"),
        ("POST", "/api/v1/traces/import"),
        ("POST", f"{trace}/cancel"),
        ("PATCH", trace),
        ("DELETE", trace),
    ):
        assert_problem(await client.request(method, path, headers=headers, json={"workload": "cpu", "model": "threads"}), 403)
    assert context.store.unfinished() == []
    assert context.store.row("k3v9m2x7q4ab") is not None
    assert (await client.get(trace, headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://127.0.0.1:8181"},
        {"origin": "https://127.0.0.1:8181", "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
    ],
)
async def test_our_own_page_and_programs_can(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    response = await client.post("/api/v1/traces", headers=headers, json={"workload": "cpu", "model": "threads"})
    assert response.status_code == 202


async def test_a_read_only_server_shows_and_starts_nothing(settings: Settings, context: Context) -> None:
    put(context.store, synthetic.threads_taking_turns())
    async with speaking(replace(settings, read_only=True)) as client:
        trace = "/api/v1/traces/k3v9m2x7q4ab"
        assert (await client.get(trace)).status_code == 200
        assert (await client.get(f"{trace}/export/bundle")).status_code == 200
        for method, path in (("POST", "/api/v1/traces"), ("POST", f"{trace}/cancel"), ("PATCH", trace), ("DELETE", trace)):
            problem = assert_problem(await client.request(method, path, json={"workload": "cpu", "model": "threads"}), 403)
            assert "--read-only" in problem["detail"]


async def test_every_answer_carries_the_policy(client: httpx.AsyncClient) -> None:
    for path in (*ROUTES, "/t/nothing"):
        headers = (await client.get(path)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-eval" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("length", ["-1", "1e3", "9" * 30, "many"])
async def test_a_length_that_cannot_be_is_refused(client: httpx.AsyncClient, length: str) -> None:
    response = await client.post("/api/v1/traces", content=b"{}", headers={"content-length": length})
    assert response.status_code in (400, 413)
    assert_problem(response, response.status_code)


async def test_a_body_without_a_length_is_cut_off_at_the_limit(client: httpx.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 2**16
            yield b" " * 2**16

    headers = {"content-type": "application/json"}
    assert_problem(await client.post("/api/v1/traces", content=endless(), headers=headers), 413)
    assert sent < 4 * 2**20


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.1", "example.com", "::", "10.0.0.1", ""])
async def test_only_a_loopback_address_is_served_on(tmp_path: Path, host: str) -> None:
    with pytest.raises(SettingsError, match="loopback"):
        Settings(data=tmp_path, host=host)


async def test_a_wrong_method_is_a_problem_that_tells_the_right_ones(client: httpx.AsyncClient) -> None:
    response = await client.put("/api/v1/traces")
    assert_problem(response, 405)
    assert response.headers["allow"]


@asynccontextmanager
async def speaking(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of another application."""
    app = create_app(settings, Stage().launch)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1:8181") as client:
        yield client
    app.state.context.close()
