"""One perf event: its attributes, and the system calls that open and steer it.

The layout is `struct perf_event_attr` of linux/perf_event.h in its version 5 (112 bytes), which Linux 4.1 and later take.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import platform
import struct
from dataclasses import dataclass
from pathlib import Path

from engine.probes.errors import ProbeUnavailable

_SYSCALL = {"x86_64": 298, "aarch64": 241, "riscv64": 241}
_ATTR = struct.Struct("<IIQQQQQIIQQQQIiQIHH")
_FIRST_ARGUMENT = {"x86_64": 5, "aarch64": 0, "riscv64": 10}
"""The register that a function finds its first argument in, by the number that perf has for it (asm/perf_regs.h)."""
_CLOEXEC_FLAG = 8

TYPE_SOFTWARE, TYPE_TRACEPOINT, TYPE_BREAKPOINT = 1, 2, 5
COUNT_SW_CONTEXT_SWITCHES, COUNT_SW_DUMMY = 3, 9
SAMPLE_IP, SAMPLE_TID, SAMPLE_TIME, SAMPLE_ADDR, SAMPLE_CPU, SAMPLE_RAW, SAMPLE_REGS_USER = 1, 2, 4, 8, 128, 1024, 4096
FORMAT_LOST = 16
BREAK_READ, BREAK_WRITE, BREAK_EXECUTE = 1, 2, 4

INHERIT, EXCLUDE_KERNEL, EXCLUDE_HV = 1 << 1, 1 << 5, 1 << 6
COMM, TASK, SAMPLE_ID_ALL, COMM_EXEC = 1 << 9, 1 << 13, 1 << 18, 1 << 24
USE_CLOCKID, CONTEXT_SWITCH, REMOVE_ON_EXEC = 1 << 25, 1 << 26, 1 << 36
_WATCHED = INHERIT | EXCLUDE_KERNEL | EXCLUDE_HV | SAMPLE_ID_ALL | USE_CLOCKID

_ENABLE, _DISABLE, _SET_OUTPUT = 0x2400, 0x2401, 0x2405
_PARANOID = Path("/proc/sys/kernel/perf_event_paranoid")


@dataclass(frozen=True, slots=True)
class Attr:
    """The attributes of an event. Its clock is CLOCK_MONOTONIC whenever `flags` has USE_CLOCKID."""

    type: int
    config: int = 0
    sample_period: int = 0
    sample_type: int = 0
    read_format: int = FORMAT_LOST
    flags: int = _WATCHED
    bp_type: int = 0
    bp_addr: int = 0
    bp_len: int = 0
    sample_regs_user: int = 0

    def pack(self) -> bytes:
        clock_monotonic = 1
        return _ATTR.pack(
            self.type,
            _ATTR.size,
            self.config,
            self.sample_period,
            self.sample_type,
            self.read_format,
            self.flags,
            0,  # wakeup_events: nobody polls
            self.bp_type,
            self.bp_addr,
            self.bp_len,
            0,  # branches: not sampled
            self.sample_regs_user,
            0,  # stack of the user: not sampled
            clock_monotonic if self.flags & USE_CLOCKID else 0,
            *(0, 0, 0, 0),
        )


def dummy(*, switches: bool) -> Attr:
    """Counts nothing; is there for its side records: births, exits, names, and with `switches` every switch in and out."""
    flags = _WATCHED | COMM | TASK | COMM_EXEC | (CONTEXT_SWITCH if switches else 0)
    return Attr(TYPE_SOFTWARE, COUNT_SW_DUMMY, sample_type=SAMPLE_TID | SAMPLE_TIME | SAMPLE_CPU, flags=flags)


def watchpoint(address: int, length: int, access: int, *, argument: bool = False) -> Attr:
    """A hardware breakpoint that leaves a record at each hit. `access`: BREAK_READ, BREAK_WRITE (may be joined) or BREAK_EXECUTE.

    Forked children inherit it. exec drops it from Linux 5.13 on; before, it stays at what means another thing then, or nothing.
    For BREAK_EXECUTE `length` must be the size of a long. With `argument` the record tells the first argument of the function that begins
    there.
    """
    wanted = SAMPLE_IP | SAMPLE_TID | SAMPLE_TIME | SAMPLE_ADDR | SAMPLE_CPU | (SAMPLE_REGS_USER if argument else 0)
    registers = 1 << _FIRST_ARGUMENT.get(platform.machine(), 0) if argument else 0
    flags = _WATCHED | REMOVE_ON_EXEC
    return Attr(TYPE_BREAKPOINT, 0, 1, wanted, FORMAT_LOST, flags, access, address, length, registers)


def leaving(registers: int) -> Attr:
    """A sample whenever a thread leaves its core, with those five of its user's registers whose bits are set."""
    wanted = SAMPLE_TID | SAMPLE_TIME | SAMPLE_REGS_USER
    flags = _WATCHED & ~EXCLUDE_KERNEL  # Leaving is done by the kernel.
    return Attr(TYPE_SOFTWARE, COUNT_SW_CONTEXT_SWITCHES, 1, wanted, flags=flags, sample_regs_user=registers)


