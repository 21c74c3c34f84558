"""What is learnt of the calls that tell of every GIL, on made-up records and of every interpreter there is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.probes.gil import signals
from engine.probes.gil.calibration import calibrate
from engine.probes.gil.signals import learn_signals
from engine.probes.gil.structs import Gil, GilStruct, Signals
from engine.probes.perf_records import Samples
from tests.support.gil_watching import interpreter, why_not_exact

exact = pytest.mark.skipif(why_not_exact() is not None, reason=str(why_not_exact()))
_GIL, _STUB, _TAKE, _DROP = 0x10000, 0x500, 0x300, 0x400
_KNOWN = GilStruct("/python", "/python", "3.13.0", _GIL, 160, False, (_TAKE,), 0x2F0)


def _offsets(*rows: tuple[int, int, int, int]) -> tuple[int, int] | None:
    """Of rows (pid, tid, ip, argument); the argument is 0 for a store."""
    columns = np.array(rows, np.int64).reshape(-1, 4).T
    pid, tid, ip, argument = columns
    addr = np.where(argument > 0, _STUB, _GIL + 16)
    return signals._offsets(Samples(np.arange(len(rows)), pid * 0, pid, tid, ip, addr, argument), _KNOWN, 0, _STUB)


def test_each_store_is_followed_by_its_signal() -> None:
    turn = ((7, 7, _TAKE, 0), (7, 7, _STUB, _GIL + 120), (7, 7, _DROP, 0), (7, 7, _STUB, _GIL + 32))
    assert _offsets(*turn) == (120, 32)
    assert _offsets(*turn, (7, 7, _STUB, 0x999999)) == (120, 32), "other conditions do not matter"
    assert _offsets(*turn[:3]) is None, "a drop without a signal"
    assert _offsets(*turn, (7, 7, _TAKE, 0), (7, 7, _STUB, _GIL + 40)) is None, "two places for one thing"
    assert _offsets((7, 7, _STUB, _GIL + 120), *turn) is None, "a signal of the GIL that nothing was stored for"
    assert _offsets() is None


def test_a_forked_child_makes_its_gil_anew_without_a_signal() -> None:
    turn = ((7, 7, _TAKE, 0), (7, 7, _STUB, _GIL + 120), (7, 7, _DROP, 0), (7, 7, _STUB, _GIL + 32))
    child = ((8, 8, _DROP, 0), *((8, 8, ip, argument) for _, _, ip, argument in turn))
    assert _offsets(*turn, *child) == (120, 32)


@exact
@pytest.mark.parametrize("version", ["3.12", "3.13", "3.13t", "3.14", "3.15"])
def test_every_interpreter_that_may_have_several_gils_tells_of_them_all(version: str) -> None:
    known = calibrate(interpreter(version))
    assert known.signals is not None
    assert 0 < known.signals.dropped < known.signals.taken < 256
    assert (known.listing is None) == (version == "3.12")
    assert GilStruct.from_json(known.to_json()) == known


def test_what_cannot_be_learnt_leaves_the_rest_as_it_is() -> None:
    known = replace(calibrate(interpreter("3.11"), watch=False), signals=None)
    assert learn_signals(0, known, 0, lambda: None) == known
    assert known.signals is None


def test_the_signals_of_a_process_are_where_its_module_is_mapped() -> None:
    gil = Gil(replace(_KNOWN, signals=Signals(0x500, 120, 32)), 0x7F0000000000)
    assert gil.stub == 0x7F0000000500
    assert replace(gil, own=0x1234).locked == 0x1244
