"""Names of traces: the last part of a permalink, so made to be read aloud and typed. Look-alikes (0 o, 1 l i) are left out."""

from __future__ import annotations

import re
import secrets

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
LENGTH = 12
_SHAPE = re.compile(r"[a-z0-9]{12}")


def new_id() -> str:
    """Random: 31^12 is 7.9e17, so two stores' traces can be exchanged without meeting."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def is_id(text: str) -> bool:
    """Whether it has the shape of one. Wider than what `new_id` makes: what others made must be importable."""
    return _SHAPE.fullmatch(text) is not None
