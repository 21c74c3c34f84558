"""Learns where a Python binary keeps its GIL, by running that binary for a moment and watching it.

    we                                   a child of that binary (-I -S, no site, no files of the user)
    ──                                   ────────────────────────────────────────────────────────────
    search its writable data for 4321    sets the switch interval to 4321 µs, tells its thread id, waits
    the same field must now be 1234      sets it to 1234 µs, waits
    its tid must be in that state, too   a second thread holds the GIL last, waits
    watch the stores to `locked`         takes and drops the GIL in every way it knows, forks
    does take_gil precede each take?     once more
    does a signal follow each of them?   once more

Nothing of the sort is needed in the measured process, and nothing there is altered.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.probes.elf import ElfError, elf, names
from engine.probes.errors import ProbeUnavailable
from engine.probes.gil.interpreters import learn_listing
from engine.probes.gil.roles import learn_roles
from engine.probes.gil.signals import learn_signals
from engine.probes.gil.structs import LAST_HOLDER, LOCKED, GilStruct
from engine.probes.memory import mappings, read

_PATIENCE_S = 10.0
_POLL_S = 0.0005
_TSTATE_BYTES = 1024
_FIRST_US, _SECOND_US = 4321, 1234

_SCRIPT = f"""
import sys, posix, _thread, time
def tell(*words):
    posix.write(1, (" ".join(map(str, words)) + "\\n").encode())
def wait():
    if not posix.read(0, 1):
        posix._exit(0)
def other():
    tell(_thread.get_native_id())
    wait()
    done.release()
def turn(mine, yours, n):
    for _ in range(n):
        mine.acquire()
        yours.release()
def busy(done):
    end = time.perf_counter() + 0.02
    while time.perf_counter() < end:
        pass
    done.release()
def locked():
    lock = _thread.allocate_lock()
    lock.acquire()
    return lock
def exercise():
    a, b, done = _thread.allocate_lock(), locked(), locked()
    _thread.start_new_thread(lambda: (turn(b, a, 20), done.release()), ())
    turn(a, b, 20)
    done.acquire()
    ends = [locked(), locked()]
    for end in ends:
        _thread.start_new_thread(busy, (end,))
    for end in ends:
        end.acquire()
    time.sleep(0.001)
    lock = locked()
    lock.acquire(True, 0.001)
    r, w = posix.pipe()
    for _ in range(5):
        posix.write(w, b"x")
        posix.read(r, 1)
    child = posix.fork()
    if not child:
        time.sleep(0.0001)
        posix._exit(0)
    posix.waitpid(child, 0)
sys.setswitchinterval({_FIRST_US}e-6)
tell(_thread.get_native_id(), int(hasattr(sys, "_is_gil_enabled") and "t" in getattr(sys, "abiflags", "")), sys.version.split()[0])
wait()
sys.setswitchinterval({_SECOND_US}e-6)
tell("set")
wait()
done = locked()
_thread.start_new_thread(other, ())
done.acquire()
sys.setswitchinterval(0.001)
while True:
    tell("ready")
    wait()
    exercise()
"""


def calibrate(executable: str, *, watch: bool = True) -> GilStruct:
    """Runs `executable` for about a tenth of a second and learns its `GilStruct`; with `watch` also who takes and drops the GIL where.

    Raises ProbeUnavailable when it is not a CPython 3.11 or later of this machine's kind; nothing else is ever run.
    A kernel that refuses watchpoints costs only the instructions: `acquires` stays empty.
    """
    real = os.path.realpath(executable)
    if "python" not in Path(real).name or not (names(real, "Py_BytesMain") or names(real, "Py_Main")):
        raise ProbeUnavailable(f"{executable} is not a CPython interpreter, so it has no GIL to watch")
    with _child(real) as child:
        try:
            return _learnt(child, real, watch)
        except (OSError, ElfError, ValueError) as error:
            raise ProbeUnavailable(f"the GIL of {executable} could not be found: {error}") from None


class _Child:
    """The process that runs `_SCRIPT`: hears one line at a time, says go on."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.pid = process.pid
        self._in, self._out = process.stdin, process.stdout

    def next(self) -> list[str]:
        """Lets it go on to its next line."""
        self._in.write(b".")
        self._in.flush()
        return self.hear()

    def rest(self) -> None:
        """Lets it go on until it waits again, its GIL free and no other thread left: whoever watches from then on misses nothing."""
        self.next()
        task = Path(f"/proc/{self.pid}/task")
        while (state := _state(self.pid)) != "S" or len(list(task.iterdir())) > 1:
            if state in "ZX":
                raise ValueError("it ended while it was being looked at")
            time.sleep(_POLL_S)

    def hear(self) -> list[str]:
        line = self._out.readline().decode(errors="replace").split()
        if not line:
            raise ValueError("it ended or fell silent while it was being looked at")
        return line


