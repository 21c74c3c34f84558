"""Which function an instruction belongs to, without symbols: the sorted table that every binary carries for its unwinder.

    .eh_frame_hdr:  version | encodings (4 bytes) | eh_frame | count | count x (start of function, its entry in .eh_frame)
    .eh_frame entry: length | back to the common part | start of function | size of function | …

A stripped binary keeps it. Parts that the compiler split off ("cold" ones) are functions of their own here. Source: the Linux Standard
Base, "Exception Frames". Addresses are link-time ones.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from engine.probes.elf import Elf, ElfError

_SDATA4 = 0x0B
_PCREL, _DATAREL = 0x10, 0x30
_HEAD = struct.Struct("<BBBB")


@dataclass(frozen=True, slots=True)
class Function:
    """Addresses `[start, end)`."""

    start: int
    end: int

    def __contains__(self, address: int) -> bool:
        return self.start <= address < self.end


def function_at(binary: Elf, address: int) -> Function | None:
    """The function that has the instruction at a link-time `address`; None when the table knows none there.

    Raises ElfError when the binary has no such table, or one in an encoding that compilers do not write.
    """
    segment = binary.eh_frame_header
    if segment is None:
        raise ElfError(f"{binary.path} has no table of functions (.eh_frame_hdr)")
    header = binary.read(segment.address, segment.file_size)
    version, frame_encoding, count_encoding, table_encoding = _HEAD.unpack_from(header)
    if (version, frame_encoding, count_encoding, table_encoding) != (1, _PCREL | _SDATA4, 0x03, _DATAREL | _SDATA4):
        raise ElfError(f"{binary.path}: its table of functions is encoded in an unusual way")
    (count,) = struct.unpack_from("<I", header, 8)
    if 12 + 8 * count > len(header):
        raise ElfError(f"{binary.path}: its table of functions is cut short")
    table = np.frombuffer(header, "<i4", 2 * count, 12).reshape(count, 2)
    row = bisect_right(table[:, 0], address - segment.address) - 1
    if row < 0:
        return None
    start, entry = (segment.address + int(cell) for cell in table[row])
    # The entry's encoding stands in its common part; only the size is needed, and it has the width of the start: 4 bytes in practice.
    (size,) = struct.unpack("<I", binary.read(entry + 12, 4))
    function = Function(start, start + size)
    return function if address in function else None
