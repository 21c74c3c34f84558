"""An array that grows at its end while those who know a shorter one keep reading it."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

Number = TypeVar("Number", bound=np.generic)
_LEAST_ROOM = 64


class Tape(Generic[Number]):
    """The first `length` values of a piece of memory that later tapes share and go on in.

        tape          [a b c d e]
        tape.put(5, [f g])        [a b c d e f g . . .]      the same memory; whoever has `tape` still sees a to e

    Growing costs what is added, on average: room is made for half as much again, but for no more than there was. Who first makes a tape
    hands over the array: values in it may be written again by `put`, with what readers of shorter tapes can live with, and by one thread
    at a time.
    """

    __slots__ = ("_room", "_used", "length")

    def __init__(self, values: npt.NDArray[Number]) -> None:
        self._room: npt.NDArray[Any] = values
        self._used = [len(values)]
        self.length = len(values)

    @property
    def array(self) -> npt.NDArray[Number]:
        return self._room[: self.length]

    def put(self, at: int, values: npt.NDArray[Any]) -> Tape[Number]:
        """This tape up to `at`, which is at most its length, and then `values`; all of that is at least as long as this one."""
        length = at + len(values)
        grown: Tape[Number] = Tape.__new__(Tape)
        grown._used, grown.length = self._used, length
        if self._used[0] == self.length and length <= len(self._room):
            grown._room = self._room
        else:
            grown._room = np.empty(length + min(length // 2, at) + _LEAST_ROOM, self._room.dtype)
            grown._room[:at] = self._room[:at]
            grown._used = [0]
        grown._room[at:length] = values
        grown._used[0] = length
        return grown

    def add(self, values: npt.NDArray[Any]) -> Tape[Number]:
        """This tape, and `values` after it."""
        return self.put(self.length, values) if len(values) else self
