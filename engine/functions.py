"""The user's own function as a workload: `FILE.py:function`.

Only looks, never imports: the file belongs to the measured interpreter, which may be newer than ours.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator
from pathlib import Path


class FunctionError(ValueError):
    """No such file or function. The message says what there is."""


def names_a_function(workload: str) -> bool:
    """Whether a workload's name means a function in a file, not one of the built-in ones."""
    path, colon, _ = workload.rpartition(":")
    return bool(colon) and path.endswith(".py")


def located(workload: str) -> str:
    """`FILE.py:function` with the file's absolute path. Raises FunctionError if the file does not define that name."""
    text, _, name = workload.rpartition(":")
    path = Path(text).expanduser().resolve()
    try:
        source = path.read_bytes()
    except OSError as error:
        raise FunctionError(f"{text} cannot be read: {error.strerror}") from None
    if not name.isidentifier():
        raise FunctionError(f"name a function after the colon: {text}:function")
    known = _defined(source)
    if known is not None and name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"it defines {', '.join(known) or 'none'}"
        raise FunctionError(f"{text} has no function {name!r}: {hint}")
    return f"{path}:{name}"


_OWN_NAMES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_DYNAMIC = frozenset({"exec", "eval", "globals", "locals", "vars", "setattr"})


def _defined(source: bytes) -> list[str] | None:
    """Names that the top level binds or may bind, in their order; None if that cannot be told without running the file."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None  # Perhaps a newer syntax; if not, the interpreter that runs it says so with line and column.
    names: dict[str, None] = {}
    for node in _outside_functions(tree):
        match node:
            case (
                ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name) | ast.Name(id=name, ctx=ast.Store())
            ):
                names[name] = None
            case ast.Import(names=found) | ast.ImportFrom(names=found):
                names.update(dict.fromkeys(alias.asname or alias.name.partition(".")[0] for alias in found))
            case ast.Name(id=name) if name in _DYNAMIC:
                return None
    return None if "*" in names else list(names)


def _outside_functions(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node, but for those inside functions, classes and comprehensions, whose names are their own."""
    for node in ast.iter_child_nodes(tree):
        yield node
        if not isinstance(node, _OWN_NAMES):
            yield from _outside_functions(node)
