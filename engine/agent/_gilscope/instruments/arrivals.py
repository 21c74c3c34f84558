"""Tells when a module has been imported, right after its own code has run.

One finder in front of the others, which takes notice of the wanted names alone and leaves with the last of them. What it finds is what
the others find; only the loader is a twin of the real one, which puts the real one in its place before anything of the module runs.
"""

import sys

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

_awaited: "dict[str, Callable[[ModuleType], None]]" = {}


def when_imported(name: str, tell: "Callable[[ModuleType], None]") -> None:
    """Calls `tell` with the module once it is there; now if it is there. One caller a name. What `tell` raises is lost."""
    module = sys.modules.get(name)
    if module is not None:
        _call(tell, module)
        return
    _awaited[name] = tell
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


def _arrived(module: "ModuleType", name: str) -> None:
    tell = _awaited.pop(name, None)
    if not _awaited and _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
    if tell is not None:
        _call(tell, module)


def _call(tell: "Callable[[ModuleType], None]", module: "ModuleType") -> None:
    try:
        tell(module)
    except Exception as error:
        if sys.flags.verbose:
            sys.stderr.write(f"gilscope: {module.__name__} is not instrumented: {error!r}\n")


class _Finder:
    @staticmethod
    def find_spec(name: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None) -> "ModuleSpec | None":
        if name not in _awaited:
            return None
        for finder in sys.meta_path:
            if finder is _finder or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None and hasattr(spec.loader, "__dict__") and not isinstance(spec.loader, type):
                    spec.loader = _twin(spec.loader)
                return spec
        return None


_finder: "Any" = _Finder()


def _twin(real: "Any") -> "Any":
    """A loader that is and does what the real one is and does, and tells when it has run the module's code."""
    kind = type(real)

    class Twin(kind):  # type: ignore[misc, valid-type]
        def exec_module(self, module: "ModuleType") -> None:
            spec = module.__spec__
            assert spec is not None
            if spec.loader is self:
                spec.loader = real
            if getattr(module, "__loader__", None) is self:
                module.__loader__ = real
            try:
                real.exec_module(module)
            except BaseException as error:
                traceback = error.__traceback__
                error.__traceback__ = traceback and traceback.tb_next
                raise
            _arrived(module, spec.name)

    Twin.__name__, Twin.__qualname__, Twin.__module__ = kind.__name__, kind.__qualname__, kind.__module__
    twin = Twin.__new__(Twin)
    twin.__dict__.update(real.__dict__)
    return twin
