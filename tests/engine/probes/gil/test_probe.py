"""Who holds the GIL, seen of real programs on every interpreter there is."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

import pytest

from engine.probes.gil import GilLimits, check
from engine.probes.gil.events import NOBODY, UNKNOWN
from tests.support.gil_watching import CPU, WANTED, Seen, calibrated, forget_calibrations, interpreter, see, why_not_exact
from tests.support.nobody import as_nobody, python_for_all

_WITH_GIL = ("-X", "gil=1")
_UNLIMITED = GilLimits(traps_per_s=1e9, burst=1e9, start=1e9)
exact = pytest.mark.skipif(why_not_exact() is not None, reason=str(why_not_exact()))
every_python = pytest.mark.parametrize("version", WANTED)

_SLEEPER = """
import json, threading, time
stop = threading.Event()
def spin():
    while not stop.is_set():
        pass
threads = [threading.Thread(target=spin) for _ in range(2)]
for thread in threads: thread.start()
start = time.monotonic_ns()
time.sleep(0.3)
end = time.monotonic_ns()
stop.set()
for thread in threads: thread.join()
print(json.dumps([threading.main_thread().native_id, start, end]))
"""

_FORKING = """
import json, os, threading, time
def work():
    until = time.monotonic() + 0.2
    def spin():
        while time.monotonic() < until:
            pass
    threads = [threading.Thread(target=spin) for _ in range(3)]
    for thread in threads: thread.start()
    ids = [thread.native_id for thread in threads]
    for thread in threads: thread.join()
    print(json.dumps([os.getpid(), ids]), flush=True)
child = os.fork()
work()
if child:
    os.waitpid(child, 0)
"""

_SPAWNING = f"import subprocess, sys; subprocess.run([sys.executable, *sys.argv[1:], '-c', {CPU!r}], check=True)"

_WRITING = """
import json, os, threading
out = os.open(os.devnull, os.O_WRONLY)
def write():
    while True:
        os.write(out, b"x")
# One alone: two would hand the GIL on so often that a pause is told to be in place by that.
thread = threading.Thread(target=write, daemon=True)
thread.start()
print(json.dumps([thread.native_id]), flush=True)
os.read(0, 1)
os._exit(0)
"""

_PINGPONG = """
import json, os, threading
def turns(mine, yours):
    while True:
        mine.acquire()
        yours.release()
