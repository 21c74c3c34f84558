"""When an event loop has nothing to do: its selector's `select`, for as long as a thread runs the loop."""

from .. import codes
from .disguise import forget_frame

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from typing import Any

    from ..shapes import Mark


def mark(loop: "Any", mark: "Mark") -> None:
    """Marks whenever the loop's selector may wait."""
    selector = getattr(loop, "_selector", None)
    original = getattr(selector, "select", None)
    if original is None or _is_ours(original):
        return

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
        selector.select = select  # type: ignore[union-attr]
    except AttributeError:
        return  # It has no room for attributes.


def unmark(loop: "Any") -> None:
    """Leaves the selector as it was."""
    selector = getattr(loop, "_selector", None)
    if _is_ours(getattr(selector, "select", None)):
        del selector.select  # type: ignore[union-attr]


def _is_ours(select: "Any") -> bool:
    return getattr(select, "__module__", None) == __name__
