"""One trace out of a store as a file, and into another one under the same id. For the interface and the command line."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import IO

from app.conclude import concluded, keep_overview, work_key
from app.exports import Export
from app.store import ConflictError, Row, Store
from engine.bundle import Aside, Limits, read_bundle, write_bundle
from engine.trace import decode_frame

SUFFIX = ".gilscope"
_CHUNK = 256 * 2**10
MEDIA_TYPE = "application/vnd.gilscope.bundle+zip"


def export_bundle(store: Store, row: Row, file: IO[bytes]) -> None:
    """Writes the bundle. Raises ConflictError if the trace has not ended: its record is not frozen yet."""
    if not row.finished or row.digest is None:
        raise ConflictError(f"The trace {row.id} is {row.status}: it can be exported when it is finished.")
    figures = row.metrics or {}
    aside = Aside(row.label, figures.get("speedup"), figures.get("baseline"))
    write_bundle(file, row.record, (body for _, body in store.frames(row.number)), row.digest, aside)


def bundle_export(store: Store, row: Row) -> Export:
    """The bundle as a file to be read in pieces, its length exact. Raises ConflictError as `export_bundle` does."""
    file = tempfile.SpooledTemporaryFile(_CHUNK * 32)  # noqa: SIM115 - `_chunks` closes it
    try:
        export_bundle(store, row, file)
    except BaseException:
        file.close()
        raise
    return Export(f"gilscope-{row.id}{SUFFIX}", MEDIA_TYPE, file.seek(0, os.SEEK_END), _chunks(file))


class GivenUpError(Exception):
    """Whoever wanted the import does not want it any more."""


def import_bundle(store: Store, file: IO[bytes], max_bytes: int, wanted: Callable[[], bool] = lambda: True) -> tuple[str, bool]:
    """The trace's id, and whether it is new here. `file` is seekable, and may be anything.

    `wanted`: asked once all is checked, before anything is stored. Raises BundleError for what is no bundle, ConflictError if another
    trace has its id, GivenUpError if it is not wanted.
    """
    bundle = read_bundle(file, replace(Limits(), file=max_bytes))
    record = bundle.record
    conclusion = replace(
        concluded(bundle.trace, {"speedup": bundle.aside.speedup, "baseline": bundle.aside.baseline}), digest=bundle.digest
    )
    label = "".join(character for character in bundle.aside.label if character.isprintable())[:200]
    frames = [(decode_frame(body).t_ns, body) for body in bundle.frames]
    if not wanted():
        raise GivenUpError
    new = store.put(record, work_key(record.spec), label, frames, conclusion)
    if new:
        keep_overview(store, bundle.trace)
    return record.id, new


def _chunks(file: IO[bytes]) -> Generator[bytes, None, None]:
    with file:
        file.seek(0)
        while chunk := file.read(_CHUNK):
            yield chunk
