"""SHA-256 over large buffers: `hashlib` releases the GIL while it works."""

import hashlib

from ..operations import Compute, Native

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from typing import Any

    from ..shapes import Job

NAME = "native"
TITLE = "CPU in C, GIL released"
DESCRIPTION = "SHA-256 over large buffers. hashlib releases the GIL while it hashes, so threads can use several cores."
PARAMETERS = (
    {
        "name": "blocks",
        "type": "int",
        "default": 80,
        "minimum": 1,
        "maximum": 100_000,
        "choices": (),
        "unit": "blocks",
        "description": "Blocks that each job hashes, one after another.",
    },
    {
        "name": "block_mb",
        "type": "int",
        "default": 8,
        "minimum": 1,
        "maximum": 256,
        "choices": (),
        "unit": "MB",
        "description": "Size of a block. The larger, the longer each stretch without the GIL.",
    },
)
NEEDS_SERVER = False


def job(index: int, params: "dict[str, Any]", server: object) -> "Job":
    block = yield Compute(bytes, params["block_mb"] * 1_000_000)
    digest = hashlib.sha256(str(index).encode())
    for _ in range(params["blocks"]):
        yield Native(digest.update, block)
    return digest.hexdigest()


def result(values: list[str]) -> "dict[str, Any]":
    return {"digests": [value[:16] for value in values[:64]]}
