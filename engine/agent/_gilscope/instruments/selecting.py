"""When an event loop has nothing to do: its selector's `select`, for as long as a thread runs the loop.

A loop that has something to do selects, too, without waiting, and mostly finds nothing: then epoll is asked right here, which saves as much
time as it takes to be in between. Our frame shows in tracebacks and stacks as that of the selector's own `select`.
"""

import sys

from .. import codes
from .disguise import appear_at, forget_frame

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any

    from ..shapes import Mark

_STOCK = ("selectors", "EpollSelector.select")
_code: "CodeType | None" = None


def mark(loop: "Any", mark: "Mark") -> None:
    """Marks whenever the loop's selector may wait."""
    selector = getattr(loop, "_selector", None)
    if not isinstance(selector, sys.modules["selectors"].BaseSelector) or _is_marked(selector):
        return  # It waits in its own way; or somebody runs it within itself.
    original = selector.select
    poll = _poll_of(selector, original)
    quiet = poll is not None

    def select(timeout: "float | None" = None) -> "Any":
        nonlocal quiet
        if timeout is not None and timeout <= 0:
            if quiet:
                if not (found := poll(0, 1)):
                    return found
                quiet = False
            found = original(timeout)
            quiet = not found and poll is not None
            return found
        mark(codes.SELECT_BEGIN)
        try:
            return original(timeout)
        except BaseException as error:
            forget_frame(error)
            raise
        finally:
            mark(codes.SELECT_END)

    # As an attribute, for to ask for its `__dict__` would make all of them slower.
    try:
        selector.select = select if poll is None else _disguised(select, original)
    except AttributeError:
        return  # It has no room for attributes.


def unmark(loop: "Any") -> None:
    """Leaves the selector as it was."""
    selector = getattr(loop, "_selector", None)
    if isinstance(selector, sys.modules["selectors"].BaseSelector) and _is_marked(selector):
        del selector.select


def _is_marked(selector: "Any") -> bool:
    return getattr(selector.select, "__module__", None) == __name__


def _poll_of(selector: "Any", select: "Any") -> "Any":
    """What the stock selector for epoll asks the kernel by; None for another one, or one that somebody has changed."""
    if type(selector).__qualname__ != "EpollSelector" or (select.__module__, getattr(select, "__qualname__", None)) != _STOCK:
        return None
    poll = getattr(getattr(selector, "_selector", None), "poll", None)
    return poll if type(getattr(poll, "__self__", None)).__qualname__ == "epoll" else None


def _disguised(select: "Any", original: "Any") -> "Any":
    global _code
    if _code is None:
        try:
            instruction = _where_it_polls(original.__func__)
        except Exception:
            return select  # One of later than we know: it works, but shows as ours.
        _code = appear_at(_copy(select, select.__code__), original.__func__.__code__, instruction).__code__
    return _copy(select, _code)


def _copy(function: "Any", code: "CodeType") -> "Any":
    return type(function)(code, function.__globals__, function.__name__, function.__defaults__, function.__closure__)


def _where_it_polls(select: "Any") -> int:
    """The instruction of the stock `select` that asks the kernel: found by a selector that raises instead."""

    class Raises:
        _fd_to_key = ()

        @property
        def _selector(self) -> "Any":
            return self

        def poll(self, *_: "Any") -> None:
            raise SystemExit

    try:
        select(Raises(), 0)
    except SystemExit as error:
        traceback: Any = error.__traceback__
        return traceback.tb_next.tb_lasti  # type: ignore[no-any-return]
    raise LookupError("the stock selector does not poll")
