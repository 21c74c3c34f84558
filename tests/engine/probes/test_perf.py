"""Rings and what is read from them: the layout on made-up bytes, loss and wrapping on the real kernel."""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from engine.probes import ProbeError, perf_event
from engine.probes.perf import Drained, Rings
from engine.probes.perf_records import Birth, Exec, Exit, Loss, parse
from engine.probes.switches import check

_Result = TypeVar("_Result")
_WHY_NOT = check()
kernel_tells = pytest.mark.skipif(_WHY_NOT is not None, reason=str(_WHY_NOT))


def _trailer(pid: int, tid: int, t: int, cpu: int) -> bytes:
    return struct.pack("<IIQII", pid, tid, t, cpu, 0)


def _record(kind: int, misc: int, body: bytes) -> bytes:
    return struct.pack("<IHH", kind, misc, 8 + len(body)) + body


def _switch(t: int, tid: int, misc: int, cpu: int = 0) -> bytes:
    return _record(14, misc, _trailer(7, tid, t, cpu))


def test_attributes_lie_where_the_kernel_looks_for_them() -> None:
    packed = perf_event.watchpoint(0x7F00DEADBEEF, 4, perf_event.BREAK_WRITE).pack()
    assert len(packed) == 112
    assert struct.unpack_from("<II", packed) == (5, 112)
    assert struct.unpack_from("<Q", packed, 16) == (1,)
    assert struct.unpack_from("<IQQ", packed, 52) == (2, 0x7F00DEADBEEF, 4)
    assert struct.unpack_from("<i", packed, 92) == (1,)
    assert perf_event.dummy(switches=True).flags ^ perf_event.dummy(switches=False).flags == 1 << 26


def test_switches_of_several_rings_come_in_the_order_of_time() -> None:
    first = _switch(30, 71, 1 << 13) + _switch(50, 72, 0)
    second = _switch(10, 72, 0, cpu=1) + _switch(40, 72, 1 << 13 | 1 << 14, cpu=1)
    assert parse(first + second).switch.T.tolist() == [[10, 1, 7, 72, 0], [30, 0, 7, 71, 1], [40, 1, 7, 72, 2], [50, 0, 7, 72, 0]]


def test_every_other_kind_of_record_is_read_from_between_the_switches() -> None:
    found = parse(
        _switch(1, 71, 0)
        + _record(7, 0, struct.pack("<IIIIQ", 8, 7, 8, 71, 20) + _trailer(7, 71, 20, 0))
        + _record(4, 0, struct.pack("<IIIIQ", 8, 7, 9, 71, 25) + _trailer(8, 9, 25, 0))
        + _record(3, 1 << 13, struct.pack("<II16s", 8, 8, b"python3") + _trailer(8, 8, 22, 1))
        + _record(3, 0, struct.pack("<II8s", 8, 8, b"renamed") + _trailer(8, 8, 23, 1))
        + _record(2, 0, struct.pack("<QQ", 99, 5) + _trailer(7, 71, 30, 1))
        + _record(2, 0, struct.pack("<QQ", 99, 6) + _trailer(7, 71, 32, 1)[:16])
        + _record(5, 0, struct.pack("<QQQ", 31, 99, 99) + _trailer(7, 71, 31, 1))
        + _record(9, 2, struct.pack("<QIIQQII", 0xCAFE, 7, 71, 33, 0x7FFF_FFFF_F000, 1, 0))
        + _record(9, 2, struct.pack("<QIIQQIIQQ", 0xBEEF, 7, 72, 35, 0xBEEF, 1, 0, 2, 0x7FFF_0000_1000))
        + _record(999, 0, bytes(16))
        + _switch(40, 71, 1 << 13)
    )
    assert found.switch[0].tolist() == [1, 40]
    assert found.births == (Birth(20, 8, 8, 7, 71),)
    assert found.exits == (Exit(25, 8, 9),)
    assert found.execs == (Exec(22, 8, 8, "python3"),)
    assert found.losses == (Loss(30, 1, 5), Loss(32, -1, 6))
    assert found.throttled == 1
    hit = found.samples
    assert [column.tolist() for column in (hit.t, hit.cpu, hit.pid, hit.tid, hit.ip, hit.addr, hit.argument)] == [
        [33, 35],
        [1, 1],
        [7, 7],
        [71, 72],
        [0xCAFE, 0xBEEF],
        [0x7FFF_FFFF_F000, 0xBEEF],
        [0, 0x7FFF_0000_1000],
    ]


def test_nothing_unread_is_no_records() -> None:
    assert parse(b"").switch.shape == (5, 0)
    assert len(parse(b"").samples) == 0


@pytest.mark.parametrize("data", [bytes(16), _switch(1, 2, 0)[:-8]])
def test_bytes_that_are_no_records_are_refused(data: bytes) -> None:
    with pytest.raises(ProbeError):
        parse(data)


