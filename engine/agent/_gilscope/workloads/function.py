"""The user's own function, from a file: called once per job, with the job's index if it takes an argument."""

import importlib.util
import inspect
import os
import sys

from ..operations import Call


def loaded(target):
    """The workload of `FILE.py:function`. Raises what the file raises, or AttributeError when it has no such function."""
    path, _, name = target.rpartition(":")
    sys.path.insert(0, os.path.dirname(path))
    spec = importlib.util.spec_from_file_location(os.path.splitext(os.path.basename(path))[0], path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return _Function(getattr(module, name))


class _Function:
    def __init__(self, function):
        self._function = function
        positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        self._takes_index = any(parameter.kind in positional for parameter in inspect.signature(function).parameters.values())

    def job(self, index, params, server):
        value = yield Call(self._function, *((index,) if self._takes_index else ()))
        return repr(value)[:200]

    @staticmethod
    def result(values):
        return {"values": values[:64]}
