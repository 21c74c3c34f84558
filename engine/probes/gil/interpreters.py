"""Which interpreters a process has, each with a GIL of its own, read from its memory.

    _PyRuntime  "xdebugpy" … offsets …      interpreters.head ─► newest ─next─► … ─next─► main ─next─► 0
                                                                 id             id        id 0
                                                                 ceval.gil      ceval.gil ceval.gil ─► struct _gil_runtime_state
                                                                 _gil           _gil      _gil

From CPython 3.13 on the head of `_PyRuntime` says where its fields are (`_Py_DebugOffsets`). An interpreter that shares the main GIL has
`ceval.gil` pointing at that one; the pointer is 0 before there is one and after it is gone.
"""

from __future__ import annotations

import numpy as np

from engine.probes.elf import elf
from engine.probes.gil.structs import Gil, GilStruct, Listing
from engine.probes.memory import Window, read

_COOKIE = int.from_bytes(b"xdebugpy", "little")
_HEADER_WORDS = 24
_HEAD, _SIZE, _ID, _NEXT = 5, 6, 7, 8
_MOST_BYTES = 1 << 22
_MOST = 10_000


def learn_listing(pid: int, known: GilStruct, bias: int) -> Listing | None:
    """From a process with one interpreter; None where CPython does not tell. Raises OSError as `memory.read`."""
    address = known.address + bias
    for load in elf(known.module).loads:
        if not load.writable:
            continue
        start, end = -(-(bias + load.address) // 8) * 8, bias + load.address + load.memory_size
        words = np.frombuffer(read(pid, start, (end - start) // 8 * 8), "<u8")
        for at in np.flatnonzero(words[:-_HEADER_WORDS] == _COOKIE).tolist():
            header = [int(word) for word in words[at : at + _HEADER_WORDS]]
            runtime = start + 8 * at
            if max(header[_HEAD], header[_SIZE], header[_ID], header[_NEXT]) > _MOST_BYTES:
                continue
            main = _u64(pid, runtime + header[_HEAD])
            state = np.frombuffer(read(pid, main, header[_SIZE] // 8 * 8), "<u8") if main else words[:0]
            # On free-threaded builds the struct begins 8 bytes before what we count from.
            slots = [(8 * int(slot), int(state[slot]) - address) for slot in np.flatnonzero((state == address) | (state == address - 8))]
            slots = [slot for slot in slots if slot[0] in header]
            alone = len(state) and state[header[_ID] // 8] == 0 and state[header[_NEXT] // 8] == 0
            if alone and len(slots) == 1 and 0 <= address - main < header[_SIZE]:
                gil, slack = slots[0]
                return Listing(runtime + header[_HEAD] - bias, header[_ID], header[_NEXT], gil, slack, address - main)
    return None


class Interpreters:
    """Those of one process, besides the main one. Costs a system call (about 2 µs), and one more for each interpreter that there is.

    `numbers`: of all that were ever seen, those without a GIL of their own included.
    """

    __slots__ = ("_base", "_head", "_listing", "_main", "_node", "numbers")

    def __init__(self, pid: int, gil: Gil, listing: Listing) -> None:
        self._listing = listing
        self._main = gil.address
        self.numbers: set[int] = set()
        self._head = Window(pid, listing.head + gil.bias, 8)
        self._base = min(listing.id, listing.next, listing.gil)
        self._node = Window(pid, 0, max(listing.id, listing.next, listing.gil) + 8 - self._base)

    def look(self) -> dict[int, int] | None:
        """The numbers of those with a GIL of their own, by the address of that GIL. None when they changed while they were looked at.

        Raises ProcessLookupError when the process is gone, OSError when it has become another program.
        """
        listing = self._listing
        found: dict[int, int] = {}
        at = int.from_bytes(self._head.read(), "little")
        for _ in range(_MOST):
            if at in (0, self._main - listing.own):
                # A torn list would hardly end with the main one, which is never removed while there are others.
                return found
            self._node.move(at + self._base)
            try:
                node = self._node.read()
            except ProcessLookupError:
                raise
            except OSError:
                return None  # It was freed a moment ago.
            number, following, gil = (
                int.from_bytes(node[field - self._base : field - self._base + 8], "little")
                for field in (listing.id, listing.next, listing.gil)
            )
            self.numbers.add(number)
            if gil == at + listing.own + listing.slack:
                found[at + listing.own] = number
            at = following
        return None


def _u64(pid: int, address: int) -> int:
    return int.from_bytes(read(pid, address, 8), "little")