a, b = threading.Lock(), threading.Lock()
b.acquire()
threads = [threading.Thread(target=turns, args=pair, daemon=True) for pair in ((a, b), (b, a))]
for thread in threads: thread.start()
print(json.dumps([thread.native_id for thread in threads]), flush=True)
os.read(0, 1)
os._exit(0)
"""


@lru_cache
def _taking_turns(python: str) -> Seen:
    """Four threads that compute, watched from beginning to end."""
    calibrated(python)
    return see(python, CPU, options=_WITH_GIL, limits=_UNLIMITED)


def _takes(seen: Seen, pid: int) -> list[tuple[int, int]]:
    return [(t, tid) for t, of, tid in seen.holds if of == pid and tid > 0]


@exact
@every_python
def test_seen_handoffs_equal_the_interpreters_own_count_and_holders_never_overlap(version: str) -> None:
    seen = _taking_turns(interpreter(version))
    (ids,) = seen.said
    account = seen.accounts[seen.pid]
    assert account.source == "exact"
    assert account.handoffs > 5
    assert abs(account.seen - account.handoffs) <= max(2, 0.02 * account.handoffs)
    assert account.contradictions == 0
    assert seen.holders(seen.pid) == {seen.pid, *ids}
    holders = [tid for _, of, tid in seen.holds if of == seen.pid]
    assert UNKNOWN not in holders
    # Somebody else can only take it from nobody: no holder follows another without a free moment, however short.
    assert all((one == NOBODY) != (other == NOBODY) for one, other in itertools.pairwise(holders))
    assert not seen.notes


@exact
@every_python
def test_every_taking_is_preceded_by_an_asking_of_the_same_thread(version: str) -> None:
    seen = _taking_turns(interpreter(version))
    for tid in seen.holders(seen.pid):
        asks = [(t, "ask") for t, _, by in seen.asks if by == tid]
        takes = [(t, "take") for t, by in _takes(seen, seen.pid) if by == tid]
        turns = [what for _, what in sorted(asks + takes)]
        if turns[0] == "take":
            del turns[0]  # It asked before we looked.
        assert turns == ["ask", "take"] * (len(turns) // 2), "asking and taking do not go by turns"


@exact
@every_python
def test_a_sleeping_thread_does_not_hold_the_gil_until_it_wakes(version: str) -> None:
    python = interpreter(version)
    calibrated(python)
    seen = see(python, _SLEEPER, options=_WITH_GIL, limits=_UNLIMITED)
    ((sleeper, start, end),) = seen.said
    takes = [(t, tid) for t, tid in _takes(seen, seen.pid) if start < t < end]
    woken = [t for t, tid in takes if tid == sleeper]
    assert len(woken) == 1, "it takes the GIL when it wakes, and not before"
    assert any(t < woken[0] for t, _ in takes), "others hold it meanwhile"
    assert woken[0] - start > 0.3e9


@exact
@every_python
def test_a_forked_child_is_watched_as_its_parent_is(version: str) -> None:
    python = interpreter(version)
    calibrated(python)
    seen = see(python, _FORKING, options=(*_WITH_GIL, "-W", "ignore"), limits=_UNLIMITED)
    assert len(seen.said) == 2
    for pid, ids in seen.said:
        assert set(ids) <= seen.holders(pid) <= {pid, *ids}
        account = seen.accounts[pid]
        assert abs(account.seen - account.handoffs) <= max(2, 0.02 * account.handoffs)
        assert account.contradictions == 0
    assert {pid for pid, _ in seen.said} == {pid for _, pid, _ in seen.asks}


@exact
@every_python
def test_a_spawned_child_is_found_by_itself(version: str) -> None:
    python = interpreter(version)
    calibrated(python)
    seen = see(python, _SPAWNING, *_WITH_GIL, options=_WITH_GIL, limits=_UNLIMITED)
    (ids,) = seen.said
    (child,) = {pid for _, pid, _ in seen.holds} - {seen.pid}
    assert set(ids) <= seen.holders(child)
    account = seen.accounts[child]
    assert (account.source, account.contradictions) == ("exact", 0)
    assert abs(account.seen - account.handoffs) <= max(2, 0.02 * account.handoffs)


@exact
@every_python
def test_many_short_processes_leave_no_descriptor_open(version: str) -> None:
    python = interpreter(version)
    calibrated(python)
    source = """
import subprocess, sys
for _ in range(8):
    subprocess.run([sys.executable, "-I", *sys.argv[1:], "-c", "import json"], check=True)
