"""What this machine allows a recorder, setting by setting, and what to do for more: one line each.

    kernel.perf_event_paranoid   2 → context switches and watchpoints; what threads block in needs 1 or less, or root …
    shared memory                64 MB → the marks of about 800 threads …

Sources: proc(5), perf_event_open(2), capabilities(7), getrlimit(2). Only reads; nothing is tried here (see `engine.doctor`).
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from engine.leftovers import folder_home
from engine.probes.perf import online_cpus

_PROC, _RUN, _SHARED = Path("/proc"), Path("/run"), Path("/dev/shm")
_CAPABILITIES = {"SYS_PTRACE": 19, "SYS_ADMIN": 21, "PERFMON": 38}
_MOST_MARKS_BYTES = 1 << 21  # of one thread, with both its ring and its texts full
_RING_BYTES = 129 * 4096
_ROOM_BYTES = 256 << 20
_FILES = 4096


@dataclass(frozen=True, slots=True)
class Limit:
    """A setting: its `value` now, what it `means` for recordings, and what would `mend` it; "" where there is nothing to gain."""

    name: str
    value: str
    means: str
    mend: str = ""


def limits() -> list[Limit]:
    """All that there are to tell here, most important first."""
    if sys.platform != "linux":
        return [Limit("system", sys.platform, "only marks can be recorded", "record on Linux for switches and the GIL's holder")]
    told = (_paranoid(), _box(), _filter(), _ptrace(), _locked(), _files(), _room())
    return [limit for limit in told if limit is not None]


def _paranoid() -> Limit:
    name = "kernel.perf_event_paranoid"
    text = _read(_PROC / "sys/kernel/perf_event_paranoid").strip()
    if not text:
        return Limit(name, "missing", "this kernel has no perf events: time on cores is sampled, as is the GIL", _elsewhere())
    level, free = int(text), _may_look()
    if free:
        means = "switches, watchpoints, what threads block in and who wakes them: this process may look at the kernel whatever the level"
        return Limit(name, text, means)
    if level > 2:
        means = "forbids ordinary users everything: time on cores is sampled, and so is the GIL"
        return Limit(name, text, means, "`sudo sysctl kernel.perf_event_paranoid=1` (until the next boot)")
    if level == 2:
        means = "allows switches and watchpoints; what threads block in is looked at from outside only, and who wakes them is not told"
        return Limit(name, text, means, "`sudo sysctl kernel.perf_event_paranoid=1`, or record as root")
    return Limit(
        name, text, "allows switches, watchpoints and what threads block in; who wakes them is told to root only", "record as root"
    )


def _box() -> Limit | None:
    """What we are inside of, where that decides what may be recorded."""
    version = _read(_PROC / "version")
    name = _read(_RUN / "systemd/container").strip() or _container_of(_read(_PROC / "1/environ"))
    if "gVisor" in version or "Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016" in version:
        return Limit(
            "sandbox", "gVisor", "has a kernel of its own without perf events: only marks are exact", "run the container with runc"
        )
    if "microsoft" in version.lower() and "WSL2" not in version:
        return Limit(
            "sandbox", "WSL 1", "has no Linux kernel, so no perf events: only marks are exact", "`wsl --set-version DISTRIBUTION 2`"
        )
    if name.startswith("lxc"):
        means = "has the kernel of its host, whose kernel.perf_event_paranoid counts and can be changed only there"
        return Limit("container", "LXC", means, "" if _may_look() else "`sudo sysctl kernel.perf_event_paranoid=1` on the host")
    if name or Path("/.dockerenv").exists() or (_RUN / ".containerenv").exists():
        means = "its runtime decides which calls are allowed; its process ids are its own"
        return Limit("container", name or "docker", means, "" if _may_look() else "start it with `--cap-add PERFMON --cap-add SYS_PTRACE`")
    return None


def _filter() -> Limit | None:
    if _field(_read(_PROC / "self/status"), "Seccomp") != "2":
        return None
    means = "calls are filtered: perf_event_open and process_vm_readv may be refused, whoever we are"
    return Limit("seccomp", "a filter is on", means, "`--security-opt seccomp=unconfined`, or a profile that allows the two calls")


def _ptrace() -> Limit | None:
    scope = _read(_PROC / "sys/kernel/yama/ptrace_scope").strip()
    if scope in ("", "0", "1") or "SYS_PTRACE" in _capabilities():
        return None  # Whom we start ourselves we may always read.
    means = "forbids reading the memory of children: the GIL is neither found nor sampled"
    return Limit(
        "kernel.yama.ptrace_scope", scope, means, "`sudo sysctl kernel.yama.ptrace_scope=1`" if scope == "2" else "boot with it at 1"
    )


def _locked() -> Limit | None:
    """What an ordinary user may map for the kernel's records."""
    if os.geteuid() == 0 or "PERFMON" in _capabilities():
        return None
    each = int(_read(_PROC / "sys/kernel/perf_event_mlock_kb").strip() or 0) * 1024
    means = "records of busy programs may find no room, and are counted as lost"
    if each and each < _RING_BYTES:
        return Limit("kernel.perf_event_mlock_kb", f"{each // 1024} kB a core", means, "`sudo sysctl kernel.perf_event_mlock_kb=516`")
    return None


def _files() -> Limit | None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= _FILES:
        return None
    cores = len(online_cpus())
    means = f"each watched thread that was there before us takes {2 * cores} open files; programs of many processes may run out of them"
    return Limit("open files", str(soft), means, f"`ulimit -n {_FILES if hard < 0 else min(hard, _FILES)}`")


def _room() -> Limit | None:
    home = folder_home()
    if home != _SHARED:
        return Limit("shared memory", "none", "marks go to files on a disk, which may slow the program down", "mount a tmpfs at /dev/shm")
    stat = os.statvfs(home)
    free = stat.f_bavail * stat.f_frsize
    means = f"marks of {free // _MOST_MARKS_BYTES:,} busy threads at once; what finds no room is counted as lost"
    mend = "" if free >= _ROOM_BYTES else "`--shm-size 1g` for a container, or `mount -o remount,size=1g /dev/shm`"
    return Limit("shared memory", f"{free / 2**20:,.0f} MB free", means, mend)


def _may_look() -> bool:
    """Whether the level of perf_event_paranoid does not matter to us."""
    return bool(_capabilities() & {"PERFMON", "SYS_ADMIN"})


def _capabilities() -> set[str]:
    held = int(_field(_read(_PROC / "self/status"), "CapEff") or "0", 16)
    return {name for name, bit in _CAPABILITIES.items() if held >> bit & 1}


def _elsewhere() -> str:
    return "a kernel with CONFIG_PERF_EVENTS, as all distributions ship, outside of sandboxes"


def _container_of(environment: str) -> str:
    found = re.search(r"(?:^|\0)container=([^\0]*)", environment)
    return found[1] if found else ""


def _field(status: str, name: str) -> str:
    found = re.search(rf"^{name}:\s*(\S+)", status, re.MULTILINE)
    return found[1] if found else ""


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
