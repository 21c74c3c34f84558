"""Binaries without symbols: which function an instruction belongs to, and where things are mapped."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

import pytest

from engine.probes.eh_frame import function_at
from engine.probes.elf import ElfError, elf, names
from engine.probes.memory import mappings, read


def _python_function(name: str) -> int:
    address = ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value
    assert address is not None
    return address


def test_an_instruction_leads_to_the_start_of_its_function() -> None:
    start = _python_function("PyObject_GetAttrString")
    path = next(mapping.path for mapping in mappings(os.getpid()) if mapping.start <= start < mapping.end)
    binary = elf(path)
    bias = binary.bias(mappings(os.getpid()))
    assert bias is not None
    function = function_at(binary, start - bias)
    assert function is not None
    assert function.start == start - bias
    assert function_at(binary, function.end - 1) == function
    assert function.end not in function


def test_what_is_no_code_is_in_no_function() -> None:
    binary = elf(os.path.realpath(sys.executable))
    assert function_at(binary, 0) is None
    assert function_at(binary, 2**31) is None


def test_the_file_says_what_memory_holds() -> None:
    path = os.path.realpath(sys.executable)
    binary = elf(path)
    bias = binary.bias(mappings(os.getpid()))
    assert bias is not None
    text = next(load for load in binary.loads if not load.writable)
    assert binary.read(text.address, 64) == read(os.getpid(), text.address + bias, 64)
    with pytest.raises(ElfError, match="nothing is mapped"):
        binary.read(2**40, 8)


def test_a_binary_that_is_not_mapped_has_no_place() -> None:
    assert elf("/proc/self/exe").bias(mappings(os.getpid())) is None


def test_files_of_other_kinds_are_refused(tmp_path: Path) -> None:
    for content in (b"", b"#!/bin/sh\n", b"\x7fELF\x01\x01" + bytes(64), b"\x7fELF\x02\x02" + bytes(64)):
        file = tmp_path / "file"
        file.write_bytes(content)
        with pytest.raises(ElfError, match="is not a 64-bit little-endian ELF file"):
            elf(str(file))
    real = Path(sys.executable).resolve().read_bytes()
    file.write_bytes(real[:80])
    with pytest.raises(ElfError, match="is cut short"):
        elf(str(file))


def test_names_are_found_in_binaries_only(tmp_path: Path) -> None:
    assert names(os.path.realpath(sys.executable), "Py_BytesMain")
    assert not names(os.path.realpath(sys.executable), "Py_BytesMai")
    text = tmp_path / "text"
    text.write_bytes(b"\0Py_BytesMain\0")
    assert not names(str(text), "Py_BytesMain")
    assert not names(str(tmp_path / "nothing"), "Py_BytesMain")
