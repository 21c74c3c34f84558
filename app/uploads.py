"""A request's body on disk, whether it came as it is or inside a form (`curl -F file=@…`, an HTML form)."""

from __future__ import annotations

import re
import tempfile
from email.message import Message
from typing import IO

from fastapi import Request

from app.problems import ProblemError

_IN_MEMORY = 8 * 2**20
_CHUNK = 1 * 2**20
_HEAD = 16 * 2**10


async def spooled(request: Request) -> IO[bytes]:
    """The whole body, at its beginning; the caller closes it. Its length is bounded by `security.BodyLimit`."""
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - the caller closes it
    try:
        async for chunk in request.stream():
            file.write(chunk)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def uploaded(file: IO[bytes], content_type: str) -> IO[bytes]:
    """The file itself, or the first part of the form that it is. Raises ProblemError 400 for a form that is none."""
    said = Message()
    said["content-type"] = content_type
    if said.get_content_type() != "multipart/form-data":
        return file
    boundary = said.get_param("boundary")
    if not isinstance(boundary, str) or not re.fullmatch(r"[ -~]{1,70}", boundary):
        raise ProblemError(400, "The form has no boundary in its Content-Type.")
    delimiter = b"--" + boundary.encode("ascii")
    head = file.read(_HEAD)
    begin = head.find(b"\r\n\r\n")
    if not head.startswith(delimiter + b"\r\n") or begin < 0:
        raise ProblemError(400, "The form cannot be read: send the bundle as the body itself, or as the form's only part.")
    part = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - the caller closes it
    file.seek(begin + 4)
    if not _copied(file, part, b"\r\n" + delimiter):
        part.close()
        raise ProblemError(400, "The form is cut short.")
    part.seek(0)
    return part


def _copied(source: IO[bytes], target: IO[bytes], end: bytes) -> bool:
    """Copies up to `end`. Whether it was there."""
    kept = b""
    while chunk := source.read(_CHUNK):
        kept += chunk
        at = kept.find(end)
        if at >= 0:
            target.write(kept[:at])
            return True
        safe = max(len(kept) - len(end) + 1, 0)
        target.write(kept[:safe])
        kept = kept[safe:]
    return False
