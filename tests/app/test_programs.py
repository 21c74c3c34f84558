"""A recorded program through the interface: shown, listed and imported like any run, but never started."""

from __future__ import annotations

import shlex

import httpx
import pytest

from app.context import Context
from app.trace_object import title
from tests.app.problem import assert_problem
from tests.support import synthetic_programs
from tests.support.demo_server import put
from tests.support.synthetic import record

pytestmark = pytest.mark.anyio

URL = "/api/v1/traces/b3g5h7j9k2mn"


async def test_a_program_is_known_by_its_command_line(client: httpx.AsyncClient, context: Context) -> None:
    put(context.store, synthetic_programs.program(exit_code=3))
    trace = (await client.get(URL)).json()
    assert trace["title"] == "crawl.py --depth 2 'https://example.org/a b' · 3.13"
    assert shlex.split(trace["title"])[1:3] == ["--depth", "2"]
    assert trace["spec"]["program"] == ["scripts/crawl.py", "--depth", "2", "https://example.org/a b"]
    assert trace["spec"]["time_limit_s"] is None
    assert trace["result"] == {"exit_code": 3}
    assert trace["headline"].startswith("The program ended with exit code 3. Until then: 2 threads with 2 tasks")
    page = await client.get("/t/b3g5h7j9k2mn", headers={"accept": "text/html"})
    assert "<title>crawl.py --depth 2 &#39;https://example.org/a b&#39; · 3.13 · gilscope</title>" in page.text


async def test_programs_are_listed_and_can_be_asked_for_by_their_model(client: httpx.AsyncClient, context: Context) -> None:
    put(context.store, synthetic_programs.program())
    put(context.store, synthetic_programs.pool())
    listed = (await client.get("/api/v1/traces", params={"model": "program"})).json()["items"]
    assert [trace["id"] for trace in listed] == ["b3g5h7j9k2mn"]
    assert "crawl.py" in (await client.get("/")).text


async def test_no_program_is_offered_nor_started(client: httpx.AsyncClient) -> None:
    assert "program" not in {model["name"] for model in (await client.get("/api/v1/models")).json()["items"]}
    problem = assert_problem(await client.post("/api/v1/traces", json={"workload": "cpu", "model": "program"}), 422)
    assert [error["field"] for error in problem["errors"]] == ["model"]
    assert "gilscope record" in problem["detail"]
    forged = {"workload": "crawl.py", "model": "program", "program": ["crawl.py"]}
    assert_problem(await client.post("/api/v1/traces", json=forged), 422)
    assert (await client.get("/api/v1/traces")).json()["items"] == []


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (("-m", "http.server", "0"), "python -m http.server 0 · 3.13"),
        (("-c", "print(1)"), "python -c 'print(1)' · 3.13"),
        (("-X", "dev", "a/b.py"), "python -X dev a/b.py · 3.13"),
        (("b.py",), "b.py · 3.13"),
        (("-c", "a = 1\nprint(a)\t"), "python -c 'a = 1 print(a) ' · 3.13"),
        (("odd/",), "odd/ · 3.13"),
    ],
)
def test_what_is_no_script_is_told_with_the_word_that_one_would_type(program: tuple[str, ...], said: str) -> None:
    assert title(record("x", "program", 1, jobs=0, program=program).spec) == said


def test_a_long_command_line_is_cut_for_the_title() -> None:
    spec = record("crawl.py", "program", 1, jobs=0, program=("/somewhere/crawl.py", "x" * 500)).spec
    assert title(spec).startswith("crawl.py xxx")
    assert title(spec).endswith("x… · 3.13")
    assert len(title(spec)) < 120
