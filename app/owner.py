"""Who owns an unfinished trace, and whether that process still lives.

Each process that queues runs holds a lock on a file of its own in `<data>/owners/`: the kernel lets go of it however the process ends,
across reboots, re-used process ids and PID namespaces alike.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any


class Owner:
    """This process, as an owner of traces in one data directory."""

    def __init__(self, data: Path) -> None:
        directory = data / "owners"
        directory.mkdir(parents=True, exist_ok=True)
        self.token = secrets.token_hex(8)
        self._path = directory / self.token
        # Locked before it has its name: whoever finds a file by its name and can lock it knows that its process is gone.
        unnamed = directory / f".{self.token}"
        self._lock = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        unnamed.rename(self._path)
        self._closed = False
        for other in directory.glob("[!.]*"):
            is_alive(data, {"token": other.name})

    def to_json(self) -> dict[str, Any]:
        return {"token": self.token, "pid": os.getpid()}

    def is_me(self, owner: dict[str, Any] | None) -> bool:
        return owner is not None and owner.get("token") == self.token

    def close(self) -> None:
        """Idempotent. From now on what it owned is nobody's."""
        if not self._closed:
            self._closed = True
            self._path.unlink(missing_ok=True)
            os.close(self._lock)


def is_alive(data: Path, owner: dict[str, Any]) -> bool:
    """Whether the process that an owner's JSON names still lives. Forgets its file if not."""
    path = data / "owners" / Path(str(owner.get("token", ""))).name
    try:
        lock = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        with suppress(FileNotFoundError):
            path.unlink()
        return False
    finally:
        os.close(lock)
