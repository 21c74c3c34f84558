"""An ELF file's program headers: what of it is mapped where, and whether it speaks of a name.

Only 64-bit little-endian files, which is what CPython is built as on x86-64 and AArch64 Linux.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from engine.probes.memory import Mapping

_HEADER = struct.Struct("<4sBB10xHHIQQQIHHHHHH")
_PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")
_LOAD, _EH_FRAME = 1, 0x6474E550
_WRITE = 2
_PAGE = mmap.PAGESIZE


class ElfError(ValueError):
    """A file is not an ELF file that we can read. The message names it."""


@dataclass(frozen=True, slots=True)
class ElfSegment:
    """A program header: file bytes `[offset, offset + file_size)` are at link-time addresses from `address` on."""

    kind: int
    flags: int
    offset: int
    address: int
    file_size: int
    memory_size: int

    @property
    def writable(self) -> bool:
        return bool(self.flags & _WRITE)


@dataclass(frozen=True, slots=True)
class Elf:
    """The program headers of one file, read once."""

    path: str
    segments: tuple[ElfSegment, ...]

    @property
    def loads(self) -> tuple[ElfSegment, ...]:
        return tuple(segment for segment in self.segments if segment.kind == _LOAD)

    @property
    def eh_frame_header(self) -> ElfSegment | None:
        """The segment with the table of functions that unwinders use; a binary without unwind tables has none."""
        return next((segment for segment in self.segments if segment.kind == _EH_FRAME), None)

    def bias(self, mapped: list[Mapping]) -> int | None:
        """What to add to a link-time address to get the address in a process with these mappings; None when it is not mapped there."""
        starts = [mapping.start for mapping in mapped if mapping.path == self.path and mapping.offset == 0]
        first = min(self.loads, key=lambda load: load.offset)
        return min(starts) - (first.address - first.offset) // _PAGE * _PAGE if starts else None

    def read(self, address: int, size: int) -> bytes:
        """`size` bytes of the file as they lie at a link-time address. Raises ElfError when segments do not have them all."""
        found = b""
        with Path(self.path).open("rb") as file:
            while len(found) < size:
                at = address + len(found)
                load = next((load for load in self.loads if load.address <= at < load.address + load.file_size), None)
                if load is None:
                    raise ElfError(f"{self.path}: nothing is mapped at {at:#x}")
                file.seek(load.offset + at - load.address)
                piece = file.read(min(size - len(found), load.address + load.file_size - at))
                if not piece:
                    raise ElfError(f"{self.path} is cut short")
                found += piece
        return found


def elf(path: str) -> Elf:
    """Reads the program headers. Raises ElfError for anything that is not a 64-bit little-endian ELF file, OSError as `open`."""
    with Path(path).open("rb") as file:
        head = file.read(_HEADER.size)
        if len(head) < _HEADER.size or head[:6] != b"\x7fELF\x02\x01":
            raise ElfError(f"{path} is not a 64-bit little-endian ELF file")
        _, _, _, _, _, _, _, at, _, _, _, size, count, *_ = _HEADER.unpack(head)
        if size != _PROGRAM_HEADER.size:
            raise ElfError(f"{path}: program headers of {size} bytes")
        file.seek(at)
        table = file.read(size * count)
    if len(table) != size * count:
        raise ElfError(f"{path} is cut short")
    rows = _PROGRAM_HEADER.iter_unpack(table)
    return Elf(path, tuple(ElfSegment(*row[:4], *row[5:7]) for row in rows))


@lru_cache(64)
def names(path: str, symbol: str) -> bool:
    """Whether the file has `symbol` in one of its string tables: as a name it defines or asks for. False for what cannot be read."""
    try:
        with Path(path).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return data[:4] == b"\x7fELF" and data.find(b"\0" + symbol.encode() + b"\0") >= 0
    except (OSError, ValueError):
        return False
