"""Columns of a view: equally long, a power of two, each from a multiple of it on, so that they stay where they are while one pans."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

LAST_NS = 2**53
"""No window reaches beyond (104 days): byte arithmetic stays within 64 bits."""
MAX_COLUMNS = 16_384


class GridError(ValueError):
    """A window that cannot be shown. The message says which one can."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Columns of equal length from `t0`, a power of two."""

    t0: int
    columns: int
    ns_per_column: int

    @classmethod
    def covering(cls, t0: int, t1: int, px: int, most: int = MAX_COLUMNS) -> Grid:
        """At most one column a pixel and one more at each end, snapped so that the same instant always falls on the same border.

        Raises GridError.
        """
        if not 0 <= t0 < t1 <= LAST_NS:
            raise GridError(f"a window must have 0 <= t0 < t1 <= {LAST_NS} ns; got t0={t0}, t1={t1}")
        if not 1 <= px <= most:
            raise GridError(f"a view has 1 to {most} pixels; got {px}")
        step = 1 << (max(-(-(t1 - t0) // px), 1) - 1).bit_length()
        first = t0 // step
        return cls(first * step, -(-t1 // step) - first, step)

    @property
    def t1(self) -> int:
        return self.t0 + self.columns * self.ns_per_column

    @property
    def edges(self) -> Ints:
        return self.t0 + np.arange(self.columns + 1, dtype=np.int64) * self.ns_per_column

    def bytes_of(self, parts: dict[str, Ints]) -> dict[str, str]:
        """Per name base64 of one byte a column, from ns a column. Rounded as a running sum: what fills a column adds up to 255."""
        told, sum_bytes = {}, np.zeros(self.columns, np.int64)
        sum_ns = np.full(self.columns, self.ns_per_column // 2, np.int64)
        shift = self.ns_per_column.bit_length() - 1
        for name, part in parts.items():
            sum_ns += part * 255
            now = sum_ns >> shift
            told[name] = base64.b64encode(np.minimum(np.maximum(now - sum_bytes, 0), 255).astype(np.uint8).tobytes()).decode()
            sum_bytes = now
        return told
