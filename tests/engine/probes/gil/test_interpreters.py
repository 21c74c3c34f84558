"""Interpreters with a GIL of their own, seen of real programs on every CPython that has them."""

from __future__ import annotations

import itertools

import pytest

from engine.probes.gil import LONE, GilLimits
from engine.probes.gil.events import NOBODY, UNKNOWN, GilAccount
from engine.probes.gil.interpreters import Interpreters
from tests.support import gil_watching
from tests.support.gil_watching import Seen, calibrated, interpreter, see, why_not_exact

_WITH_GIL = ("-X", "gil=1")
_UNLIMITED = GilLimits(traps_per_s=1e9, burst=1e9, start=1e9)
exact = pytest.mark.skipif(why_not_exact() is not None, reason=str(why_not_exact()))
every_python = pytest.mark.parametrize("version", ["3.13", "3.13t", "3.14", "3.15"])

_MANY = """
import json, sys, threading, time
if sys.version_info >= (3, 14):
    from concurrent.interpreters import create
    def execute(one, source): one.exec(source)
    def number(one): return one.id
    def close(one): one.close()
    import _interpreters
else:
    import _interpreters
    create, execute, number, close = _interpreters.create, _interpreters.exec, int, _interpreters.destroy
"""

_AT_ONCE = (
    _MANY
    + """
ids = {}
both = [create() for _ in range(2)]
ready = threading.Barrier(2)
def work(one):
    ids[number(one)] = threading.get_native_id()
    ready.wait()
    execute(one, "import time; end = time.monotonic() + 0.4\\nwhile time.monotonic() < end: pass")
threads = [threading.Thread(target=work, args=(one,)) for one in both]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(json.dumps(ids))
"""
)

_TURNS = (
    _MANY
    + """
source = '''
import threading, time
end = time.monotonic() + 0.5
def spin():
    while time.monotonic() < end:
        pass
threads = [threading.Thread(target=spin) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
'''
both = [create() for _ in range(2)]
threads = [threading.Thread(target=execute, args=(one, source)) for one in both]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(json.dumps([number(one) for one in both]))
"""
)

_COMING_AND_GOING = (
    _MANY
    + """
numbers = []
for _ in range(12):
    one = create()
    numbers.append(number(one))
    execute(one, "import time; time.sleep(0.002); sum(range(1000))")
    close(one)
print(json.dumps([threading.get_native_id(), numbers]))
"""
)

_SHARED = (
    _MANY
    + """
one = _interpreters.create("legacy")
threading.Thread(target=_interpreters.exec, args=(one, "import time; time.sleep(0.1)")).start()
time.sleep(0.2)
print(json.dumps(int(one)))
"""
)


def _seen(version: str, source: str, *, exact: bool = True, spare_lone: bool = False, limits: GilLimits | None = _UNLIMITED) -> Seen:
    python = interpreter(version)
    calibrated(python, exact=exact)
    return see(python, source, options=_WITH_GIL, exact=exact, spare_lone=spare_lone, limits=limits)


def _spans(seen: Seen, number: int) -> list[tuple[int, int, int]]:
    """(from, to, tid) of everybody who held the GIL of this interpreter."""
    rows = [(t, tid) for t, _, tid, of in seen.own if of == number]
    return [(t, end, tid) for (t, tid), (end, _) in itertools.pairwise(rows) if tid > 0]


def _agrees(account: GilAccount) -> bool:
    return abs(account.seen - account.handoffs) <= max(2, 0.02 * account.handoffs)


@exact
@every_python
def test_two_interpreters_are_held_at_once_each_by_its_thread(version: str) -> None:
    seen = _seen(version, _AT_ONCE)
    (ids,) = seen.said
    (one, first), (other, second) = ((int(number), tid) for number, tid in ids.items())
    a, b = ([span for span in _spans(seen, number) if span[2] == tid] for number, tid in ((one, first), (other, second)))
    assert {tid for _, _, tid in _spans(seen, one)} <= {seen.pid, first}, "nobody else holds it, but for who made it"
    assert {tid for _, _, tid in _spans(seen, other)} <= {seen.pid, second}
    together = sum(max(0, min(end, until) - max(start, since)) for start, end, _ in a for since, until, _ in b)
    assert together > 0.3e9, "they are held at the same time"
    assert next(change.source for change in seen.changes if change.interpreter == one) == "exact"


@exact
@every_python
def test_handoffs_within_each_interpreter_equal_its_own_count(version: str) -> None:
    seen = _seen(version, _TURNS)
    (numbers,) = seen.said
    for number in numbers:
        account = seen.own_accounts[seen.pid, number]
        assert account.source == "exact"
        assert account.handoffs > 5
        assert account.contradictions == 0
        assert _agrees(account), account
        holders = [tid for _, _, tid, of in seen.own if of == number]
        assert all((one == NOBODY) != (other == NOBODY) for one, other in itertools.pairwise(holders))
    assert _agrees(seen.accounts[seen.pid]), "threads that visit other interpreters count in the main one as CPython counts them"


