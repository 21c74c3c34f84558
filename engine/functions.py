"""The user's own function as a workload: `FILE.py:function`.

Only looks, never imports: the file belongs to the measured interpreter, which may be newer than ours.
"""

from __future__ import annotations

import ast
import difflib
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


def _defined(source: bytes) -> list[str] | None:
    """Names bound at the top level, in their order; None if that cannot be told without running the file."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None  # Perhaps a newer syntax; if not, the interpreter that runs it says so with line and column.
    names = []
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.append(name)
            case ast.Assign(targets=targets):
                names += [target.id for target in targets if isinstance(target, ast.Name)]
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.append(name)
            case ast.Import(names=found) | ast.ImportFrom(names=found):
                names += [alias.asname or alias.name.partition(".")[0] for alias in found]
            case ast.Expr():
                pass
            case _:
                return None  # An `if`, a `try`, a loop: what it binds depends on the run.
    return None if "*" in names else names
