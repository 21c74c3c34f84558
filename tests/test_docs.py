"""Everything public is described: modules and functions where they are, options, routes, states and settings in the README."""

from __future__ import annotations

import argparse
import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from app.cli.arguments import COMMANDS, STATUSES, parser
from app.factory import create_app
from app.settings import Settings
from engine.catalog import models, workloads
from engine.trace import State
from tests.support.imports import ROOT, modules, within

TELLS_ITSELF = 3
"""Lines of a body up to which a function's name and types may say everything: a docstring must not restate a name."""
AS_ITS_PACKAGE_SAYS = frozenset({"run", "job", "result"})
"""What every model and workload of the agent has; their packages describe it once."""


@cache
def readme() -> str:
    return (ROOT / "README.md").read_text()


def test_every_module_states_its_contract() -> None:
    assert [name for name, path in modules().items() if not ast.get_docstring(ast.parse(path.read_text()))] == []


def test_every_public_class_and_every_public_function_that_does_not_tell_itself_has_a_docstring() -> None:
    assert [f"{module}.{node.name}" for module in modules() for node in _public(module) if not ast.get_docstring(node)] == []


def test_every_command_and_option_is_described() -> None:
    assert [option for command, option in _options() if f"`{option}" not in readme() and f"{option}`" not in readme()] == []
    assert [command for command in COMMANDS if f"gilscope {command}" not in readme() and f"[{command}]" not in readme()] == []


def test_every_option_explains_itself_and_every_command_says_what_it_does() -> None:
    for name, command in _commands():
        assert command.description, name
        assert [action.dest for action in command._actions if not action.help] == [], name


def test_every_setting_of_the_environment_is_described() -> None:
    ours = (path.read_text() for module, path in modules().items() if within(module, "app"))
    named = {name for text in ours for name in re.findall(r"\bGILSCOPE_[A-Z_]+\b", text)}
    named |= {name for _, command in _commands() for name in re.findall(r"\bGILSCOPE_[A-Z_]+\b", command.format_help())}
    assert named
    assert [name for name in sorted(named) if name not in readme()] == []


def test_every_route_is_described(tmp_path: Path) -> None:
    app = create_app(Settings(data=tmp_path))
    try:
        paths = [*app.openapi()["paths"], *(route.path for route in app.routes if hasattr(route, "path"))]
    finally:
        app.state.context.close()
    told = {_shape(path) for path in re.findall(r"/[a-z0-9_/{}.]*", readme())}
    static = {path for path in paths if path.startswith(("/static", "/favicon", "/openapi"))}
    assert sorted({path for path in paths if _shape(path) not in told} - static) == []


@pytest.mark.parametrize("name", [*(state.name for state in State), *STATUSES])
def test_every_state_is_described(name: str) -> None:
    assert f"`{name}`" in readme()


@pytest.mark.parametrize("name", [*models(), *workloads()])
def test_every_model_and_workload_is_described(name: str) -> None:
    assert re.search(rf"^\| `{name}` \| \w", readme(), re.M)


def test_the_readme_links_to_files_that_are_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", readme()):
        if not target.startswith("http"):
            assert (ROOT / target).is_file(), target


def test_the_changelog_tells_of_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert f"## [{version}]" in changelog or "## [Unreleased]" in changelog


def _public(module: str) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.parse(modules()[module].read_text()).body:
        if isinstance(node, ast.ClassDef):
            if not node.name.startswith("_"):
                yield node
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            same = within(module, "engine.agent") and node.name in AS_ITS_PACKAGE_SAYS
            # A route's summary is in its decorator.
            route = any("router" in ast.unparse(decorator) for decorator in node.decorator_list)
            if not same and not route and (node.end_lineno or 0) - node.body[0].lineno >= TELLS_ITSELF:
                yield node


def _commands() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def _options() -> Iterator[tuple[str, str]]:
    for name, command in _commands():
        for action in command._actions:
            yield from ((name, option) for option in action.option_strings if option != "-h")


def _shape(path: str) -> str:
    return re.sub(r"{[^}]*}", "{}", path).rstrip("/.")