@exact
@every_python
def test_interpreters_that_come_and_go_are_told_apart(version: str) -> None:
    """Memory of the ended ones is used again: the same address is the GIL of one after another."""
    seen = _seen(version, _COMING_AND_GOING)
    ((tid, numbers),) = seen.said
    told = {number: [change.source for change in seen.changes if change.interpreter == number] for number in numbers}
    # Whoever watches may be kept from a core for as long as one of them lives.
    caught = [number for number in numbers if told[number]]
    assert len(caught) > len(numbers) / 2
    for number in caught:
        assert told[number] == ["exact", "absent"] or number == numbers[-1]
        assert {holder for _, _, holder in _spans(seen, number)} == {tid}
    firsts = [_spans(seen, number)[0][0] for number in caught]
    assert firsts == sorted(firsts), "one after another"
    assert {of for _, _, _, of in seen.own} == set(caught)


@exact
@pytest.mark.parametrize("lists", [True, False])
@pytest.mark.parametrize("version", ["3.13", "3.14", "3.15"])
def test_interpreters_that_nobody_looked_at_in_time_are_told_afterwards(version: str, lists: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when whoever watches was kept from a core for as long as they lived, or the whole process did."""
    truly = Interpreters.look

    def blindly(interpreters: Interpreters) -> dict[int, int] | None:
        truly(interpreters)  # Says when the process has ended.
        interpreters.numbers.clear()
        return {} if lists else None

    monkeypatch.setattr(gil_watching, "_TICK_S", 0.5)
    monkeypatch.setattr(Interpreters, "look", blindly)
    seen = _seen(version, _AT_ONCE)
    (ids,) = seen.said
    assert {of for _, _, _, of in seen.own} == {int(number) for number in ids}
    for number, tid in ids.items():
        assert [change.source for change in seen.changes if change.interpreter == int(number)] == ["exact", "absent"]
        assert sum(end - start for start, end, holder in _spans(seen, int(number)) if holder == tid) > 0.3e9


@exact
@every_python
def test_an_interpreter_that_shares_the_main_gil_has_none_of_its_own(version: str) -> None:
    seen = _seen(version, _SHARED)
    assert not seen.own
    assert {change.interpreter for change in seen.changes} == {0}
    assert _agrees(seen.accounts[seen.pid])


@every_python
def test_sampling_sees_the_same_holders(version: str) -> None:
    seen = _seen(version, _AT_ONCE, exact=False)
    (ids,) = seen.said
    for number, tid in ids.items():
        held = sum(end - start for start, end, holder in _spans(seen, int(number)) if holder == tid)
        assert held > 0.3e9
        assert next(change.source for change in seen.changes if change.interpreter == int(number)) == "sampled"


@exact
def test_a_pause_of_the_watchpoints_is_told_of_every_interpreter() -> None:
    seen = _seen("3.13", _TURNS, limits=GilLimits(traps_per_s=1, burst=1, start=4000, again=0, pause_s=0.02))
    (numbers,) = seen.said
    for number in (0, *numbers):
        assert {"exact", "sampled"} <= {change.source for change in seen.changes if change.interpreter == number}


@exact
@every_python
def test_interpreters_of_a_lone_thread_are_sampled_until_it_has_company(version: str) -> None:
    source = (
        _MANY
        + """
one = create()
spin = "import time; end = time.monotonic() + 0.2\\nwhile time.monotonic() < end: pass"
execute(one, spin)
begun = time.monotonic_ns()
thread = threading.Thread(target=execute, args=(one, spin))
thread.start()
time.sleep(0.1)
thread.join()
print(json.dumps([number(one), begun, thread.native_id]))
"""
    )
    seen = _seen(version, source, spare_lone=True)
    ((number, begun, tid),) = seen.said
    for interpreter_number in (0, number):
        changes = [change for change in seen.changes if change.interpreter == interpreter_number and change.source in ("sampled", "exact")]
        assert [change.source for change in changes] == ["sampled", "exact"]
        assert changes[0].why == LONE
        assert changes[0].t < begun < changes[1].t
    assert sum(end - start for start, end, holder in _spans(seen, number) if holder == tid) > 0.1e9


@exact
def test_other_gils_of_a_python_that_does_not_list_them_are_noted_and_not_mixed_in() -> None:
    source = """
import json, threading, time, _xxsubinterpreters as many
spin = "import time; end = time.monotonic() + 0.2\\nwhile time.monotonic() < end: pass"
thread = threading.Thread(target=many.run_string, args=(many.create(), spin))
thread.start()
time.sleep(0.1)
thread.join()
print(json.dumps(threading.get_native_id()))
"""
    seen = _seen("3.12", source)
    assert "cannot be told apart before CPython 3.13" in "".join(seen.notes)
    assert not seen.own
    assert seen.accounts[seen.pid].contradictions == 0
    assert UNKNOWN not in [tid for _, _, tid in seen.holds]
