"""Starts the marks of an interpreter that is to be measured, then gets out of the way.

Runs before anything of the program. The folder moves to the end of `sys.path`, so that the program's own modules always win, and the
`sitecustomize` that would have run without us runs now.
"""

import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


def _step_aside() -> None:
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != _HERE] + [_HERE]
    del sys.modules["sitecustomize"]
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    spec = PathFinder.find_spec("sitecustomize", [entry for entry in sys.path if entry != _HERE])
    if spec is None or spec.loader is None:
        sys.modules["sitecustomize"] = sys.modules.get("sitecustomize", type(sys)("sitecustomize"))
        return
    module = module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


if os.environ.get("GILSCOPE_MARKS"):
    from _gilscope import marks

    marks.begin(os.environ["GILSCOPE_MARKS"])
_step_aside()
