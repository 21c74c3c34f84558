"""Processes and threads as /proc tells them.

What has ended, or may not be looked at, is no error: it has no children, no threads, and None for everything else.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_FIELD = re.compile(r"^(\w+):[ \t]*(.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Status:
    """`state`: R running or ready, S asleep, D asleep in the kernel, T stopped, t traced, Z ended and not waited for, X gone.

    The switches are those of the one thread, since its birth: `voluntary` when it blocked, `involuntary` when it was preempted.
    `resident_bytes` and `threads` are of the whole process.
    """

    name: str
    state: str
    pid: int
    tid: int
    ppid: int
    threads: int
    resident_bytes: int
    voluntary: int
    involuntary: int

    @property
    def ended(self) -> bool:
        """Whether it has, be it waited for or not."""
        return self.state in "ZX"


def status(pid: int, tid: int | None = None) -> Status | None:
    """Of thread `tid`, or of the process's first."""
    text = _read(_PROC / str(pid) / "task" / str(tid or pid) / "status")
    if not text:
        return None
    found = dict(_FIELD.findall(text))
    return Status(
        name=found.get("Name", ""),
        state=found.get("State", "?")[:1],
        pid=int(found.get("Tgid", pid)),
        tid=int(found.get("Pid", tid or pid)),
        ppid=int(found.get("PPid", 0)),
        threads=int(found.get("Threads", 0)),
        resident_bytes=int(found.get("VmRSS", "0").split()[0]) * 1024,
        voluntary=int(found.get("voluntary_ctxt_switches", 0)),
        involuntary=int(found.get("nonvoluntary_ctxt_switches", 0)),
    )


def threads(pid: int) -> list[int]:
    """Thread ids, oldest first as the kernel lists them."""
    try:
        return [int(name) for name in os.listdir(f"/proc/{pid}/task")]  # noqa: PTH208 (asked many times a second)
    except (OSError, ValueError):
        return []


def children(pid: int) -> list[int]:
    """The processes whose parent is `pid` now, whichever of its threads made them."""
    found: list[int] = []
    for tid in threads(pid):
        text = _read(_PROC / str(pid) / "task" / str(tid) / "children")
        if text is None and tid == pid and threads(pid):
            return _by_parent().get(pid, [])
        found.extend(int(child) for child in (text or "").split())
    return found


def descendants(pid: int) -> list[int]:
    """Children, their children and so on, parents before children, without `pid` itself.

    A process whose parent has ended belongs to the nearest subreaper above it, or to process 1: who wants to find all of a run's
    processes makes itself a subreaper and asks for its own. What is forked meanwhile may be missing: ask again until nothing is new.
    """
    found: list[int] = []
    level = [pid]
    while level:
        level = [child for parent in level for child in children(parent) if child != pid and child not in found]
        found.extend(level)
    return found


def command_line(pid: int) -> tuple[str, ...] | None:
    """The arguments; () for a zombie or a kernel thread."""
    text = _read(_PROC / str(pid) / "cmdline")
    return None if text is None else tuple(text.split("\0")[:-1])


def namespace_ids(pid: int, tid: int | None = None) -> tuple[int, ...] | None:
    """The thread's id in every PID namespace that it is in: first ours, last its own, which is what it calls itself.

    One id, mostly; more when the process lives in a container that was made below us.
    """
    text = _read(_PROC / str(pid) / "task" / str(tid or pid) / "status")
    found = dict(_FIELD.findall(text or "")).get("NSpid")
    return None if found is None else tuple(int(each) for each in found.split())


def started_ticks(pid: int) -> int | None:
    """When the process began, in clock ticks since boot. With the pid it names a process for good: pids are used again."""
    text = _read(_PROC / str(pid) / "stat")
    return int(text.rpartition(")")[2].split()[19]) if text else None


def _by_parent() -> dict[int, list[int]]:
    """Children of everybody, the slow way, for kernels without CONFIG_PROC_CHILDREN."""
    found: dict[int, list[int]] = {}
    for pid in _pids():
        text = _read(_PROC / str(pid) / "stat")
        if text:
            found.setdefault(int(text.rpartition(")")[2].split()[1]), []).append(pid)
    return found


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in _PROC.iterdir() if entry.name.isdecimal())


def _read(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return None
