"""Writes bundles."""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import IO

from engine.trace import Record

FORMAT = "gilscope bundle"
VERSION = 1
HEAD, FRAMES = "trace.json", "frames.bin"
LENGTH = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Aside:
    """What belongs to a trace but not to its record: its label, and what it was compared with when it ended."""

    label: str = ""
    speedup: float | None = None
    baseline: str | None = None


def write_bundle(file: IO[bytes], record: Record, frames: Iterable[bytes], digest: str, aside: Aside = Aside()) -> None:
    """Writes a finished trace: its record as it is now, its encoded frames in order, and its `digest_of`.

    The same trace makes the same bytes. `file` need not be seekable.
    """
    told = 0
    with zipfile.ZipFile(file, "w") as bundle:
        with bundle.open(_entry(FRAMES), "w") as out:
            for frame in frames:
                out.write(LENGTH.pack(len(frame)))
                out.write(frame)
                told += 1
        head = {"format": FORMAT, "version": VERSION, "digest": digest, "frames": told, **asdict(aside), "record": record.to_json()}
        bundle.writestr(_entry(HEAD), json.dumps(head, indent=1))


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry
