"""What each thing that the recorder does inside the measured program costs on this machine: measured once an interpreter, then remembered.

    mark      a word into the ring                          its thread's time, less that of calling a function that does nothing
    step      all that is marked of one step of a task      a loop that is marked, less a stock one
    start     what runs in an interpreter before its program    an interpreter with marks that does nothing, less one without
    trap      a hit of a hardware watchpoint                writing to a watched word, less writing to one that is not
    switch    the kernel's record of a thread that comes or goes    short sleeps that are recorded, less such that are not
    call      its record of what a thread goes to wait in     the same with these records, less without
    waking    its record of who wakes whom                    writing to a pipe that is read, with these records, less without

Each is the median of several differences, taken in turns.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import os
import platform
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.probes import ProbeError, ProbeUnavailable
from engine.probes.call_sites import CallSites
from engine.probes.perf import Rings
from engine.probes.perf_event import BREAK_WRITE, watchpoint
from engine.probes.switch_calls import SwitchCalls
from engine.probes.targets import Targets
from engine.probes.wakes import WakeTrace

_AGENT = Path(__file__).resolve().parents[1] / "agent"
_PATIENCE_S = 20
_ROUNDS, _STARTS, _WRITES, _SLEEPS = 7, 3, 100, 100
_FEW_PAGES = 16
_IN_THE_INTERPRETER = """
import asyncio, itertools, json, statistics
from time import thread_time_ns
from _gilscope import codes, marks
from _gilscope.instruments import loops
mine, number = marks.of_this_thread(), 2000
def room(): mine.words[codes.H_TAIL] = 1 << 60
def nothing(word): pass
def timed(call):
    room()
    begun = thread_time_ns()
    for _ in itertools.repeat(None, number): call(codes.TICK)
    return (thread_time_ns() - begun) / number
