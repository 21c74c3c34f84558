"""Reads bundles that anybody may have made."""

from __future__ import annotations

import json
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any

from engine.bundle.checks import BundleError, checked_aside, checked_frame, checked_record, checked_trace
from engine.bundle.digest import digest_of
from engine.bundle.writer import FORMAT, FRAMES, HEAD, LENGTH, VERSION, Aside
from engine.trace import Frame, FrameError, Record, Trace, decode_frame

_END = struct.Struct("<4s4H2IH")
_BLOCK_COUNT = struct.Struct("<4sI")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError, ValueError, struct.error, KeyError)

UPGRADERS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""`UPGRADERS[n]` makes a head of version n + 1 of one of version n. One step each; a reader takes as many as it needs."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is refused, in bytes or pieces: by default more than any run within its time limit makes."""

    file: int = 512 * 2**20
    head: int = 4 * 2**20
    frames: int = 1_000_000
    frame: int = 256 * 2**20
    frame_head: int = 16 * 2**20
    inflated: int = 1024 * 2**20
    segments: int = 20_000_000
    pieces: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Bundle:
    """A finished trace as it was exported. `frames` are encoded, in order, ready to be stored."""

    record: Record
    frames: tuple[bytes, ...]
    trace: Trace
    digest: str
    aside: Aside


def read_bundle(file: IO[bytes], limits: Limits = Limits()) -> Bundle:
    """Reads and checks a whole bundle from a seekable file. Raises BundleError, and nothing else, for whatever is in it."""
    _check_outside(file, limits)
    try:
        with zipfile.ZipFile(file) as bundle:
            if sorted(bundle.namelist()) != sorted([HEAD, FRAMES]):
                raise BundleError(f"this is no gilscope bundle: it must hold {HEAD} and {FRAMES}, and nothing else")
            if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in bundle.infolist()):
                raise BundleError("the bundle is packed in a way that gilscope does not; use the file as it was exported")
            head = _head(bundle, limits)
            bodies = tuple(_bodies(bundle, limits))
    except BundleError:
        raise
    except _BROKEN_ZIP as error:
        raise BundleError(f"the bundle is damaged and cannot be unpacked ({error}); fetch or export it again") from None
    if len(bodies) != head["frames"]:
        raise BundleError(f"the bundle is cut short: it has {len(bodies)} of {head['frames']} frames; fetch or export it again")
    record = checked_record(head.get("record"))
    trace = _trace(record, bodies, limits)
    if digest_of(trace) != head["digest"]:
        raise BundleError("the bundle was changed after its export: its content does not have the digest that it names")
    return Bundle(record, bodies, trace, head["digest"], checked_aside(head))


def _check_outside(file: IO[bytes], limits: Limits) -> None:
    """Before the list of entries is read: a forged one alone could fill the memory."""
    size = file.seek(0, os.SEEK_END)
    if size > limits.file:
        raise BundleError(f"the file is larger than a bundle may be ({size:,} of {limits.file:,} bytes)")
    if size < _END.size:
        raise BundleError("this is no gilscope bundle: it is too short to be one")
    file.seek(size - _END.size)
    magic, _, _, _, entries, directory, _, comment = _END.unpack(file.read(_END.size))
    file.seek(0)
    if magic != b"PK\x05\x06" or comment or entries != 2 or directory > 1024:
        raise BundleError("this is no gilscope bundle: `gilscope export` and the page's Download make them")


def _head(bundle: zipfile.ZipFile, limits: Limits) -> dict[str, Any]:
    with bundle.open(HEAD) as entry:
        text = entry.read(limits.head + 1)
    if len(text) > limits.head:
        raise BundleError(f"the bundle's {HEAD} is larger than it may be ({limits.head:,} bytes)")
    try:
        head = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"the bundle's {HEAD} is not JSON: {error}") from None
    if not isinstance(head, dict) or head.get("format") != FORMAT or not isinstance(head.get("version"), int):
        raise BundleError(f"this is no gilscope bundle: its {HEAD} does not say so")
    version = head["version"]
    if version > VERSION or version < min(UPGRADERS, default=VERSION):
        raise BundleError(
            f"the bundle has format version {version}, and this gilscope reads up to {VERSION}: a newer gilscope can import it"
        )
    for step in range(version, VERSION):
        head = UPGRADERS[step](head)
    if not isinstance(head.get("digest"), str) or not _DIGEST.fullmatch(head["digest"]):
        raise BundleError("the bundle is damaged: it does not name its digest")
    if not isinstance(head.get("frames"), int):
        raise BundleError("the bundle is damaged: it does not say how many frames it has")
    return dict(head)


def _bodies(bundle: zipfile.ZipFile, limits: Limits) -> Iterator[bytes]:
    """The encoded frames. Reading to the very end also makes zipfile compare the checksum."""
    told = total = 0
    with bundle.open(FRAMES) as entry:
        while length_bytes := entry.read(LENGTH.size):
            if len(length_bytes) < LENGTH.size:
                raise BundleError("the bundle is damaged: a frame is cut short")
            (length,) = LENGTH.unpack(length_bytes)
            told, total = told + 1, total + length
            if length > limits.frame or total > limits.inflated or told > limits.frames:
                raise BundleError("the bundle is larger than a trace may be when unpacked")
            body = entry.read(length)
            if len(body) < length:
                raise BundleError("the bundle is damaged: a frame is cut short")
            yield body


def _trace(record: Record, bodies: tuple[bytes, ...], limits: Limits) -> Trace:
    """The fold of the frames, with the record as it was in the end."""
    frames: list[Frame] = []
    segments = pieces = 0
    for body in bodies:
        segments += _claimed(body, limits)
        if segments > limits.segments:
            raise BundleError(f"the bundle has more segments than can be imported ({limits.segments:,})")
        try:
            frame = checked_frame(decode_frame(body))
        except FrameError as error:
            raise BundleError(f"the bundle is damaged: {error}") from None
        pieces += len(frame.lanes) + len(frame.jobs) + len(frame.strings) + len(frame.open) + len(frame.edges)
        if pieces > limits.pieces:
            raise BundleError(f"the bundle has more lanes, jobs, names and edges than can be imported ({limits.pieces:,})")
        frames.append(frame)
    trace = Trace(record).grown(frames)
    if trace.record != record:
        raise BundleError("the bundle is damaged: its frames tell of another record than its head")
    checked_trace(trace)
    return trace


def _claimed(body: bytes, limits: Limits) -> int:
    """How many segments a frame claims to have: looked at before any memory is set aside for them."""
    if len(body) < LENGTH.size:
        raise BundleError("the bundle is damaged: a frame is cut short")
    (head,) = LENGTH.unpack_from(body)
    if head > limits.frame_head or LENGTH.size + head + _BLOCK_COUNT.size > len(body):
        raise BundleError("the bundle is damaged: the head of a frame does not have the size that it claims")
    return int(_BLOCK_COUNT.unpack_from(body, LENGTH.size + head)[1])
