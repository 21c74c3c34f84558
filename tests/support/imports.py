"""Reads what our modules import, without importing any: the graph that the architecture's arrows are checked on."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Import:
    """One module that another one names. `module` is absolute (`engine.trace.lanes`), and as deep as can be told from names and files."""

    importer: str
    module: str
    line: int

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.module}"


@cache
def modules() -> dict[str, Path]:
    """Every module of `app` and `engine` by its dotted name."""
    files = sorted(path for package in ("app", "engine") for path in (ROOT / package).rglob("*.py"))
    return {_name(path): path for path in files}


@cache
def imports_of(module: str) -> tuple[Import, ...]:
    """Everything that a module of ours imports, inside functions, too; not what only type checkers see."""
    path = modules()[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return tuple(_imports(ast.parse(path.read_bytes()), module, package))


def all_imports() -> list[Import]:
    """Of every module of ours."""
    return [one for module in modules() for one in imports_of(module)]


def within(module: str, *packages: str) -> bool:
    """Whether a module is one of these packages or lies in one."""
    return any(module == package or module.startswith(package + ".") for package in packages)


def reachable(module: str) -> set[str]:
    """Modules of ours that importing `module` may bring in, itself included."""
    seen, left = set[str](), [module]
    while left:
        one = left.pop()
        if one not in seen:
            seen.add(one)
            left += [found.module for found in imports_of(one) if found.module in modules()]
    return seen


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(tree: ast.AST, importer: str, package: str) -> Iterator[Import]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from (Import(importer, alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            for alias in node.names:
                deeper = f"{base}.{alias.name}"
                yield Import(importer, deeper if deeper in modules() else base, node.lineno)
        else:
            yield from _imports(node, importer, package)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    parts = parts[: len(parts) - node.level + 1]
    return ".".join([*parts, node.module] if node.module else parts)
