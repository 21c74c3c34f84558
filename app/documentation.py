"""The OpenAPI description as a page can show it: operations by tag, with examples to copy for curl and httpx."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

_METHODS = ("get", "post", "patch", "delete")
_LINE_END = re.compile(r"(?<!\n)\n(?!\n)")
"""Within a paragraph: the page breaks lines where it is wide enough for."""


def tags(openapi: dict[str, Any], base_url: str) -> list[dict[str, Any]]:
    """`[{name, description, operations}]` in the order of the description's own tags; see `app.pages` for an operation."""
    grouped: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in openapi.get("tags", ())}
    for path, methods in openapi["paths"].items():
        for method in _METHODS:
            if method in methods:
                operation = _operation(path, method, methods[method], base_url, openapi.get("components", {}).get("schemas", {}))
                grouped.setdefault(operation["tag"], []).append(operation)
    about = {tag["name"]: tag.get("description", "") for tag in openapi.get("tags", ())}
    return [{"name": name, "description": about.get(name, ""), "operations": found} for name, found in grouped.items() if found]


def _operation(path: str, method: str, said: dict[str, Any], base_url: str, schemas: dict[str, Any]) -> dict[str, Any]:
    parameters = [*map(_parameter, said.get("parameters", ())), *_fields(said, schemas)]
    body = _example_body(said)
    url = base_url + _filled(path, parameters)
    return {
        "method": method.upper(),
        "path": path,
        "anchor": said.get("operationId", f"{method}{path}"),
        "summary": said.get("summary", ""),
        "description": _LINE_END.sub(" ", said.get("description", "")),
        "tag": said.get("tags", ["other"])[0],
        "parameters": parameters,
        "body": body,
        "answer": _example_answer(said),
        "responses": [{"status": status, "description": told.get("description", "")} for status, told in said.get("responses", {}).items()],
        "curl": _curl(method, url, body, said),
        "httpx": _httpx(method, url, body, said),
    }


def _parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    schema = parameter.get("schema", {})
    kinds = [one.get("type") for one in schema.get("anyOf", [schema]) if one.get("type") not in (None, "null")]
    return {
        "name": parameter["name"],
        "in": parameter["in"],
        "required": parameter.get("required", False),
        "description": parameter.get("description") or schema.get("description", ""),
        "type": " or ".join(kinds) or "string",
        "example": parameter.get("example", schema.get("default")),
    }


def _filled(path: str, parameters: list[dict[str, Any]]) -> str:
    for parameter in parameters:
        if parameter["in"] == "path":
            path = path.replace("{" + parameter["name"] + "}", str(parameter["example"] or parameter["name"].upper()))
    query = "&".join(f"{one['name']}={one['example']}" for one in parameters if one["in"] == "query" and one["required"])
    return f"{path}?{query}" if query else path


def _example_body(said: dict[str, Any]) -> str | None:
    content = said.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return None
    examples = content.get("examples", {})
    example: Any = content.get("example") or next((one["value"] for one in examples.values()), {})
    return json.dumps(example)


def _example_answer(said: dict[str, Any]) -> str | None:
    for status, told in said.get("responses", {}).items():
        example = told.get("content", {}).get("application/json", {}).get("example")
        if status.startswith("2") and example is not None:
            return json.dumps(example, indent=2, ensure_ascii=False)
    return None


def _fields(said: dict[str, Any], schemas: dict[str, Any]) -> list[dict[str, Any]]:
    """The members of a JSON body, told like parameters."""
    schema = said.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    body = schemas.get(schema.get("$ref", "").rpartition("/")[2], {})
    required = body.get("required", ())
    return [
        _parameter({"name": name, "in": "body", "required": name in required, "schema": field})
        for name, field in body.get("properties", {}).items()
    ]


def _is_upload(said: dict[str, Any]) -> bool:
    return "application/octet-stream" in said.get("requestBody", {}).get("content", {})


def _curl(method: str, url: str, body: str | None, said: dict[str, Any]) -> str:
    words = ["curl"]
    if method != "get":
        words += ["-X", method.upper()]
    if body is not None:
        words += ["-H", "Content-Type: application/json", "-d", body]
    if _is_upload(said):
        words += ["--data-binary", "@trace.gilscope"]
    if "text/event-stream" in json.dumps(said.get("responses", {})):
        words.append("-N")
    if "/export/" in url:
        words.append("-OJ")
    return shlex.join([*words, url])


def _httpx(method: str, url: str, body: str | None, said: dict[str, Any]) -> str:
    if "text/event-stream" in json.dumps(said.get("responses", {})):
        return f'with httpx.stream("GET", "{url}", timeout=None) as response:\n    for line in response.iter_lines():\n        print(line)'
    extra = ""
    if body is not None:
        extra = f", json={json.loads(body)!r}"
    if _is_upload(said):
        extra = ', content=open("trace.gilscope", "rb")'
    return f'httpx.{method}("{url}"{extra}).raise_for_status()'