print(0, flush=True)
sys.stdin.read()
"""
    open_ones: list[int] = []

    def only_the_first_is_left(seen: Seen) -> bool:
        open_ones.append(len(list(Path("/proc/self/fd").iterdir())))
        return len({change.pid for change in seen.changes}) > 4 and open_ones[-1] == open_ones[0]

    seen = see(python, source, *_WITH_GIL, options=_WITH_GIL, limits=_UNLIMITED, enough=only_the_first_is_left)
    watched = {change.pid for change in seen.changes if change.source == "exact"}
    assert seen.pid in watched
    assert len(watched) > 2, "others had watchpoints of their own"


@exact
def test_a_shell_in_between_hides_nothing() -> None:
    python = interpreter("3.11")
    calibrated(python)
    source = (
        f"import subprocess, sys; subprocess.run(['/bin/sh', '-c', 'true; \"$0\" -c \"$1\"; true', sys.executable, {CPU!r}], check=True)"
    )
    seen = see(python, source, limits=_UNLIMITED)
    (ids,) = seen.said
    child = next(pid for _, pid, tid in seen.holds if tid in ids)
    assert child != seen.pid
    assert set(ids) <= seen.holders(child)
    assert seen.accounts[child].source == "exact"


@exact
def test_who_does_not_follow_sees_forks_and_no_other_programs() -> None:
    python = interpreter("3.11")
    calibrated(python)
    spawned = see(python, _SPAWNING, limits=_UNLIMITED, follow=False)
    assert {pid for _, pid, _ in spawned.holds} == {spawned.pid}
    forked = see(python, _FORKING, limits=_UNLIMITED, follow=False)
    assert {pid for pid, _ in forked.said} <= {pid for _, pid, _ in forked.holds}


@exact
def test_the_check_agrees_with_what_can_be_had() -> None:
    assert check(interpreter("3.11")) is None
    assert check(interpreter("3.11"), exact=False) is None
    assert "is not a CPython" in str(check("/bin/sh"))


@every_python
def test_sampling_sees_the_same_threads(version: str) -> None:
    python = interpreter(version)
    calibrated(python, exact=False)
    seen = see(python, CPU, options=_WITH_GIL, exact=False)
    (ids,) = seen.said
    assert set(ids) <= seen.holders(seen.pid) <= {seen.pid, *ids}
    account = seen.accounts[seen.pid]
    assert account.source == "sampled"
    assert 0 < account.seen <= account.handoffs
    assert not seen.asks


@every_python
def test_sampling_follows_forked_and_spawned_children(version: str) -> None:
    python = interpreter(version)
    calibrated(python, exact=False)
    forked = see(python, _FORKING, options=(*_WITH_GIL, "-W", "ignore"), exact=False)
    for pid, ids in forked.said:
        assert forked.holders(pid)
        assert forked.holders(pid) <= {pid, *ids}
    spawned = see(python, _SPAWNING, *_WITH_GIL, options=_WITH_GIL, exact=False)
    (child,) = {pid for _, pid, _ in spawned.holds} - {spawned.pid}
    assert set(spawned.said[0]) <= spawned.holders(child)


@exact
@every_python
def test_too_many_records_are_given_up_for_samples_and_tried_again_later(version: str) -> None:
    python = interpreter(version)
    calibrated(python)

    def pauses(seen: Seen) -> list[tuple[int, int]]:
        changes = [change for change in seen.changes if change.source not in ("off", "absent")]
        return [
            (before.t, after.t) for before, after in itertools.pairwise(changes) if (before.source, after.source) == ("sampled", "exact")
        ]

    def sampled(seen: Seen) -> bool:
        # Whoever watches may be switched out for all of a pause, and take no sample in it.
        return any(begin < t < end for begin, end in pauses(seen) for t, _, _ in seen.holds)

    def relapsed(seen: Seen) -> bool:
        return [change.source for change in seen.changes].count("sampled") >= 2 and sampled(seen)

    seen = see(python, _WRITING, options=_WITH_GIL, limits=GilLimits(burst=100, start=2000, pause_s=0.05), enough=relapsed)
    changes = [change for change in seen.changes if change.source not in ("off", "absent")]
    assert [change.source for change in changes[:4]] == ["exact", "sampled", "exact", "sampled"]
    assert changes[1].why == "sampled, because more than 1000 records a second would slow it down"
    assert sampled(seen), "sampling tells holders while watching pauses"
    assert not any(begin < t < end for begin, end in pauses(seen) for t, _, _ in seen.asks), "nobody is stopped while watching pauses"
    assert set(seen.said[0]) <= seen.holders(seen.pid)


@exact
@every_python
def test_a_flood_of_handoffs_is_sampled_until_it_ends(version: str) -> None:
    """CPython's own count says that it goes on: nobody need be stopped to know."""
    python = interpreter(version)
    calibrated(python)
    limits = GilLimits(burst=100, start=2000, pause_s=0.2)

    def long(seen: Seen) -> bool:
        sampled = [change.t for change in seen.changes if change.source == "sampled"]
        return bool(sampled) and seen.watermark_ns > sampled[0] + 4 * limits.pause_s * 1e9

    seen = see(python, _PINGPONG, options=_WITH_GIL, limits=limits, enough=long)
    assert [change.source for change in seen.changes if change.source != "absent"] == ["exact", "sampled"]


@exact
@pytest.mark.parametrize(("others", "sources"), [(0, ["exact", "sampled"]), (1, ["exact"])])
def test_a_process_with_one_thread_is_allowed_less(others: int, sources: list[str]) -> None:
    python = interpreter("3.13")
    calibrated(python)
    source = f"""
import json, os, threading
for _ in range({others}): threading.Thread(target=threading.Event().wait, daemon=True).start()
out = os.open(os.devnull, os.O_WRONLY)
for _ in range(20_000): os.write(out, b"x")
print(json.dumps([]), flush=True)
os.read(0, 1)
os._exit(0)
"""
    limits = GilLimits(traps_per_s=1, burst=1e9, start=1e9, lone=6_000, pause_s=1e3)  # More than what it imports takes.

    def judged(seen: Seen) -> bool:
        return len(seen.holds) > 12_000 or any(change.source == "sampled" for change in seen.changes)

    seen = see(python, source, options=_WITH_GIL, limits=limits, enough=judged)
    assert [change.source for change in seen.changes if change.source not in ("off", "absent")] == sources


