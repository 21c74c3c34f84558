"""Who is at the other end of a socket, from /proc/PID/net: the tables of the network namespace that a process is in.

sl  local_address rem_address   st … inode        addresses in hexadecimal, each word of 4 bytes turned round
 0: 0100007F:1F90 00000000:0000 0A … 24681
"""

from __future__ import annotations

import socket
import time
from pathlib import Path

_LISTENS, _UNCONNECTED = "0A", "07"
_LEAST_NS, _SHARE = 10_000_000, 20


class Sockets:
    """Names by inode. An inode is not used again while the kernel runs, so that what has a peer, or listens, keeps its name.

    The tables of a busy machine are long: for an unknown socket they are read again only after twenty times as long as the last reading
    took.
    """

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._next_ns: dict[int, int] = {}

    def name(self, pid: int, inode: int) -> str:
        """`127.0.0.1:8080`, `[::1]:8080`, `/run/some.sock`, or "" where nothing is known. With nobody at the other end: its own address."""
        if inode not in self._names:
            now, began = time.monotonic_ns(), time.thread_time_ns()
            if now < self._next_ns.get(pid, 0):
                return ""
            for table in ("tcp", "tcp6", "unix", "udp", "udp6"):
                self._read(pid, table)
                if inode in self._names:
                    break
            self._next_ns[pid] = now + max(_LEAST_NS, _SHARE * (time.thread_time_ns() - began))
        return self._names.get(inode, "")

    def _read(self, pid: int, table: str) -> None:
        for line in _lines(pid, table):
            fields = line.split(None, 7 if table == "unix" else -1)
            if table == "unix":
                if len(fields) > 6:
                    self._names[int(fields[6])] = fields[7] if len(fields) > 7 else ""
            elif len(fields) > 9:
                peer, own = fields[2], fields[1]
                connected = not peer.endswith(":0000")
                if connected or fields[3] in (_LISTENS, _UNCONNECTED):
                    self._names[int(fields[9])] = address(peer if connected else own)


def address(text: str) -> str:
    """`0100007F:1F90` → `127.0.0.1:8080`; an IPv4 address inside an IPv6 one is shown as what it is."""
    host, port = text.split(":")
    raw = b"".join(bytes.fromhex(host[at : at + 8])[::-1] for at in range(0, len(host), 8))
    if raw.startswith(bytes(10) + b"\xff\xff"):
        raw = raw[12:]
    shown = socket.inet_ntop(socket.AF_INET, raw) if len(raw) == 4 else f"[{socket.inet_ntop(socket.AF_INET6, raw)}]"
    return f"{shown}:{int(port, 16)}"


def _lines(pid: int, table: str) -> list[str]:
    try:
        return Path(f"/proc/{pid}/net/{table}").read_text(errors="replace").splitlines()[1:]
    except OSError:
        return []
