"""Reading memory from outside: of this process, and of one that goes away."""

from __future__ import annotations

import ctypes
import itertools
import mmap
import os
import subprocess
import sys

import pytest

from engine.probes.memory import Window, mappings, read


def test_bytes_are_read_at_an_address() -> None:
    data = ctypes.create_string_buffer(b"who holds it?")
    assert read(os.getpid(), ctypes.addressof(data), 13) == b"who holds it?"


def test_a_window_sees_what_changes_and_keeps_its_buffer() -> None:
    word = ctypes.c_uint64(1)
    window = Window(os.getpid(), ctypes.addressof(word), 8)
    buffer = window.read()
    word.value = 0xABCD
    assert window.read() is buffer
    assert int.from_bytes(buffer, "little") == 0xABCD
    other = ctypes.c_uint64(5)
    window.move(ctypes.addressof(other))
    assert window.read()[0] == 5


def test_what_is_not_mapped_cannot_be_read() -> None:
    with pytest.raises(OSError, match="Bad address"):
        read(os.getpid(), mmap.PAGESIZE // 2, 8)


def test_a_range_that_ends_too_early_cannot_be_read() -> None:
    last = mappings(os.getpid())
    place = next(one for one, other in itertools.pairwise(last) if "rw" in one.permissions and one.end < other.start)
    with pytest.raises(OSError, match="Bad address"):
        read(os.getpid(), place.end - 8, 16)


def test_a_process_that_has_ended_cannot_be_read() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
        with pytest.raises(ProcessLookupError):
            read(process.pid, 4096, 8)
        with pytest.raises((ProcessLookupError, FileNotFoundError)):
            mappings(process.pid)


def test_mappings_tell_files_and_rights() -> None:
    found = mappings(os.getpid())
    assert all(one.end <= other.start for one, other in itertools.pairwise(found))
    real = os.path.realpath(sys.executable)
    ours = [mapping for mapping in found if mapping.path == real]
    assert ours[0].offset == 0
    assert any(mapping.writable for mapping in ours)
