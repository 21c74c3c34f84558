"""What can be recorded on this machine, tried for real: each probe is opened on ourselves or on a child, and must see something.

marks        → always
kernel       → context switches from rings (exact), else schedstat (sampled), else marks and thread clocks (inferred)
gil          → a watchpoint (exact), else reading the memory of a child (sampled), else marks (inferred)
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Check:
    """One way to record. `source` is the one of `--sources` that it serves, `gives` how good it is; `mend` what would make it work."""

    source: str
    probe: str
    gives: str
    works: bool
    said: str
    mend: str = ""


class _NotHereError(Exception):
    def __init__(self, said: str, mend: str = "") -> None:
        super().__init__(said)
        self.said, self.mend = said, mend


def checks() -> list[Check]:
    """All of them, the best of each source first. Takes some tens of milliseconds and leaves nothing behind."""
    return [
        _tried("marks", "shared memory", "exact", _marks),
        _tried("kernel", "context switches", "exact", _switches),
        _tried("kernel", "schedstat", "sampled", _schedstat),
        _tried("gil", "watchpoint", "exact", _watchpoint),
        _tried("gil", "memory of a child", "sampled", _memory),
    ]


def best(found: list[Check]) -> dict[str, str]:
    """What each source will give here: `{"marks": "exact", "kernel": "sampled", …}`."""
    given = {"marks": "off", "kernel": "inferred", "gil": "inferred"}
    for check in reversed(found):
        if check.works:
            given[check.source] = check.gives
    return given


def _tried(source: str, probe: str, gives: str, trial: Callable[[], str]) -> Check:
    try:
        return Check(source, probe, gives, True, trial())
    except _NotHereError as error:
        return Check(source, probe, gives, False, error.said, error.mend)
    except Exception as error:
        # A probe may fail in ways that nobody has met: a doctor that fails with it helps nobody.
        return Check(source, probe, gives, False, f"failed: {type(error).__name__}: {error}")


def _marks() -> str:
    import mmap

    with tempfile.TemporaryFile() as file:
        file.truncate(mmap.PAGESIZE)
        with mmap.mmap(file.fileno(), mmap.PAGESIZE) as shared:
            shared[:8] = bytes(8)
    return f"files can be mapped in {tempfile.gettempdir()}"


def _switches() -> str:
    _linux_only()
    from engine.probes import ProbeUnavailable
    from engine.probes.perf import Rings

    try:
        with Rings(threading.get_native_id()) as rings:
            _yield_the_core()
            seen = rings.drain().records.switch.shape[1]
    except ProbeUnavailable as error:
        raise _NotHereError(error.reason, error.mend) from None
    if not seen:
        raise _NotHereError(
            "the kernel opens the event and tells no switches", "record outside of the sandbox; accounts tell the cores meanwhile"
        )
    return "perf_event_open tells every switch"


def _schedstat() -> str:
    _linux_only()
    path = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
    try:
        on_cpu = int(path.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        raise _NotHereError("/proc/PID/task/TID/schedstat cannot be read: the kernel was built without CONFIG_SCHED_INFO") from None
    if not on_cpu:
        raise _NotHereError("/proc/PID/task/TID/schedstat is all zeros: the kernel keeps no such account")
    return "/proc/PID/task/TID/schedstat tells each thread's time on a core"


def _watchpoint() -> str:
    _linux_only()
    from engine.probes import ProbeUnavailable
    from engine.probes.perf import Rings
    from engine.probes.perf_event import BREAK_WRITE, unavailable, watchpoint

    what = "the GIL"
    word = ctypes.c_uint32()
    me = threading.get_native_id()
    try:
        with Rings(me, switches=False) as rings:
            try:
                rings.attach(watchpoint(ctypes.addressof(word), 4, BREAK_WRITE).pack(), me)
            except OSError as error:
                raise unavailable(error, what) from None
            word.value = 1
            hits = len(rings.drain().records.samples)
    except ProbeUnavailable as error:
        raise _NotHereError(error.reason, error.mend) from None
    if not hits:
        raise _NotHereError(
            "the processor takes the breakpoint and never reports a hit: some virtual machines do not pass them on",
            "record on the machine's host, or on a virtual machine under KVM; samples tell the GIL meanwhile",
        )
    return "a hardware breakpoint tells every acquire and release"


def _memory() -> str:
    _linux_only()
    from engine.probes.memory import mappings, read

    child = subprocess.Popen([sys.executable, "-I", "-S", "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        place = next(mapping for mapping in mappings(child.pid) if "r" in mapping.permissions and not mapping.path.startswith("[v"))
        read(child.pid, place.start, 8)
    except PermissionError:
        raise _NotHereError(
            "process_vm_readv of a child is forbidden here, as container runtimes may do",
            "start the container with `--cap-add SYS_PTRACE`, or a seccomp profile that allows process_vm_readv",
        ) from None
    finally:
        child.communicate(b"\n")
    return "process_vm_readv reads a child's memory"


def _yield_the_core() -> None:
    """At least one switch of this thread: it blocks until another one has run."""
    turn = threading.Event()
    other = threading.Thread(target=turn.set)
    other.start()
    turn.wait()
    other.join()
    os.sched_yield()


def _linux_only() -> None:
    if sys.platform != "linux":
        raise _NotHereError(f"Linux only, and this is {sys.platform}")
