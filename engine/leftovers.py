"""What a supervisor that was killed has left behind: processes that bear its run's brand, and the folder in memory.

A supervisor ends its run itself. Only when it dies without a chance to, who started it looks for what remains: each process of a run
carries the brand in its environment, wherever it has moved in the tree and whichever session it made for itself.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

BRAND = "GILSCOPE_RUN"
_PATIENCE_S = 5.0


def folder_prefix(brand: str) -> str:
    """How the folder of a run is called, up to what makes it unique."""
    return f"gilscope-{brand}-"


def folder_home() -> Path:
    """Where runs have their folders: in memory, if there is such a place."""
    shared = Path("/dev/shm")
    return shared if os.access(shared, os.W_OK) else Path(tempfile.gettempdir())


def end_leftovers(brand: str) -> None:
    """Kills until nobody bears the brand, for what is forked meanwhile; then removes the folder."""
    deadline = time.monotonic() + _PATIENCE_S
    while (bearers := _bearers(brand)) and time.monotonic() < deadline:
        for pid in bearers:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
        time.sleep(0.005)
    remove_folders(brand)


def remove_folders(brand: str) -> None:
    """Of a run that nobody records any more. What still marks there goes on as before; what it marks is lost."""
    for folder in folder_home().glob(f"{folder_prefix(brand)}*"):
        shutil.rmtree(folder, ignore_errors=True)


def bears(pid: int, brand: str) -> bool:
    """Whether a living process was started by that run."""
    try:
        return f"{BRAND}={brand}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _bearers(brand: str) -> list[int]:
    try:
        entries = [entry for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    except OSError:
        return []
    return [int(entry.name) for entry in entries if bears(int(entry.name), brand)]
