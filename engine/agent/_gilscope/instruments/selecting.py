"""When an event loop has nothing to do: its selector's `select`, for as long as a thread runs the loop."""

import sys

from .. import codes
from .disguise import forget_frame

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from typing import Any

    from ..shapes import Mark


def mark(loop: "Any", mark: "Mark") -> None:
    """Marks whenever the loop's selector may wait."""
    selector = getattr(loop, "_selector", None)
    if not isinstance(selector, sys.modules["selectors"].BaseSelector) or _is_marked(selector):
        return  # It waits in its own way; or somebody runs it within itself.
    original = selector.select

    def select(timeout: "float | None" = None) -> "Any":
        if timeout is not None and timeout <= 0:
            return original(timeout)
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
        selector.select = select
    except AttributeError:
        return  # It has no room for attributes.


def unmark(loop: "Any") -> None:
    """Leaves the selector as it was."""
    selector = getattr(loop, "_selector", None)
    if isinstance(selector, sys.modules["selectors"].BaseSelector) and _is_marked(selector):
        del selector.select


def _is_marked(selector: "Any") -> bool:
    return getattr(selector.select, "__module__", None) == __name__
