"""What a server or a command is told from outside: flags first, then the environment (`GILSCOPE_DATA` and friends), then defaults."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

DEFAULT_PORT = 8181
LOOPBACK_NAMES = frozenset({"localhost", "localhost."})


class SettingsError(ValueError):
    """A setting that cannot be. The message says which flag to change, and to what."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One server's settings.

    `port` None: the default one, or the next free one; 0: any free one. `allow_hosts`: names beyond the loopback's that a request's Host
    may carry. `first_page`: what `open_browser` opens, relative to the server's root. `max_body`: bytes that an ordinary request may
    bring; `max_import`: bytes of a bundle.
    """

    data: Path
    host: str = "127.0.0.1"
    port: int | None = None
    allow_hosts: tuple[str, ...] = ()
    read_only: bool = False
    open_browser: bool = False
    first_page: str = ""
    max_body: int = 1 * 2**20
    max_import: int = 512 * 2**20

    def __post_init__(self) -> None:
        if not is_loopback(self.host):
            raise SettingsError(
                f"gilscope serves on loopback addresses only, and {self.host!r} is none: use --host 127.0.0.1, and a tunnel "
                "(ssh -L 8181:127.0.0.1:8181) to reach it from elsewhere"
            )
        if self.port is not None and not 0 <= self.port <= 65535:
            raise SettingsError(f"--port must be between 0 and 65535, not {self.port}")


def default_data() -> Path:
    """`GILSCOPE_DATA`, or the platform's own place for an application's data."""
    named = os.environ.get("GILSCOPE_DATA")
    return Path(named).expanduser() if named else Path(platformdirs.user_data_dir("gilscope", appauthor=False))


def is_loopback(name: str) -> bool:
    """Whether a host's name or address (without a port, IPv6 without brackets) can only mean this machine."""
    if name.lower() in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
