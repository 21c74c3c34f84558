"""Which call an instruction makes, as it reads from the code before it."""

from __future__ import annotations

import platform

import pytest

from engine.probes.call_sites import decoded, takes_any

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="code of x86-64; elsewhere a register tells the number")


@pytest.mark.parametrize(
    ("code", "number"),
    [
        ("b8 07 00 00 00 0f 05", 7),
        ("31 c0 0f 05", 0),
        ("b8 01 00 00 00 89 d0 31 c0 48 89 fe 0f 05", 0),
        ("41 b8 ca 00 00 00 ff d3 44 89 c0 40 80 f6 80 0f 05", 202),
        ("bb 3d 00 00 00 e8 00 00 00 00 89 d8 0f 05", 61),
        ("48 89 f8 48 89 f7 48 89 d6 0f 05", None),
        ("90 90 90 0f 05", None),
        ("b8 07 00 00 00 0f 05 90", None),
        ("44 89 c0 0f 05", None),
        ("", None),
    ],
)
def test_the_number_is_what_the_register_was_set_to(code: str, number: int | None) -> None:
    assert decoded(bytes.fromhex(code)) == number


def test_a_site_that_is_handed_its_number_makes_any_call() -> None:
    assert takes_any(bytes.fromhex("48 89 f8 48 89 f7 0f 05"))
    assert not takes_any(bytes.fromhex("b8 07 00 00 00 0f 05"))