@contextlib.contextmanager
def _child(executable: str) -> Iterator[_Child]:
    try:
        # A free-threaded build gets its GIL, so that there is one to be found; other builds ignore the option.
        process = subprocess.Popen(
            [executable, "-I", "-S", "-X", "gil=1", "-W", "ignore", "-c", _SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if name.startswith(("LD_", "PATH", "LANG"))},
            start_new_session=True,
        )
    except OSError as error:
        raise ProbeUnavailable(f"{executable} cannot be started: {error.strerror}") from None
    alarm = threading.Timer(_PATIENCE_S, process.kill)
    alarm.start()
    try:
        yield _Child(process)
    finally:
        alarm.cancel()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def _learnt(child: _Child, executable: str, watch: bool) -> GilStruct:
    tid, free_threaded, version = child.hear()
    numbers = tuple(int(part) for part in version.split(".")[:2])
    if numbers < (3, 11):
        raise ValueError(f"it is CPython {version}, and 3.11 is the oldest that is supported")
    hits = _hits(child.pid, _FIRST_US)
    child.next()
    hits = [hit for hit in hits if _u64(child.pid, hit[1]) == _SECOND_US]
    states = [(module, address, _holder_offsets(child.pid, address, int(tid))) for module, address in hits]
    states = [state for state in states if state[2]]
    if len(states) != 1:
        raise ValueError(f"{len(states)} places look like it")
    module, address, offsets = states[0]
    (other,) = child.next()
    _settled(child.pid, address)
    offsets &= _holder_offsets(child.pid, address, int(other))
    if len(offsets) != 1:
        raise ValueError(f"{len(offsets)} fields of a thread state look like its thread's id")
    bias = elf(module).bias(mappings(child.pid))
    if bias is None:
        raise ValueError(f"{module} is no longer mapped")
    known = GilStruct(executable, module, version, address - bias, offsets.pop(), free_threaded == "1")
    known = replace(known, listing=learn_listing(child.pid, known, bias))
    if not watch:
        return known
    child.rest()
    known = learn_roles(child.pid, known, bias, child.rest)
    # Before, there is only the main GIL, and a watchpoint on it needs no function of another module.
    return learn_signals(child.pid, known, bias, child.rest) if numbers >= (3, 12) else known


def _hits(pid: int, microseconds: int) -> list[tuple[str, int]]:
    """(module, address) of every word of CPython's writable data that holds the switch interval and is followed by a pointer and a lock."""
    hits: list[tuple[str, int]] = []
    mapped = mappings(pid)
    for path in sorted({mapping.path for mapping in mapped if names(mapping.path, "_PyRuntime")}):
        module = elf(path)
        bias = module.bias(mapped)
        if bias is None:
            continue
        for load in module.loads:
            if not load.writable:
                continue
            start, end = -(-(bias + load.address) // 8) * 8, bias + load.address + load.memory_size
            words = np.frombuffer(read(pid, start, (end - start) // 8 * 8), "<u8")
            interval = words[:-2] == microseconds
            plausible = interval & (words[1:-1] != 0) & (words[1:-1] % 8 == 0) & (words[2:] & 0xFFFFFFFF <= 1)
            hits.extend((path, start + 8 * int(at)) for at in np.flatnonzero(plausible))
    return hits


def _holder_offsets(pid: int, address: int, tid: int) -> set[int]:
    """At which offsets the thread state of the last holder has `tid`. None when it is no readable thread state."""
    try:
        state = np.frombuffer(read(pid, _u64(pid, address + LAST_HOLDER), _TSTATE_BYTES), "<u8")
    except OSError:
        return set()
    return {8 * int(at) for at in np.flatnonzero(state == tid)}


def _state(pid: int) -> str:
    """The kernel's letter: S sleeps, R runs, Z has ended."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]


def _settled(pid: int, address: int) -> None:
    """Returns once the GIL is free: its last holder has told its line and then blocked."""
    while _u64(pid, address + LOCKED) & 0xFFFFFFFF:
        time.sleep(_POLL_S)


def _u64(pid: int, address: int) -> int:
    return int.from_bytes(read(pid, address, 8), "little")
