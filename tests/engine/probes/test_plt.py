"""The stubs of real modules."""

from __future__ import annotations

import shutil

import pytest

from engine.probes.elf import Elf, elf
from engine.probes.gil.calibration import calibrate
from engine.probes.plt import stub
from tests.support.gil_watching import WANTED, interpreter

_EXECUTE = 1


def _cpython(version: str) -> Elf:
    return elf(calibrate(interpreter(version), watch=False).module)


@pytest.mark.parametrize("version", WANTED)
def test_calls_of_another_modules_function_pass_one_jump_through_its_slot(version: str) -> None:
    binary = _cpython(version)
    at = stub(binary, "pthread_cond_signal")
    other = stub(binary, "pthread_cond_wait")
    assert at is not None
    assert other is not None
    assert at != other
    for address in (at, other):
        assert binary.read(address, 2) == b"\xff\x25"
        assert any(load.flags & _EXECUTE and load.address <= address < load.address + load.file_size for load in binary.loads)


def test_what_is_never_called_has_no_stub() -> None:
    assert stub(_cpython("3.11"), "a_function_of_nobody") is None


def test_a_module_that_is_linked_with_nothing_has_none() -> None:
    true = elf(shutil.which("true") or "/bin/true")
    static = Elf(true.path, tuple(segment for segment in true.segments if segment.kind == 1))
    assert stub(static, "pthread_cond_signal") is None
