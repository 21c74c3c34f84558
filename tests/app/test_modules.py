"""The pages' modules: what needs what, and that a page tells its browser of all of them at once."""

from __future__ import annotations

import re

import httpx
import pytest

from app.modules import closure, preloads, target

SOME = {"pages/trace.js", "data/source.js", "data/api.js", "data/urls.js", "views/timeline.js", "lib/viewstate.js"}


def test_a_module_needs_what_it_imports_and_what_that_imports() -> None:
    assert set(closure("pages/trace.js")) >= SOME
    assert set(closure("lib/units.js")) == {"lib/units.js"}


def test_names_are_relative_to_the_file_that_imports() -> None:
    assert target("views/compare/strips.js", "../../lib/dom.js") == "lib/dom.js"


@pytest.mark.anyio
@pytest.mark.parametrize("page", ["/", "/docs"])
async def test_a_page_names_every_module_that_it_needs(client: httpx.AsyncClient, page: str) -> None:
    text = (await client.get(page)).text
    named = re.findall(r'<link rel="modulepreload" href="([^"]+)">', text)
    (entry,) = re.findall(r'<script type="module" src="/static/(js/pages/\w+\.js)', text)
    assert named == preloads(entry)
    assert named
    for url in named:
        assert (await client.get(url)).status_code == 200
