"""A trace as a file in another format: its bytes in pieces, its name, and about how long it becomes.

bundle   what another gilscope imports: see `app.bundles`
chrome   trace events, for Perfetto's UI
csv      the exact segments as a table
html     one page that needs no server: see `app.single_file`
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

from app.single_file import single_file
from app.store import ConflictError, Snapshot
from app.trace_object import trace_object
from engine.exports import Extent, chrome, chrome_bytes, csv, csv_bytes

_AT_ONCE = 128 * 2**10
_PAGES = threading.BoundedSemaphore(2)
"""How many pages are put together at once: each takes some hundred bytes a segment meanwhile, and no more of them would be quicker."""
_PACKED = 14
"""How much shorter gzip makes them, about."""


@dataclass(frozen=True, slots=True)
class Format:
    """How one format is written. `length`: bytes, about."""

    name: str
    suffix: str
    media_type: str
    length: Callable[[Extent], int]
    write: Callable[[Extent], Iterator[str]]


TEXTS = {
    "chrome": Format("chrome", ".trace.json", "application/json", chrome_bytes, chrome),
    "csv": Format("csv", ".csv", "text/csv; charset=utf-8", csv_bytes, csv),
}


@dataclass(frozen=True, slots=True)
class Export:
    """A file to be: nobody has written any of it yet. `estimate`: bytes, about. Whoever stops reading `pieces` stops the work."""

    name: str
    media_type: str
    estimate: int
    pieces: Generator[bytes, None, None]


def exported(snapshot: Snapshot, wanted: str, t0: int | None = None, t1: int | None = None, *, packed: bool = False) -> Export:
    """The trace, or a window of it, in one of TEXTS; `packed` by gzip.

    Raises ConflictError while there is nothing recorded; ExportError for a window that cannot be.
    """
    extent = extent_of(snapshot, t0, t1)
    kind = TEXTS[wanted]
    pieces = _gathered(piece.encode("utf-8", "replace") for piece in kind.write(extent))
    name, estimate = file_name(snapshot.row.id, kind.suffix, extent), kind.length(extent)
    if packed:
        return Export(f"{name}.gz", "application/gzip", estimate // _PACKED, _gzipped(pieces))
    return Export(name, kind.media_type, estimate, pieces)


def exported_page(snapshot: Snapshot, t0: int | None = None, t1: int | None = None, show: tuple[int, int] | None = None) -> Export:
    """The trace, or a window of it, as one page of HTML that begins with `show` on screen. Raises as `exported` does."""
    extent = extent_of(snapshot, t0, t1)
    window = None if show is None else {"t0": show[0], "t1": show[1]}
    with _PAGES:
        page = single_file(extent, trace_object(snapshot.row, live=snapshot), window, snapshot.index).encode("utf-8", "replace")
    pieces = (page[at : at + _AT_ONCE] for at in range(0, len(page), _AT_ONCE))
    return Export(file_name(snapshot.row.id, ".html", extent), "text/html; charset=utf-8", len(page), pieces)


def extent_of(snapshot: Snapshot, t0: int | None, t1: int | None) -> Extent:
    """What of a trace is asked for. Raises as `exported` does."""
    if not snapshot.trace.lanes:
        which = f"The trace {snapshot.row.id} is {snapshot.row.status}, and nothing of it"
        if snapshot.row.finished:
            raise ConflictError(f"{which} was recorded: there is nothing to export but a bundle, which tells how it ended.")
        raise ConflictError(f"{which} is recorded yet: export it later.")
    return Extent.of(snapshot.trace, t0, t1)


def file_name(trace_id: str, suffix: str, extent: Extent) -> str:
    """What a browser saves it as."""
    window = "" if extent.whole else f"-{extent.t0}-{extent.t1}"
    return f"gilscope-{trace_id}{window}{suffix}"


def _gathered(pieces: Generator[bytes, None, None]) -> Generator[bytes, None, None]:
    """Small pieces joined: each is a trip through the server."""
    kept: list[bytes] = []
    size = 0
    for piece in pieces:
        kept.append(piece)
        size += len(piece)
        if size >= _AT_ONCE:
            yield b"".join(kept)
            kept, size = [], 0
    yield b"".join(kept)


def _gzipped(pieces: Generator[bytes, None, None]) -> Generator[bytes, None, None]:
    packer = zlib.compressobj(5, wbits=31)
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()
