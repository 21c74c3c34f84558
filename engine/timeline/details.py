"""Details of segments: codes while a timeline computes, numbers of strings once they are told.

≥ 0 and below 2**56    an operation, `operation | number << 8`
2**57 | what, target   what a thread was seen blocked in: `what | (target + 1) << 8`, the target a string's number
HOLDING                set beside one of these, or alone: while it had the GIL
"""

from __future__ import annotations

import numpy as np

from engine.agent._gilscope import codes
from engine.timeline.book import Book
from engine.timeline.layer import Ints

NONE = -1
HOLDING = 1 << 60
_SEEN = 1 << 57
STOPPED = _SEEN | 254
STOPS_WORLD = _SEEN | 255
_WORDS = ("wait", "GIL", "lock", "sleep", "socket", "file", "poll", "child process")
_PLAIN = {254: "stopped", 255: "stop_the_world"}


def waiting_detail(what: Ints, target: Ints) -> Ints:
    """The code of a wait that was seen; `target` is a string's number or -1."""
    return _SEEN | np.maximum(what, 0) | (target + 1) << 8


class Details:
    """From codes to the numbers of strings in a trace's table, which grows by them."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def named(self, codes_: Ints, targets: dict[int, str]) -> Ints:
        """`targets`: what the numbers of this process's operations name."""
        values, index = np.unique(codes_, return_inverse=True)
        return np.array([self.number(code, targets) for code in values.tolist()], np.int64)[index]

    def number(self, code: int, targets: dict[int, str]) -> int:
        """Of one code's string, -1 for none."""
        if code in (NONE, codes.PYTHON):
            return -1
        text = self._text(code & ~HOLDING, targets)
        if code & HOLDING:
            text = f"blocked_holding_gil: {text}" if text else "blocked_holding_gil"
        return self._book.string(text)

    def _text(self, code: int, targets: dict[int, str]) -> str:
        if not code & _SEEN:
            operation, number = code & 0xFF, code >> 8
            name = codes.OPERATIONS[operation] if operation < len(codes.OPERATIONS) else "call"
            target = targets.get(number) if number else None
            if target is not None:
                return target if operation == codes.CALL or target.startswith(name) else f"{name} {target}"
            return "" if operation == codes.PYTHON else name
        what, target_number = code & 0xFF, (code & ~_SEEN) >> 8
        if what in _PLAIN:
            return _PLAIN[what]
        word = _WORDS[what] if what < len(_WORDS) else _WORDS[0]
        return self._book.text(target_number - 1) if target_number else word
