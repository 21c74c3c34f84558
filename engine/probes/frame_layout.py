"""Where CPython keeps what its threads run, as the head of `_PyRuntime` tells it (`_Py_DebugOffsets`, CPython 3.13 and later).

    "xdebugpy" version free_threaded │ runtime │ interpreter │ thread │ frame │ code │ … │ unicode     words of 8 bytes, offsets in bytes

Which word means what differs from one minor version to the next. It is part of the file's initial data: no process is needed to read it.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

from engine.probes.elf import ElfError, elf
from engine.probes.memory import Mapping

_COOKIE = b"xdebugpy"
_WORDS = struct.Struct("<120Q")
_OLDEST_CANDIDATE = 0xC
_LARGEST = 1 << 22


@dataclass(frozen=True, slots=True)
class FrameLayout:
    """`runtime`: the link-time address of `_PyRuntime` in `module`, a real path. The rest are offsets into structs, in bytes.

    `str_shift`: how far left in a str's state its kind stands. `owned_by_c`: frames with this `frame_owner`, or more, are no function's.
    """

    module: str
    runtime: int
    runtime_interpreters: int
    interpreter_next: int
    interpreter_threads: int
    thread_next: int
    thread_frame: int
    thread_native_id: int
    frame_previous: int
    frame_executable: int
    frame_owner: int
    code_file: int
    code_name: int
    object_type: int
    type_name: int
    str_length: int
    str_state: int
    str_ascii_size: int
    str_shift: int
    owned_by_c: int = 3


_FIELDS = tuple(field.name for field in fields(FrameLayout))[2:-2]
# By version: which words hold these fields.
_PLACES = {
    0x30D: (5, 8, 9, 21, 23, 25, 29, 30, 33, 35, 37, 45, 47, 69, 68, 70),
    0x30E: (5, 8, 9, 24, 26, 28, 32, 33, 36, 40, 42, 51, 53, 79, 78, 80),
    0x30F: (5, 8, 9, 24, 26, 31, 40, 41, 44, 48, 50, 59, 61, 91, 90, 92),
}


@lru_cache(512)
def frame_layout(path: str) -> FrameLayout | None:
    """That of the CPython in this file; None where there is none, or one of a version that is not known here."""
    try:
        with Path(path).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if data[:4] != b"\x7fELF":
                return None
            loads = [load for load in elf(path).loads if load.writable]
            for load in loads:
                at, end = load.offset, load.offset + load.file_size
                while (at := data.find(_COOKIE, at, end)) >= 0:
                    found = _decoded(path, load.address + at - load.offset, data[at : at + _WORDS.size])
                    if found is not None:
                        return found
                    at += len(_COOKIE)
    except (OSError, ValueError, ElfError):
        return None
    return None


def located(mapped: list[Mapping]) -> tuple[FrameLayout, int] | None:
    """The CPython that a process with these mappings runs, and what to add to its link-time addresses."""
    paths = dict.fromkeys(mapping.path for mapping in mapped if "x" in mapping.permissions and mapping.path.startswith("/"))
    # Where it most likely is first, so that not every library is searched.
    for path in sorted(paths, key=lambda path: "python" not in path.rpartition("/")[2]):
        layout = frame_layout(path)
        if layout is not None:
            bias = elf(path).bias(mapped)
            if bias is not None:
                return layout, bias
    return None


def _decoded(path: str, address: int, raw: bytes) -> FrameLayout | None:
    if len(raw) < _WORDS.size or address % 8:
        return None
    words = _WORDS.unpack(raw)
    version, free_threaded = words[1], words[2]
    places = _PLACES.get(version >> 16)
    # Before the release candidates of a version its layout may still change.
    if places is None or version >> 4 & 0xF < _OLDEST_CANDIDATE or free_threaded > 1:
        return None
    offsets = [words[place] for place in places]
    if max(offsets) > _LARGEST or max(offsets[3:]) > 1024 or words[places[11] - 1] != words[places[11]] + 8:
        return None
    shift = 8 if free_threaded and version >> 16 > 0x30D else 2
    return FrameLayout(path, address, **dict(zip(_FIELDS, offsets, strict=True)), str_shift=shift)