def tracepoint(number: int) -> Attr:
    """A sample with its own bytes whenever a watched thread passes the tracepoint; `number` as tracefs tells it."""
    wanted = SAMPLE_IP | SAMPLE_TID | SAMPLE_TIME | SAMPLE_CPU | SAMPLE_RAW
    return Attr(TYPE_TRACEPOINT, number, 1, wanted, flags=_WATCHED & ~EXCLUDE_KERNEL)


_libc = ctypes.CDLL(None, use_errno=True)


def open_event(attr: bytes, pid: int, cpu: int) -> int:
    """perf_event_open: a file descriptor (closed on exec) for task `pid` while it is on `cpu`. Raises OSError as the kernel says it.

    `attr` is `Attr.pack()`. A kernel without FORMAT_LOST (before 6.0) or REMOVE_ON_EXEC (before 5.13) gets the event without them.
    """
    number = _SYSCALL.get(platform.machine())
    if number is None:
        raise OSError(errno.ENOSYS, f"perf_event_open is not known for {platform.machine()}")
    while True:
        fd = _libc.syscall(number, ctypes.c_char_p(attr), pid, cpu, -1, _CLOEXEC_FLAG)
        if fd >= 0:
            return int(fd)
        code = ctypes.get_errno()
        if code == errno.EINTR:
            continue
        older = _older(attr)
        if code != errno.EINVAL or older is None:
            raise OSError(code, os.strerror(code))
        attr = older


def counts_lost(attr: bytes) -> bool:
    return bool(int.from_bytes(attr[32:40], "little") & FORMAT_LOST)


def _older(attr: bytes) -> bytes | None:
    """These attributes without the newest feature that they ask for."""
    if counts_lost(attr):
        return attr[:32] + bytes(8) + attr[40:]
    flags = int.from_bytes(attr[40:48], "little")
    if flags & REMOVE_ON_EXEC:
        return attr[:40] + (flags & ~REMOVE_ON_EXEC).to_bytes(8, "little") + attr[48:]
    return None


def redirect(fd: int, ring_fd: int) -> None:
    """Lets the records of `fd` go to the ring of `ring_fd`, which must be of the same CPU and clock."""
    fcntl.ioctl(fd, _SET_OUTPUT, ring_fd)


def enable(fd: int) -> None:
    fcntl.ioctl(fd, _ENABLE, 0)


def disable(fd: int) -> None:
    """Stops the event and all its inherited copies; they cost nothing from then on."""
    fcntl.ioctl(fd, _DISABLE, 0)


def lost(fd: int) -> int:
    """How many records of this event found no room in the ring since it was opened; 0 where the kernel does not count them."""
    data = os.read(fd, 16)
    return int.from_bytes(data[8:16], "little") if len(data) == 16 else 0


def paranoid() -> int | None:
    """kernel.perf_event_paranoid; None where the kernel has no perf events."""
    try:
        return int(_PARANOID.read_text())
    except (OSError, ValueError):
        return None


def unavailable(error: OSError, what: str) -> ProbeUnavailable:
    """Why the kernel refused `what` ("the kernel's context switches"), and what a person can do about it."""
    level = paranoid()
    match error.errno:
        case errno.EACCES | errno.EPERM if level is not None and level > 2:
            return ProbeUnavailable(
                f"{what} cannot be observed: kernel.perf_event_paranoid is {level}, which forbids it to ordinary users",
                "allow it until the next boot with `sudo sysctl kernel.perf_event_paranoid=2`",
            )
        case errno.EACCES | errno.EPERM:
            return ProbeUnavailable(
                f"{what} cannot be observed: perf_event_open is forbidden here, as container runtimes do by default",
                "start the container with `--cap-add PERFMON`, or a seccomp profile that allows perf_event_open",
            )
        case errno.ENOSYS:
            return ProbeUnavailable(
                f"{what} cannot be observed: this kernel has no perf_event_open", "use Linux on x86-64 or ARM64 without a sandbox"
            )
        case errno.ESRCH:
            return ProbeUnavailable(f"{what} cannot be observed: the process has ended")
        case errno.EMFILE | errno.ENFILE:
            return ProbeUnavailable(
                f"{what} cannot be observed: no file descriptors are left (one is needed for every CPU)",
                "raise the limit with `ulimit -n 65536`",
            )
        case errno.ENOSPC:
            return ProbeUnavailable(f"{what} cannot be observed: the processor's breakpoint registers are taken", "end other debuggers")
        case _:
            return ProbeUnavailable(f"{what} cannot be observed: {error.strerror or error}")
