"""Which system call an instruction makes, read from the code before it: registers at a switch do not tell the number on x86-64.

    b8 ca 00 00 00   mov $202, %eax            41 b8 ca 00 00 00   mov $202, %r8d
    0f 05            syscall                   …
    ▲ the processor stands after it            44 89 c0 0f 05      mov %r8d, %eax; syscall

A site that takes its number as an argument (the C library's `syscall`, and the one that newer ones share among calls that can be
cancelled) tells none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.probes import memory

_SYSCALL = b"\x0f\x05"
_CLOSE, _NEAR, _FAR = 16, 48, 512
_MOST = 600
_EAX = 0


class CallSites:
    """What sites of the processes of one run call, each found out once."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[int, int], int | None] = {}
        self._learnt: dict[tuple[int, int], int] = {}
        self._open: set[tuple[int, int]] = set()

    @property
    def opaque(self) -> bool:
        """Whether calls were met that tell no number: then looks must tell what these wait for."""
        return bool(self._open)

    def number(self, pid: int, pc: int) -> int | None:
        """The call of the instruction before `pc`; None where it is none, or any."""
        key = (pid, pc)
        if key not in self._numbers:
            code = _code(pid, pc)
            if code is None:
                # It has ended: what was forked has its parent's addresses.
                others = (number for (_, other), number in self._numbers.items() if other == pc)
                return self._learnt.get(key) or next(others, None)
            self._numbers[key] = decoded(code)
            if takes_any(code):
                self._open.add(key)
        found = self._numbers[key]
        return self._learnt.get(key) if found is None and key not in self._open else found

    def learn(self, pid: int, pc: int, number: int) -> None:
        """A thread was seen in this call there."""
        self._learnt[pid, pc] = number

    def forget(self, pid: int) -> None:
        """The process has become another program."""
        for table in (self._numbers, self._learnt):
            for key in [key for key in table if key[0] == pid]:
                del table[key]


def decoded(code: bytes) -> int | None:
    """The number that these instructions, the last of them `syscall`, call by; None where that cannot be told."""
    if not code.endswith(_SYSCALL):
        return None
    before = code[: -len(_SYSCALL)]
    moves = list(_moves(before[-_NEAR:]))
    at, register, number = max(moves, default=(-1, _EAX, None))
    if at >= 0 and register == _EAX and number is not None:
        return number
    if at < 0 or number is not None:
        return None
    loads = [(at, value) for at, target, value in _loads(before) if target == register]
    return max(loads)[1] if loads else None


def takes_any(code: bytes) -> bool:
    """Whether the number is copied whole from where an argument is passed: `mov %rdi, %rax` and the like."""
    return re.search(rb"\x48\x89[\xf0\xf8\xd0\xc8]", code[-_NEAR:]) is not None


def _moves(code: bytes) -> Iterator[tuple[int, int, int | None]]:
    """What sets %eax: (where, 0, constant), or (where, register, None) if it is copied from that register."""
    for at, register, value in _loads(code):
        if register == _EAX:
            yield at, _EAX, value
    for match in re.finditer(rb"\x31\xc0", code):
        yield match.start(), _EAX, 0
    for match in re.finditer(rb"(?<![\x48\x49\x4c])(?:\x44|(?<!\x44))\x89[\xc0\xc8\xd0\xd8\xe0\xe8\xf0\xf8]", code[-_CLOSE:]):
        copy = match[0]
        yield len(code[:-_CLOSE]) + match.start(), (copy[-1] >> 3 & 7) + 8 * (len(copy) - 2), None


def _loads(code: bytes) -> Iterator[tuple[int, int, int]]:
    """`mov $constant, %register`, for constants that are numbers of calls: (where, register, constant)."""
    for match in re.finditer(rb"(?=(\x41?)([\xb8-\xbf])(..\x00\x00))", code, re.DOTALL):
        value = int.from_bytes(match[3], "little")
        extended = 8 * len(match[1])
        preceded = code[match.start() - 1 : match.start()] == b"\x41"
        if value < _MOST and not (preceded and not extended):
            yield match.start(), match[2][0] - 0xB8 + extended, value


def _code(pid: int, pc: int) -> bytes | None:
    for size in (_FAR, _NEAR):
        try:
            return memory.read(pid, pc - size, size)
        except ProcessLookupError:
            return None
        except OSError:
            continue
    return b""