def test_an_interpreter_without_a_gil_has_no_holder_and_says_why() -> None:
    python = interpreter("3.13t")
    calibrated(python)
    seen = see(python, CPU, options=("-X", "gil=0"))
    assert [(change.source, change.why) for change in seen.changes] == [("absent", "this interpreter runs without a GIL")]
    assert not seen.holds


@exact
def test_a_gil_that_is_turned_on_later_is_watched_from_then_on() -> None:
    python = interpreter("3.13t")
    calibrated(python)
    seen = see(python, CPU, options=_WITH_GIL)
    assert seen.changes[-1].source == "exact"


@exact
def test_a_gil_that_a_module_turns_on_is_watched_from_then_on(tmp_path: Path) -> None:
    python = interpreter("3.13t")
    calibrated(python)
    _compile_one_that_wants_the_gil(python, tmp_path)
    source = f"""
import json, sys, threading, time
def spin():
    end = time.monotonic() + 0.3
    while time.monotonic() < end:
        pass
def both():
    threads = [threading.Thread(target=spin) for _ in range(2)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return [thread.native_id for thread in threads]
both()
begun = time.monotonic_ns()
sys.path.insert(0, {str(tmp_path)!r})
import wants_the_gil
print(json.dumps([sys._is_gil_enabled(), begun, both()]))
"""
    seen = see(python, source, options=("-W", "ignore"), limits=_UNLIMITED)
    ((enabled, begun, ids),) = seen.said
    assert enabled
    changes = [(change.source, change.t < begun) for change in seen.changes]
    # To import any module it is turned on for a moment, and off again.
    assert changes[0] == ("absent", True)
    assert changes[-1] == ("exact", False)
    assert set(ids) <= {tid for t, _, tid in seen.holds if t > begun}
    account = seen.accounts[seen.pid]
    assert account.handoffs > 5
    assert abs(account.seen - account.handoffs) <= max(2, 0.02 * account.handoffs)


def _compile_one_that_wants_the_gil(python: str, folder: Path) -> None:
    """An extension module that does not say that it needs no GIL."""
    compiler = shutil.which("cc")
    wanted = "import sysconfig; print(sysconfig.get_path('include')); print(sysconfig.get_config_var('EXT_SUFFIX'))"
    include, suffix = subprocess.run([python, "-c", wanted], capture_output=True, text=True, check=True).stdout.split()
    if compiler is None or not Path(include, "Python.h").exists():
        pytest.skip("needs a C compiler and the headers of a free-threaded CPython")
    code = folder / "wants_the_gil.c"
    code.write_text("""
#include <Python.h>
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "wants_the_gil"};
PyMODINIT_FUNC PyInit_wants_the_gil(void) { return PyModule_Create(&definition); }
""")
    target = folder / f"wants_the_gil{suffix}"
    subprocess.run([compiler, "-shared", "-fPIC", "-DPy_GIL_DISABLED=1", f"-I{include}", str(code), "-o", str(target)], check=True)


def test_a_program_that_is_no_python_is_off_with_the_reason() -> None:
    source = "import os; os.execv('/bin/sh', ['sh', '-c', 'sleep 0.3'])"
    python = interpreter("3.11")
    calibrated(python, exact=False)
    seen = see(python, source, exact=False)
    assert seen.changes[-1].source == "off"
    assert "is not a CPython interpreter" in seen.changes[-1].why
    assert seen.holds[-1][2] == UNKNOWN


@exact
@pytest.mark.parametrize("wanted", ["exact", "sampled"])
def test_an_ordinary_user_sees_the_same(wanted: str) -> None:
    """As root, this process becomes `nobody` in a fork; as anybody else, all other tests say it already."""
    python = python_for_all()
    see(python, CPU, exact=wanted == "exact")  # Loads what nobody may not be able to read.

    def sees() -> None:
        forget_calibrations()
        seen = see(python, CPU, exact=wanted == "exact", limits=_UNLIMITED)
        account = seen.accounts[seen.pid]
        assert account.source == wanted, (account, seen.notes)
        assert set(seen.said[0]) <= seen.holders(seen.pid)
        assert wanted == "sampled" or abs(account.seen - account.handoffs) <= max(2, 0.02 * account.handoffs)

    as_nobody(sees)
