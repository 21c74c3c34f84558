"""Another process's memory, read from outside: its mappings, and bytes at an address.

Reading needs no privilege where the other process is ours and (under Yama) descends from us. Nothing is stopped, nothing is written.
"""

from __future__ import annotations

import ctypes
import errno
import os
from dataclasses import dataclass
from pathlib import Path


class _Iovec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


_readv = ctypes.CDLL(None, use_errno=True).process_vm_readv
_readv.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong)
_readv.restype = ctypes.c_ssize_t


class Window:
    """A range of another process's memory that is read again and again: prepared once, then one system call a read.

    `buffer` holds what was read last; it stays the same object.
    """

    __slots__ = ("_arguments", "_local", "_remote", "address", "buffer", "pid", "size")

    def __init__(self, pid: int, address: int, size: int) -> None:
        self.pid, self.address, self.size = pid, address, size
        self.buffer = bytearray(size)
        self._local = _Iovec(ctypes.addressof((ctypes.c_char * size).from_buffer(self.buffer)), size)
        self._remote = _Iovec(address, size)
        self._arguments = (pid, ctypes.addressof(self._local), 1, ctypes.addressof(self._remote), 1, 0)

    def move(self, address: int) -> None:
        """Lets the next read be at another address."""
        self.address = self._remote.base = address

    def read(self) -> bytearray:
        """Fills and returns `buffer`. Raises ProcessLookupError when the process is gone, PermissionError when it may not be read,
        OSError when the range is not wholly mapped."""
        got = _readv(*self._arguments)
        if got != self.size:
            raise _failure(self.pid, self.address, got)
        return self.buffer


def read(pid: int, address: int, size: int) -> bytes:
    """`size` bytes at `address` of process `pid`. Raises as `Window.read`."""
    return bytes(Window(pid, address, size).read())


def _failure(pid: int, address: int, got: int) -> OSError:
    number = ctypes.get_errno() if got < 0 else errno.EFAULT
    return OSError(number, os.strerror(number), f"memory of process {pid} at {address:#x}")


@dataclass(frozen=True, slots=True)
class Mapping:
    """One line of /proc/PID/maps: bytes `[start, end)`, of `path` from `offset` on (no path: anonymous)."""

    start: int
    end: int
    permissions: str
    offset: int
    path: str

    @property
    def writable(self) -> bool:
        return "w" in self.permissions


def mappings(pid: int) -> list[Mapping]:
    """What process `pid` has mapped, by address. Raises ProcessLookupError or FileNotFoundError when it is gone."""
    found = []
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        span, permissions, offset, _, _, *path = line.split(None, 5)
        start, end = span.split("-")
        found.append(Mapping(int(start, 16), int(end, 16), permissions, int(offset, 16), path[0] if path else ""))
    return found