async def task():
    for _ in range(number // 4): await asyncio.sleep(0)
async def steps():
    begun = thread_time_ns()
    async with asyncio.TaskGroup() as group:
        for _ in range(4): group.create_task(task())
    return (thread_time_ns() - begun) / number
places = [(asyncio.base_events.BaseEventLoop, "call_soon"), (asyncio.base_events.BaseEventLoop, "create_task")]
places += [(asyncio.events, "_set_running_loop")]
stock = [getattr(*place) for place in places]
loops.of_asyncio(asyncio)
marked = [getattr(*place) for place in places]
def looped(functions):
    for place, function in zip(places, functions): setattr(*place, function)
    room()
    with asyncio.Runner() as runner: return runner.run(steps())
def median(differences): return statistics.median(list(differences)[1:])
mark = median(timed(mine.mark) - timed(nothing) for _ in range(6))
print(json.dumps([mark, median(looped(marked) - looped(stock) for _ in range(6))]))
"""


@dataclass(frozen=True, slots=True)
class UnitCosts:
    """Nanoseconds of the measured program's time, each None where it could not be measured."""

    mark: float | None = None
    step: float | None = None
    start: float | None = None
    trap: float | None = None
    switch: float | None = None
    call: float | None = None
    waking: float | None = None


def unit_costs(executable: str, cache: Path | None) -> UnitCosts:
    """Of that interpreter here. Takes half a second the first time; `cache` is a folder that is made when there is something to keep."""
    stamps = _stamps(executable)
    path = None if cache is None else cache / f"costs-{hashlib.sha256(executable.encode()).hexdigest()[:16]}.json"
    known = _recalled(path, stamps)
    if known is None:
        known = _measured(executable)
        if path is not None and known.mark is not None:
            _keep(path, {"stamps": stamps, "ns": asdict(known)})
    return known


def _measured(executable: str) -> UnitCosts:
    inside: list[float | None] = [None, None]
    start = None
    with contextlib.suppress(OSError, ValueError, subprocess.SubprocessError):
        _compile(executable)
        with tempfile.TemporaryDirectory(prefix="gilscope-costs-") as folder:
            inside = json.loads(_run(executable, _IN_THE_INTERPRETER, folder))
        start = _start(executable)
    return UnitCosts(
        *(None if value is None else max(0.0, float(value)) for value in (*inside, start, *map(_apart, (_trap, _switch, _call, _waking))))
    )


def _compile(executable: str) -> None:
    """As an installer does. Else each interpreter would compile us anew in a folder or an environment that keeps no bytecode."""
    subprocess.run(
        [executable, "-I", "-m", "compileall", "-q", str(_AGENT)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=_PATIENCE_S,
        check=False,  # What may not be written is done without.
    )


def _run(executable: str, source: str, marks: str | None) -> bytes:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GILSCOPE")}
    if marks is not None:
        environment.update(GILSCOPE_MARKS=marks, PYTHONPATH=str(_AGENT))
    return subprocess.run(
        [executable, "-c", source], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=_PATIENCE_S, check=True
    ).stdout


def _start(executable: str) -> float:
    """By the interpreter's own account of its processor time."""
    source = "import time; print(time.process_time_ns())"
    differences = []
    for _ in range(_STARTS):
        with tempfile.TemporaryDirectory(prefix="gilscope-costs-") as folder:
            differences.append(int(_run(executable, source, folder)) - int(_run(executable, source, None)))
    return statistics.median(differences)


def _trap() -> float:
    """Raises ProbeUnavailable or OSError where there are no watchpoints."""
    watched, plain = ctypes.c_uint32(), ctypes.c_uint32()
    me = threading.get_native_id()
    with Rings(me, switches=False, pages=_FEW_PAGES) as rings:
        rings.attach(watchpoint(ctypes.addressof(watched), 4, BREAK_WRITE).pack(), me)
        if not _writes(watched) or not len(rings.drain().records.samples):
            raise ProbeUnavailable("no hit of a watchpoint is told here")
        differences = []
        for _ in range(_ROUNDS):
            differences.append(_writes(watched) - _writes(plain))
            rings.drain()
    return statistics.median(differences)


def _writes(word: ctypes.c_uint32) -> float:
    begun = time.thread_time_ns()
    for number in range(_WRITES):
        word.value = number
    return (time.thread_time_ns() - begun) / _WRITES


def _switch() -> float:
    """Raises ProbeUnavailable where there are no records."""
    differences = []
    for _ in range(_ROUNDS):
        with Rings(threading.get_native_id(), pages=_FEW_PAGES):
            recorded = _sleeps()
        differences.append((recorded - _sleeps()) / 2)
    return statistics.median(differences)


def _call() -> float:
    """Raises ProbeUnavailable where they are not to be had."""
    return _more(lambda rings, tid: SwitchCalls(rings, tid, CallSites(), Targets(lambda _: ())), _sleeps)


def _waking() -> float:
    """Raises ProbeUnavailable where they are not to be had."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as reader:
        assert reader.stdin is not None
        to = reader.stdin.fileno()
        return _more(WakeTrace, lambda: _sleeps(lambda: os.write(to, b"x")))


def _more(attach: Callable[[Rings, int], object], act: Callable[[], float]) -> float:
    """What `act` takes more when something is attached to the rings that record its switches."""
    me = threading.get_native_id()
    differences = []
    for _ in range(_ROUNDS):
        with Rings(me, pages=_FEW_PAGES):
            without = act()
        with Rings(me, pages=_FEW_PAGES) as rings:
            attach(rings, me)
            differences.append(act() - without)
    return statistics.median(differences)


def _sleeps(act: Callable[[], object] = lambda: None) -> float:
    """A short sleep takes so long in which the thread is on a core, with what it does before."""
    begun = time.thread_time_ns()
    for _ in range(_SLEEPS):
        act()
        time.sleep(0.00002)
    return (time.thread_time_ns() - begun) / _SLEEPS


def _apart(measure: Callable[[], float]) -> float | None:
    """In a thread of its own, whose events nobody inherits; None if it cannot be measured here."""
    found: list[float] = []

    def attempt() -> None:
        with contextlib.suppress(ProbeError, OSError):
            found.append(measure())

    thread = threading.Thread(target=attempt, name="unit-costs")
    thread.start()
    thread.join()
    return found[0] if found else None


def _recalled(path: Path | None, stamps: dict[str, Any]) -> UnitCosts | None:
    try:
        record = {} if path is None else json.loads(path.read_text())
        return UnitCosts(**record["ns"]) if record["stamps"] == stamps else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(path: Path, record: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f"{path.name}.{os.getpid()}")
        new.write_text(json.dumps(record))
        new.replace(path)


def _stamps(executable: str) -> dict[str, Any]:
    """What the costs depend on: the interpreter, what is ours in it, and the kernel."""
    ours = hashlib.sha256()
    for path in sorted(_AGENT.rglob("*.py")):
        ours.update(f"{path.name} {path.stat().st_mtime_ns} {path.stat().st_size}".encode())
    try:
        stat = Path(executable).stat()
        interpreter = [stat.st_mtime_ns, stat.st_size]
    except OSError:
        interpreter = []
    return {"interpreter": interpreter, "agent": ours.hexdigest()[:16], "kernel": platform.release(), "machine": platform.machine()}
