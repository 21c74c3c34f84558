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
    own = getattr(selector, "__dict__", None)
    if selector is None or own is None or "select" in own:
        return
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

    own["select"] = select


def unmark(loop: "Any") -> None:
    """Leaves the selector as it was."""
    own = getattr(getattr(loop, "_selector", None), "__dict__", {})
    if getattr(own.get("select"), "__module__", None) == __name__:
        del own["select"]
