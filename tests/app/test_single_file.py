"""The page that needs no server, as text: what it may do, what it is made of. That it works is told in tests/browser/test_share.py."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import cache
from html.parser import HTMLParser
from typing import Any

from app.single_file import ENTRY, modules, single_file
from engine.exports import Extent
from tests.support import synthetic

HOSTILE = "</script><script>alert(1)</script>"


class Elements(HTMLParser):
    """Every element with its attributes, and what stands in scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[str | None, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append((dict(attrs).get("type"), ""))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script":
            kind, body = self.scripts[-1]
            self.scripts[-1] = (kind, body + data)


@cache
def page(name: str = "cpu") -> str:
    trace = synthetic.threads_taking_turns().trace
    told = {"status": "complete", "title": name, "label": name, "headline": name, "findings": [{"text": name}]}
    return single_file(Extent.of(trace), told)


def read(text: str) -> Elements:
    elements = Elements()
    elements.feed(text)
    return elements


def policy(elements: Elements) -> dict[str, list[str]]:
    [content] = [attributes["content"] or "" for tag, attributes in elements.found if tag == "meta" and "http-equiv" in attributes]
    return {words[0]: words[1:] for part in content.split(";") if (words := part.split())}


def test_its_policy_forbids_to_ask_anybody_and_admits_its_own_scripts_by_their_hashes() -> None:
    elements = read(page())
    told = policy(elements)
    assert told["default-src"] == ["'none'"]
    assert "connect-src" not in told, "what is not named is as the default is"
    assert {"form-action", "base-uri"} <= told.keys()
    bodies = [body for kind, body in elements.scripts if kind != "application/json"]
    hashes = {f"'sha256-{base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()}'" for body in bodies}
    assert len(bodies) == 3
    assert set(told["script-src"]) == hashes | {"data:"}


def test_the_policy_stands_before_everything_that_it_is_for() -> None:
    tags = [tag for tag, attributes in read(page()).found if "http-equiv" in attributes or tag in ("script", "style", "link", "img")]
    assert tags[0] == "meta"


def test_nothing_in_it_names_another_place_to_load_from() -> None:
    for tag, attributes in read(page()).found:
        assert not {"src", "href", "action", "srcset", "ping", "background", "poster"} & attributes.keys(), (tag, attributes)
    [style] = re.findall(r"<style>(.*?)</style>", page(), re.S)
    assert "url(" not in style
    assert "@import" not in style


def test_its_modules_neither_fetch_nor_know_the_server() -> None:
    for path, text in modules().items():
        assert not re.search(r"\bfetch\s*\(|\bEventSource\b|\bXMLHttpRequest\b|\bsendBeacon\b|\bWebSocket\b", text), path
        assert path not in ("data/api.js", "data/source.js", "data/growth.js", "data/transfer.js")


def test_every_module_finds_what_it_imports_under_the_name_in_the_map() -> None:
    [importmap] = [body for kind, body in read(page()).scripts if kind == "importmap"]
    addresses: dict[str, str] = json.loads(importmap)["imports"]
    assert f"gilscope/{ENTRY}" in addresses
    for name, address in addresses.items():
        text = base64.b64decode(address.removeprefix("data:text/javascript;base64,")).decode()
        needed = re.findall(r'^(?:import|export)\b[^\'"]*?\bfrom "([^"]+)"', text, re.M) + re.findall(r'^import "([^"]+)"', text, re.M)
        assert {*needed} <= addresses.keys(), name


def test_texts_of_a_trace_end_no_element_and_begin_none() -> None:
    elements = read(page(HOSTILE))
    assert [kind for kind, _ in elements.scripts] == [kind for kind, _ in read(page()).scripts]
    [boot] = [body for kind, body in elements.scripts if kind == "application/json"]
    told: dict[str, Any] = json.loads(boot)
    assert told["trace"]["findings"] == [{"text": HOSTILE}]


def test_the_same_trace_makes_the_same_page() -> None:
    def without_the_hour(text: str) -> str:
        return re.sub(r"saved \d{4}-\d\d-\d\d \d\d:\d\d UTC", "", text)

    first = page()
    page.cache_clear()
    assert without_the_hour(page()) == without_the_hour(first)
