"""The user's own function, from a file: called once per job, with the job's index if it takes an argument."""

import importlib.util
import inspect
import os
import reprlib
import sys

from ..operations import Call

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..shapes import Job

_MOST_TEXT = 200
_MOST_VALUES = 64


def loaded(target: str) -> "_Function":
    """The workload of `FILE.py:function`. Raises what the file raises, or AttributeError when it has no such function."""
    path, _, name = target.rpartition(":")
    sys.path.insert(0, os.path.dirname(path))
    module_name = os.path.splitext(os.path.basename(path))[0]
    if module_name in sys.modules:
        # A file called like a module that is loaded already must not take its place in everybody's imports.
        module_name = f"_gilscope_{module_name}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    spec.loader.exec_module(module)
    return _Function(getattr(module, name))


class _Function:
    def __init__(self, function: "Callable[..., Any]") -> None:
        self._function = function
        self._takes_index = _takes_an_argument(function)
        # A whole `repr` of what may be a large result would be time and memory that the function did not ask for.
        self._repr = reprlib.Repr()
        self._repr.maxstring = self._repr.maxother = _MOST_TEXT

    def job(self, index: int, params: object, server: object) -> "Job":
        value = yield Call(self._function, *((index,) if self._takes_index else ()))
        return self._repr.repr(value)[:_MOST_TEXT]

    @staticmethod
    def result(values: list[str]) -> "dict[str, Any]":
        return {"values": values[:_MOST_VALUES]}


def _takes_an_argument(function: "Callable[..., Any]") -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # Some of what is written in C has no signature to look at.
        return False
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return any(parameter.kind in positional for parameter in parameters)