def _alone(work: Callable[[], _Result]) -> _Result:
    """Does `work` in a thread that ends with it: what is watched there is watched there only."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def _counted() -> int:
    """Switches of this thread so far, as the kernel counts them."""
    lines = Path("/proc/thread-self/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if "ctxt_switches" in line)


def _doze(times: int) -> None:
    for _ in range(times):
        time.sleep(0.00005)


@kernel_tells
def test_a_ring_is_read_round_and_round_without_losing_a_record() -> None:
    """One page holds 128 switches; twenty times 40 switches in and out, drained each time, go round many times."""

    def work() -> tuple[int, int, int, list[Drained]]:
        before = _counted()
        with Rings(threading.get_native_id(), pages=1) as rings:
            assert set(rings.capacity.values()) == {mmap.PAGESIZE}
            least = _counted()
            drained = []
            for _ in range(20):
                _doze(40)
                drained.append(rings.drain())
            least = _counted() - least
            drained.append(rings.drain())
        return least, _counted() - before, rings.lost, drained

    least, most, lost, drained = _alone(work)
    assert lost == 0
    rows = np.concatenate([each.records.switch for each in drained], axis=1)
    outs = np.count_nonzero(rows[4])
    assert least <= outs <= most
    assert np.array_equal(rows[4] == 0, np.arange(rows.shape[1]) % 2 == 1)


@kernel_tells
def test_what_found_no_room_is_counted_and_placed_in_time() -> None:
    def work() -> tuple[int, int, Drained, int, Drained]:
        before = _counted()
        with Rings(threading.get_native_id(), pages=1) as rings:
            least = _counted()
            _doze(600)
            least = _counted() - least
            full = rings.drain()
            most = _counted() - before
            done = time.monotonic_ns()
            _doze(10)
            after = rings.drain()
            assert rings.lost == sum(gap.lost for gap in full.gaps)
        assert all(gap.start < gap.end <= done for gap in full.gaps)
        return least, most, full, done, after

    least, most, full, done, after = _alone(work)
    told = full.records.switch.shape[1]
    lost = sum(gap.lost for gap in full.gaps)
    assert lost > 0
    assert 2 * least <= told + lost <= 2 * most
    for gap in full.gaps:
        t = full.records.switch[0][full.records.switch[1] == gap.cpu]
        assert gap.start == t[-1]
    assert after.gaps == ()
    assert np.count_nonzero(after.records.switch[0] >= done) >= 20


@kernel_tells
def test_a_kernel_that_keeps_no_count_still_says_what_was_lost_with_the_next_record() -> None:
    def work() -> tuple[Drained, Drained]:
        with Rings(threading.get_native_id(), pages=1) as rings:
            for ring in rings._rings.values():
                ring.counts_lost = False
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
            _doze(300)
            full = rings.drain()
            _doze(5)
            return full, rings.drain()

    full, after = _alone(work)
    (gap,) = after.gaps
    switch = full.records.switch
    assert full.gaps == ()
    assert gap.start == switch[0][switch[1] == gap.cpu][-1]
    assert gap.end <= after.records.switch[0][0]
    assert switch.shape[1] + gap.lost >= 600


@kernel_tells
def test_watchpoints_share_the_rings() -> None:
    def work() -> tuple[int, int, Drained, Drained]:
        watched = ctypes.c_uint32(0)
        address = ctypes.addressof(watched)
        tid = threading.get_native_id()
        with Rings(tid, switches=False) as rings:
            try:
                fds = rings.attach(perf_event.watchpoint(address, 4, perf_event.BREAK_WRITE).pack(), tid)
            except OSError as error:
                pytest.skip(f"no hardware watchpoints here: {error}")
            for value in range(5):
                watched.value = value
            hits = rings.drain()
            rings.detach(fds)
            watched.value = 99
            return tid, address, hits, rings.drain()

    tid, address, hits, later = _alone(work)
    assert hits.records.samples.addr.tolist() == [address] * 5
    assert hits.records.samples.tid.tolist() == [tid] * 5
    assert len(later.records.samples) == 0


@kernel_tells
def test_a_breakpoint_tells_what_a_function_is_called_with() -> None:
    labs = ctypes.CDLL(None).labs
    address = ctypes.cast(labs, ctypes.c_void_p).value
    assert address is not None

    def work() -> tuple[Drained, float, float]:
        tid = threading.get_native_id()
        with Rings(tid, switches=False) as rings:
            try:
                rings.attach(perf_event.watchpoint(address, 8, perf_event.BREAK_EXECUTE, argument=True).pack(), tid)
            except OSError as error:
                pytest.skip(f"no hardware breakpoints here: {error}")
            for value in (7, 12345):
                labs(value)
            fullness = rings.fullness
            assert rings.peek().samples.argument.tolist() == [7, 12345]
            assert not len(rings.peek().samples)
            return rings.drain(), fullness, rings.fullness

    drained, before, after = _alone(work)
    assert drained.records.samples.argument.tolist() == [7, 12345], "what was peeked at is still there"
    assert drained.records.samples.addr.tolist() == [address, address]
    assert 1 > before > after == 0


@kernel_tells
def test_closing_twice_is_closing() -> None:
    rings = Rings(threading.get_native_id(), pages=1)
    rings.close()
    rings.close()
    assert rings.capacity == {}
