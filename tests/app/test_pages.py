"""The pages as the server makes them: what they carry, how they fail, what they link to. Browsers look at them elsewhere."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from app.api import examples
from app.assets import plotly_url
from app.context import Context
from app.rendering import json_script
from app.static_files import matches
from tests.app.problem import assert_problem
from tests.support import synthetic
from tests.support.demo_server import put

pytestmark = pytest.mark.anyio

HTML = {"accept": "text/html,application/xhtml+xml"}


class Parsed(HTMLParser):
    """The addresses that a page fetches or links to, and its boot data."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.linked: list[str] = []
        self.inline: list[str] = []
        self._boot: list[str] = []
        self._in: str | None = None
        self.feed(text)

    @property
    def boot(self) -> dict[str, Any]:
        return dict(json.loads("".join(self._boot)))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "script":
            self._in = "boot" if named.get("id") == "boot" else "script"
        if tag in ("script", "img") and named.get("src"):
            self.fetched.append(named["src"] or "")
        if tag == "link" and named.get("href"):
            self.fetched.append(named["href"] or "")
        if tag == "a" and named.get("href"):
            self.linked.append(named["href"] or "")
        self.inline += [name for name in named if name.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._in = None

    def handle_data(self, data: str) -> None:
        if self._in == "boot":
            self._boot.append(data)
        elif self._in == "script" and data.strip():
            self.inline.append(data)


async def parsed(client: httpx.AsyncClient, path: str, status: int = 200) -> Parsed:
    response = await client.get(path, headers=HTML)
    assert response.status_code == status, response.text
    assert response.headers["content-type"].startswith("text/html")
    return Parsed(response.text)


async def test_home_carries_everything_that_the_launch_form_needs(client: httpx.AsyncClient, context: Context) -> None:
    put(context.store, synthetic.threads_taking_turns())
    boot = (await parsed(client, "/")).boot
    assert boot["page"] == "home"
    assert {one["name"] for one in boot["workloads"]} >= {"cpu", "native", "sleep", "http", "mixed"}
    assert boot["interpreters"][0]["own"]
    assert boot["recommended"]["workload"] in {one["name"] for one in boot["workloads"]}
    assert boot["host"]["cores"] >= 1
    assert [one["id"] for one in boot["traces"]] == ["k3v9m2x7q4ab"]


async def test_a_traces_page_carries_the_trace_object(client: httpx.AsyncClient, context: Context) -> None:
    put(context.store, synthetic.threads_taking_turns())
    boot = (await parsed(client, "/t/k3v9m2x7q4ab")).boot
    assert boot["trace"] == (await client.get("/api/v1/traces/k3v9m2x7q4ab")).json()


@pytest.mark.parametrize("path", ["/", "/t/k3v9m2x7q4ab", "/docs", "/t/nothing"])
async def test_pages_fetch_only_from_us_and_everything_they_name_is_there(client: httpx.AsyncClient, context: Context, path: str) -> None:
    put(context.store, synthetic.threads_taking_turns())
    page = await parsed(client, path, 404 if path == "/t/nothing" else 200)
    assert page.inline == []
    assert page.fetched
    for address in [*page.fetched, *page.linked]:
        assert address.startswith(("/", "#", "?")), f"{path} leads to {address}"
        if address.startswith("/"):
            assert (await client.get(address)).status_code == 200, f"{path} leads to {address}, which is not there"


@pytest.mark.parametrize("path", ["/t/nothing", "/t/k3v9m2x7q4ab", "/nothing", "/t/", "/t/%3Cscript%3Ealert(1)%3C%2Fscript%3E"])
async def test_what_is_not_there_is_a_page_for_people_and_a_problem_for_programs(client: httpx.AsyncClient, path: str) -> None:
    page = await client.get(path, headers=HTML)
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert "<script>alert" not in page.text
    assert_problem(await client.get(path), 404)


async def test_boot_data_cannot_leave_its_element() -> None:
    told = {"label": "</script><!--<script>&\u2028\u2029"}
    text = json_script(told)
    assert not re.search("[<>&\u2028\u2029]", text)
    assert json.loads(text) == told


async def test_plotly_is_the_packages_own_and_kept_for_ever(client: httpx.AsyncClient) -> None:
    packed = await client.get(plotly_url(), headers={"accept-encoding": "gzip"})
    plain = await client.get(plotly_url(), headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content) / 2
    assert packed.content == plain.content  # The client has unpacked it.
    assert b"plotly.js" in plain.content[:400]
    assert "immutable" in plain.headers["cache-control"]
    assert plain.headers["content-type"].startswith("text/javascript")
    same = await client.get(plotly_url(), headers={"if-none-match": plain.headers["etag"]})
    assert same.status_code == 304
    assert_problem(await client.get("/static/vendor/plotly-0.0.0.min.js"), 404)


async def test_static_files_are_asked_about_unless_their_hash_is_named(client: httpx.AsyncClient) -> None:
    named = next(address for address in (await parsed(client, "/")).fetched if address.endswith(".css") or ".css?v=" in address)
    kept = await client.get(named)
    asked = await client.get(named.partition("?")[0])
    assert "immutable" in kept.headers["cache-control"]
    assert asked.headers["cache-control"] == "no-cache"
    same = await client.get(named, headers={"if-none-match": kept.headers["etag"]})
    assert same.status_code == 304


@pytest.mark.parametrize(
    "path", ["../pyproject.toml", "..%2fpyproject.toml", "%2e%2e/app/settings.py", "css", "", "%00", "x" * 5000, "//etc/passwd"]
)
async def test_nothing_but_static_files_can_be_fetched(client: httpx.AsyncClient, path: str) -> None:
    assert_problem(await client.get(f"/static/{path}"), 404)


async def test_the_documentation_lists_every_operation_with_examples_to_copy(client: httpx.AsyncClient) -> None:
    openapi = (await client.get("/openapi.json")).json()
    text = (await client.get("/docs", headers=HTML)).text
    for path in openapi["paths"]:
        assert path in text, f"/docs does not show {path}"
    assert "curl" in text
    assert "httpx" in text
    create = openapi["paths"]["/api/v1/traces"]["post"]
    assert create["requestBody"]["content"]["application/json"]["examples"]
    assert all(operation.get("summary") for methods in openapi["paths"].values() for operation in methods.values())


async def test_the_examples_of_the_documentation_are_wishes_that_can_be_fulfilled(client: httpx.AsyncClient) -> None:
    openapi = (await client.get("/openapi.json")).json()
    examples = openapi["paths"]["/api/v1/traces"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    for example in examples.values():
        assert (await client.post("/api/v1/traces", json=example["value"])).status_code == 202


async def test_the_examples_have_the_shape_of_real_answers(client: httpx.AsyncClient, context: Context) -> None:
    put(context.store, synthetic.threads_taking_turns())
    url = "/api/v1/traces/k3v9m2x7q4ab"
    trace = (await client.get(url)).json()
    view = (await client.get(f"{url}/view", params={"px": 4000, "edges": 9})).json()
    assert set(trace) == set(examples.TRACE)
    assert set(trace["spec"]) == set(examples.TRACE["spec"])
    assert set(trace["findings"][0]) == set(examples.TRACE["findings"][0])
    assert set(view) == set(examples.VIEW)
    assert set(view["segments"][0]) <= set(examples.VIEW["segments"][0])
    assert set((await client.get(f"{url}/metrics")).json()) == set(examples.METRICS)
    assert set((await client.get(f"{url}/lanes")).json()["items"][0]) == set(examples.LANE)
    assert set((await client.get(f"{url}/segments")).json()["items"][0]) == set(examples.SEGMENT)
    assert set((await client.get(f"{url}/edges")).json()["items"][0]) == set(view["edges"][0]) == set(examples.EDGE)
    found = (await client.get(f"{url}/search", params={"q": "gil_wait"})).json()
    assert (set(found), set(found["items"][0])) == (set(examples.SEARCH), set(examples.SEARCH["items"][0]))
    lane = found["items"][0]["lane"]
    part = (await client.get(f"{url}/lanes/{lane}/segments", params={"state": "gil_wait"})).json()
    assert (set(part), set(part["items"][0])) == (set(examples.EXCERPT), set(examples.EXCERPT["items"][0]))
    selection = (await client.get(f"{url}/selection", params={"lanes": lane})).json()
    assert (set(selection), set(selection["items"][0])) == (set(examples.SELECTION), set(examples.SELECTION["items"][0]))
    assert set(selection["longest_wait"]) == set(examples.SELECTION["longest_wait"])


async def test_weak_and_listed_tags_match() -> None:
    def asked(value: str) -> Request:
        return Request({"type": "http", "headers": [(b"if-none-match", value.encode())]})

    assert matches(asked('"a", W/"b"'), '"b"')
    assert matches(asked("*"), '"b"')
    assert not matches(asked('"a"'), '"b"')
    assert not matches(asked(""), '"b"')


async def test_paragraphs_of_the_documentation_are_broken_where_the_page_is_wide_enough(client: httpx.AsyncClient) -> None:
    text = (await client.get("/docs", headers=HTML)).text
    assert "a lock was let go, and a waiter woken" in text
