"""The arrows of the architecture: who may know whom. Every test's name is one of them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.support.imports import ROOT, Import, all_imports, imports_of, modules, reachable, within

AGENT = "engine.agent"
MAY_IMPORT = {
    "engine.trace": (),
    "engine.timeline": ("engine.trace", "engine.agent._gilscope.codes"),
    "engine.scope": ("engine.trace",),
    "engine.wording": (),
    "engine.metrics": ("engine.scope", "engine.timeline", "engine.trace"),
    "engine.findings": ("engine.metrics", "engine.scope", "engine.trace", "engine.wording"),
    "engine.comparison": ("engine.trace", "engine.wording"),
    "engine.edge_index": ("engine.trace",),
    "engine.tape": (),
    "engine.ranks": ("engine.tape",),
    "engine.grid": (),
    "engine.lane_index": ("engine.grid", "engine.ranks", "engine.tape", "engine.trace"),
    "engine.at_work": ("engine.grid", "engine.trace"),
    "engine.views": ("engine.at_work", "engine.edge_index", "engine.grid", "engine.lane_index", "engine.scope", "engine.trace"),
    "engine.selection": ("engine.metrics", "engine.scope", "engine.trace"),
    "engine.selection_csv": ("engine.exports", "engine.selection", "engine.trace"),
    "engine.search": ("engine.exports", "engine.trace", "engine.wording"),
    "engine.excerpt": ("engine.trace",),
    "engine.explain": ("engine.scope", "engine.trace", "engine.views", "engine.wording"),
    "engine.overview": ("engine.trace", "engine.views"),
    "engine.text": ("engine.scope", "engine.trace", "engine.views", "engine.wording"),
    "engine.bundle": ("engine.trace",),
    "engine.exports": ("engine.grid", "engine.ranks", "engine.scope", "engine.trace", "engine.views", "engine.wording"),
}
"""What is derived from a trace, purely: of our own modules, each may know these and itself."""
PURE = tuple(MAY_IMPORT)
IMPURE = {
    "asyncio", "ctypes", "fcntl", "logging", "mmap", "multiprocessing", "pathlib", "random", "secrets", "select",
    "shutil", "signal", "socket", "sqlite3", "subprocess", "tempfile", "threading", "time", "uuid",
}  # fmt: skip
WEB = ("fastapi", "starlette", "uvicorn", "jinja2", "pydantic", "plotly", "httpx", "sqlite3", "http", "html", "argparse")
STATIC, TEMPLATES = ROOT / "static", ROOT / "templates"


def test_the_agent_uses_the_standard_library_only() -> None:
    ours = [one for one in all_imports() if within(one.importer, AGENT)]
    assert ours, "the agent was not found"
    # `_gilscope` is what the package is called inside the measured interpreter.
    _none(one for one in ours if not within(one.module, AGENT, "_gilscope") and one.module.partition(".")[0] not in sys.stdlib_module_names)


def test_nothing_in_the_agent_imports_the_rest_of_the_engine() -> None:
    _none(
        one
        for one in all_imports()
        if within(one.importer, AGENT) and within(one.module, "engine", "app") and not within(one.module, AGENT)
    )


@pytest.mark.parametrize(("knower", "known"), [("models", "workloads"), ("workloads", "models")])
def test_models_and_workloads_do_not_know_each_other(knower: str, known: str) -> None:
    for module in modules():
        if within(module, f"{AGENT}._gilscope.{knower}"):
            assert not [found for found in reachable(module) if within(found, f"{AGENT}._gilscope.{known}")], module


def test_only_the_agents_entry_point_joins_a_workload_and_a_model() -> None:
    models, workloads = f"{AGENT}._gilscope.models", f"{AGENT}._gilscope.workloads"
    joiners = [
        module
        for module in modules()
        if within(module, AGENT)
        and any(within(found, models) for found in reachable(module))
        and any(within(found, workloads) for found in reachable(module))
    ]
    assert joiners == [f"{AGENT}._gilscope.__main__"]


def test_the_engine_knows_nothing_of_the_app_nor_of_http_html_and_sql() -> None:
    in_measured = f"{AGENT}._gilscope"  # Its `http` workload speaks HTTP; that is its work.
    outside = (one for one in all_imports() if within(one.importer, "engine") and not within(one.importer, in_measured))
    _none(one for one in outside if within(one.module, "app", *WEB) and not within(one.importer, "engine.http", "engine.http_server"))


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_findings_metrics_timeline_and_trace_know_only_what_they_derive_from(package: str) -> None:
    inside = [one for one in all_imports() if within(one.importer, package)]
    _none(one for one in inside if within(one.module, "engine", "app") and not within(one.module, package, *MAY_IMPORT[package]))


def test_what_is_derived_from_a_trace_is_derived_without_a_clock_a_file_or_a_process() -> None:
    _none(one for one in all_imports() if within(one.importer, *PURE) and one.module.partition(".")[0] in IMPURE)
    acts = re.compile(r"(?<![\w.])open\(|\bos\.(?!SEEK_)|\.now\(|\.today\(|\bprint\(")
    assert [module for module in modules() if within(module, *PURE) and acts.search(modules()[module].read_text())] == []


def test_only_the_run_queue_starts_a_supervisor() -> None:
    # A server has one stand by for the queue; the command line hands on its own, so that its streams come along.
    may = ("app.queue", "app.standby", "app.cli.foreground", "app.cli.echo")
    _none(one for one in all_imports() if within(one.module, "engine.launch") and one.importer not in may)


def test_only_the_store_touches_sqlite() -> None:
    _none(one for one in all_imports() if within(one.module, "sqlite3") and not within(one.importer, "app.store"))


def test_pydantic_lives_at_the_http_boundary_only() -> None:
    _none(one for one in all_imports() if within(one.module, "pydantic") and not within(one.importer, "app.api", "app.schemas"))


def test_the_store_the_queue_and_the_pages_do_not_know_the_command_line() -> None:
    _none(
        one
        for one in all_imports()
        if within(one.module, "app.cli", "app.__main__") and not within(one.importer, "app.cli", "app.__main__")
    )


def test_no_module_of_ours_imports_itself_in_a_circle() -> None:
    # A package's __init__ gathers the names of its own modules: that is no circle between nouns.
    edges = {
        module: {one.module for one in imports_of(module) if one.module in modules() and not within(module, one.module)}
        for module in modules()
    }
    state: dict[str, int] = {}

    def visit(module: str, path: list[str]) -> None:
        state[module] = 1
        for found in sorted(edges[module]):
            assert state.get(found) != 1, " → ".join([*path[path.index(found) :], found] if found in path else [*path, found])
            if found not in state:
                visit(found, [*path, found])
        state[module] = 2

    for module in edges:
        if module not in state:
            visit(module, [module])


def test_only_one_script_touches_plotly() -> None:
    touching = [path for path in _scripts() if re.search(r"\bPlotly\b", _code(path))]
    assert len(touching) <= 1, touching


def test_only_scripts_in_data_fetch() -> None:
    fetching = [path for path in _scripts() if re.search(r"\bfetch\s*\(|\bEventSource\b|\bXMLHttpRequest\b|\bsendBeacon\b", _code(path))]
    assert [path for path in fetching if path.parent.name != "data"] == []


def test_figures_are_pure_and_know_neither_pages_nor_data() -> None:
    for path in _scripts():
        if path.parent.name == "figures":
            assert not re.search(r"\b(document|globalThis|localStorage|location|history|fetch|setTimeout)\b", _code(path)), path
            assert not re.search(r"from\s+['\"][^'\"]*/(data|pages|views)/", _code(path)), path


def test_scripts_are_modules_that_import_each_other_by_explicit_relative_paths() -> None:
    for path in _scripts():
        for target in re.findall(r"^\s*(?:import|export)\b[^'\"]*?from\s*['\"]([^'\"]+)['\"]", path.read_text(), re.M):
            assert target.startswith(("./", "../")), f"{path} imports {target}"
            assert target.endswith(".js"), f"{path} imports {target}"
            assert (path.parent / target).resolve().is_file(), f"{path} imports {target}, which is not there"


def test_no_script_writes_html_or_runs_text() -> None:
    forbidden = (
        r"\b(innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment|setHTMLUnsafe)\b|document\.write\b|\beval\s*\(|new Function\b"
    )
    assert [path for path in _scripts() if re.search(forbidden, _code(path))] == []


def test_templates_hold_no_script_no_handler_and_nothing_of_another_host() -> None:
    for path in sorted(TEMPLATES.rglob("*.html")):
        text = re.sub(r"{#.*?#}", "", path.read_text(), flags=re.S)
        for attributes, body in re.findall(r"<script\b([^>]*)>(.*?)</script>", text, re.S):
            if "application/json" not in attributes:
                assert "src=" in attributes, f"{path} has an inline script"
                assert not body.strip(), f"{path} has an inline script"
        assert not re.search(r"<[^>]*\son\w+\s*=", text), f"{path} has an inline handler"
        assert "javascript:" not in text, path
        assert "|safe" not in text.replace(" ", ""), f"{path} switches escaping off"
        assert not re.search(r"(?:src|href|action)\s*=\s*[\"']?(?:https?:)?//", text), f"{path} names another host"


def test_every_module_is_short_enough_to_be_read_at_once() -> None:
    long = {module: len(path.read_text().splitlines()) for module, path in modules().items()}
    assert {module: lines for module, lines in long.items() if lines > 450} == {}


def test_nothing_is_left_to_do_and_no_one_machine_is_spoken_of() -> None:
    # Joined here, so that this file may say what no file may say.
    left = "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX"))
    machine = "|".join(re.escape(part) for part in ("/ro" + "ot/", "/ho" + "me/", "/wo" + "rk/", "/tmp/" + "w/"))
    pattern = re.compile(rf"\b(?:{left})\b|(?:{machine})")
    for path in _everything():
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            assert not pattern.search(line), f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"


def _none(found: Iterable[Import]) -> None:
    assert [str(one) for one in found] == []


def _scripts() -> list[Path]:
    return sorted(path for path in STATIC.rglob("*.js") if "vendor" not in path.parts)


def _code(path: Path) -> str:
    """A script without its comments."""
    return re.sub(r"/\*.*?\*/|(?<![:'\"])//[^\n]*", "", path.read_text(), flags=re.S)


def _everything() -> list[Path]:
    folders = [path for name in ("app", "engine", "templates", "static", "tests", ".ci") for path in sorted((ROOT / name).rglob("*"))]
    texts = {".py", ".js", ".css", ".html", ".md", ".toml", ".json", ""}
    files = [path for path in folders if path.is_file() and path.suffix in texts and "__pycache__" not in path.parts]
    return [*files, *(ROOT / name for name in ("README.md", "CHANGELOG.md", "Makefile", "pyproject.toml"))]
