"""What the machine is, and how much of it others took: without these a measured time means nothing.

    host()                          what it is now: cores we may use, system, kernel, processor, load, memory
    before = cpu_times(); …; cpu_times().steal_ratio(before)

Sources: `/proc/cpuinfo`, `/proc/stat`, `/proc/meminfo` (proc(5)); a figure that a system does not tell is None, never 0.
"""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PROC = Path("/proc")
_DMI = Path("/sys/class/dmi/id")
_VIRTUAL = ("kvm", "qemu", "vmware", "virtualbox", "xen", "microsoft corporation", "firecracker", "amazon ec2", "google compute", "bochs")


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """Sums over all cores since the machine started, in ticks of the kernel: `total` of everything, `steal` of it taken by the host."""

    total: int
    steal: int

    def steal_ratio(self, before: CpuTimes) -> float | None:
        """The share of all cores' time between the two moments that the machine underneath took away; None if no time has passed."""
        passed = self.total - before.total
        return round(max(0, self.steal - before.steal) / passed, 4) if passed > 0 else None


def host() -> dict[str, Any]:
    """The machine as a JSON object; its keys are those of the body.

    `load` is the averages of 1, 5 and 15 minutes. `steal_ratio` is that since the machine started; that of a run comes from two
    `cpu_times`.
    """
    times = cpu_times()
    return {
        "cores": cores(),
        "logical_cores": os.cpu_count(),
        "platform": _platform(),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "cpu_model": _cpu_model(),
        "memory_bytes": _memory_bytes(),
        "load": _load(),
        "virtualization": _virtualization(),
        "steal_ratio": times.steal_ratio(CpuTimes(0, 0)) if times else None,
    }


def cores() -> int:
    """How many cores this process may run on: its affinity, not what the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_times() -> CpuTimes | None:
    """Now. None where there is no `/proc/stat`."""
    first, _, _ = _read(_PROC / "stat").partition("\n")
    words = first.split()
    if len(words) < 9 or words[0] != "cpu":
        return None
    # user nice system idle iowait irq softirq steal; guest time is within user and nice already.
    ticks = [int(word) for word in words[1:9]]
    return CpuTimes(total=sum(ticks), steal=ticks[7])


def _platform() -> str:
    try:
        name = platform.freedesktop_os_release().get("PRETTY_NAME")
    except OSError:
        name = None
    return name or platform.platform(terse=True)


def _cpu_model() -> str | None:
    for line in _read(_PROC / "cpuinfo").splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("model name", "Model", "cpu model"):
            return " ".join(value.split())
    return platform.processor() or None


def _memory_bytes() -> int | None:
    for line in _read(_PROC / "meminfo").splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    return None


def _load() -> list[float] | None:
    try:
        return [round(value, 2) for value in os.getloadavg()]
    except OSError:
        return None


def _virtualization() -> str | None:
    """What the machine says of being virtual, e.g. `container on kvm`; None if nothing says so."""
    container = Path("/.dockerenv").exists() or "container=" in _read(_PROC / "1" / "environ")
    said = " ".join(_read(_DMI / name).strip() for name in ("sys_vendor", "product_name")).lower()
    machine = next((name for name in _VIRTUAL if name in said), None)
    if machine is None and " hypervisor" in _read(_PROC / "cpuinfo"):
        machine = "virtual machine"
    return " on ".join(filter(None, ("container" if container else None, machine))) or None


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
