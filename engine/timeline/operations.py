"""What a thread is inside of: the values of an operation layer, and how marks become them.

    a value ≥ 0     `operation | number << 8`, as OP_BEGIN tells it; the number names on what
    a value < 0     what is no operation of the agent's

Operations nest: in a user's function (CALL) a queue is asked (GET), and then the function goes on (CALL again). A thread of a program that
knows nothing of us is in CALL from its first mark on.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from engine.agent._gilscope import codes
from engine.timeline.layer import Ints

BEFORE, SELECT, AFTER, BETWEEN, LOST, FOREIGN = -2, -3, -4, -5, -6, -7
"""Before its job or its first mark; with nothing to do; after its last mark; in Python, but in no job; marks are missing; no Python."""

_PLAIN = {
    codes.THREAD_END: AFTER,
    codes.JOB_BEGIN: codes.PYTHON,
    codes.JOB_END: codes.PYTHON,
    codes.MODEL_BEGIN: codes.PYTHON,
    codes.SELECT_BEGIN: SELECT,
    codes.SELECT_END: codes.PYTHON,
}
_TELLS = np.zeros(256, bool)
_TELLS[[*_PLAIN, codes.OP_BEGIN, codes.OP_END]] = True
_VALUE = np.full(256, codes.PYTHON, np.int64)
for _kind, _value in _PLAIN.items():
    _VALUE[_kind] = _value


def plain(values: Ints) -> Ints:
    """The operations alone, without the numbers of what they are on."""
    return np.where(values >= 0, values & 0xFF, values)


def among(*operations: int) -> npt.NDArray[np.bool_]:
    """A table of whether an operation alone is one of these: `table[plain(values)]`. What NumPy's `isin` says in a tenth of the time."""
    table = np.zeros(0x100 - FOREIGN, bool)  # Those below 0 are found from its end.
    table[list(operations)] = True
    return table


class OperationFold:
    """From the marks of one thread to changes of its operation layer. Mutable: remembers how deep in operations and jobs the thread is.

    `program`: outside of jobs and operations it is in a CALL, for all of it is the program's.
    """

    __slots__ = ("_begun", "_open", "_program", "_silent")

    def __init__(self, *, program: bool) -> None:
        self._program = program
        self._begun = 0
        self._open: list[int] = []
        self._silent = True

    def take(self, t: Ints, kind: Ints, argument: Ints) -> tuple[Ints, Ints]:
        """The changes (times, values) that these marks tell, in the order of time."""
        tells = _TELLS[kind]
        if self._program and self._silent and len(t):
            tells = tells.copy()
            tells[0] = True
        t, kind, argument = t[tells], kind[tells], argument[tells]
        if not len(t):
            return t, argument
        begun = np.cumsum((kind == codes.JOB_BEGIN).astype(np.int64) - (kind == codes.JOB_END)) + self._begun
        self._begun = int(begun[-1])
        value = np.where(kind == codes.OP_BEGIN, argument, _VALUE[kind])
        outside = np.int64(codes.CALL if self._program else BETWEEN)
        value = np.where((value == codes.PYTHON) & (begun <= 0), outside, value)
        self._silent = False
        return t, self._nested(kind, value)

    def _nested(self, kind: Ints, value: Ints) -> Ints:
        """With what goes on after each OP_END and SELECT_END: the operation around it, if there is one."""
        enters, leaves = kind == codes.OP_BEGIN, kind == codes.OP_END
        # The end of a job ends whatever was left open in it by an error.
        resets = (kind == codes.JOB_BEGIN) | (kind == codes.JOB_END)
        depth = _depths(enters, leaves, resets, len(self._open))
        deepest = int(depth.max(initial=0))
        if deepest > 1 or self._open or (deepest and (kind == codes.SELECT_END).any()):
            around = np.full((deepest + 2, len(kind)), -1, np.int64)
            for level in range(1, deepest + 1):
                opened = enters & (depth == level)
                index = np.maximum.accumulate(np.where(opened, np.arange(len(kind)), -1))
                before = self._open[level - 1] if level <= len(self._open) else int(codes.CALL)
                around[level] = np.where(index >= 0, value[np.maximum(index, 0)], before)
            back = (leaves | (kind == codes.SELECT_END)) & (depth > 0)
            value = np.where(back, around[depth, np.arange(len(kind))], value)
            self._open = around[1 : int(depth[-1]) + 1, -1].tolist()
        else:
            last = np.flatnonzero(enters)
            self._open = [int(value[last[-1]])] if depth[-1] else []
        return value


def _depths(enters: npt.NDArray[np.bool_], leaves: npt.NDArray[np.bool_], resets: npt.NDArray[np.bool_], begin: int) -> Ints:
    """How many operations are open after each mark; an end without a beginning, as after an error, changes nothing."""
    steps = enters.astype(np.int64) - leaves
    found = np.empty(len(steps), np.int64)
    edges = [0, *np.flatnonzero(resets).tolist(), len(steps)]
    depth = begin
    for start, stop in pairwise(edges):
        if start == stop:
            continue
        if resets[start]:
            depth = 0
        run = np.cumsum(steps[start:stop]) + depth
        found[start:stop] = run - np.minimum(np.minimum.accumulate(run), 0)
        depth = int(found[stop - 1])
    return found
