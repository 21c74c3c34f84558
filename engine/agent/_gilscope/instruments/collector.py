"""Marks the garbage collector's rounds where there is no GIL: there it stops all other threads.

By an entry of `gc.callbacks`, which whoever looks there sees; there is no other way to learn of it from inside.
"""

import gc

from .. import codes, marks

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from typing import Any


def begin() -> None:
    gc.callbacks.append(_tell)


def _tell(phase: str, info: "dict[str, Any]") -> None:
    marks.of_this_thread().mark(codes.COLLECT_BEGIN if phase == "start" else codes.COLLECT_END)
