"""System calls that a thread may be blocked in: what each waits for, and which of its arguments says on what.

Numbers are those of x86-64 (asm/unistd_64.h) and of AArch64 (asm-generic/unistd.h).
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import Literal

OTHER, GIL, LOCK, SLEEP, SOCKET, FILE, POLL, CHILD, STOPPED = range(9)
"""What a thread waits for, as numbered in `engine.timeline.evidence` (WAIT_…)."""

Operand = Literal["", "fd", "futex", "child", "id", "poll", "select"]
"""What its first arguments are: a file; a word in memory; a process as wait4 and as waitid take it; an array of files and its length;
a number of files and sets of them."""


@dataclass(frozen=True, slots=True)
class Call:
    """`what` holds where the operand does not know better: a file may be a socket."""

    name: str
    what: int
    operand: Operand = ""


_TABLE: tuple[tuple[int, Operand, dict[str, tuple[int | None, int | None]]], ...] = (
    (LOCK, "futex", {"futex": (202, 98), "futex_wait": (455, 455)}),
    (LOCK, "", {"futex_waitv": (449, 449), "semop": (65, 193), "semtimedop": (220, 192)}),
    (SLEEP, "", {"nanosleep": (35, 101), "clock_nanosleep": (230, 115)}),
    (
        FILE,
        "fd",
        {
            "read": (0, 63),
            "write": (1, 64),
            "pread64": (17, 67),
            "pwrite64": (18, 68),
            "readv": (19, 65),
            "writev": (20, 66),
            "preadv": (295, 69),
            "pwritev": (296, 70),
            "preadv2": (327, 286),
            "pwritev2": (328, 287),
            "ioctl": (16, 29),
            "fcntl": (72, 25),
            "flock": (73, 32),
            "fsync": (74, 82),
            "fdatasync": (75, 83),
            "ftruncate": (77, 46),
            "fallocate": (285, 47),
            "sync_file_range": (277, 84),
            "getdents64": (217, 61),
            "sendfile": (40, 71),
            "splice": (275, 76),
            "tee": (276, 77),
            "copy_file_range": (326, 285),
            "close": (3, 57),
        },
    ),
    (FILE, "", {"open": (2, None), "openat": (257, 56), "openat2": (437, 437), "msync": (26, 227), "sync": (162, 81)}),
    (
        SOCKET,
        "fd",
        {
            "connect": (42, 203),
            "accept": (43, 202),
            "accept4": (288, 242),
            "sendto": (44, 206),
            "recvfrom": (45, 207),
            "sendmsg": (46, 211),
            "recvmsg": (47, 212),
            "sendmmsg": (307, 269),
            "recvmmsg": (299, 243),
            "shutdown": (48, 210),
        },
    ),
    (POLL, "poll", {"poll": (7, None), "ppoll": (271, 73)}),
    (POLL, "select", {"select": (23, None), "pselect6": (270, 72)}),
    (POLL, "", {"epoll_wait": (232, None), "epoll_pwait": (281, 22), "epoll_pwait2": (441, 441), "io_uring_enter": (426, 426)}),
    (CHILD, "child", {"wait4": (61, 260)}),
    (CHILD, "id", {"waitid": (247, 95)}),
    # Who makes a process with vfork waits until it has become another program.
    (CHILD, "", {"vfork": (58, None), "clone": (56, 220), "clone3": (435, 435)}),
)

CALLS: dict[int, Call] = {
    number: Call(name, what, operand)
    for what, operand, names in _TABLE
    for name, numbers in names.items()
    if (number := dict(zip(("x86_64", "aarch64"), numbers, strict=True)).get(platform.machine())) is not None
}
"""Those of this machine; a call that is not here is OTHER."""
