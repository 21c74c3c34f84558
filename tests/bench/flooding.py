"""Floods its own ring of marks: `flood_RATE_SECONDS` (marks a second; 0: no pause; a `p` is a decimal point) is a workload's function.

Answers how many marks it has made.
"""

from __future__ import annotations

import time
from collections.abc import Callable

_BATCH = 1000


def __getattr__(name: str) -> Callable[[], int]:
    rate, seconds = (float(word.replace("p", ".")) for word in name.removeprefix("flood_").split("_"))
    return lambda: flood(rate, seconds)


def flood(rate: float, seconds: float) -> int:
    """Marks operations, in batches whose times are kept even when one is late."""
    from _gilscope import codes, marks

    mark = marks.of_this_thread().mark
    begin, end = codes.OP_BEGIN | codes.LOCK << 8, codes.OP_END
    begun = time.perf_counter()
    batches = 0
    while (passed := time.perf_counter() - begun) < seconds:
        if rate and batches * _BATCH > passed * rate:
            time.sleep(_BATCH / rate / 2)
            continue
        for _ in range(_BATCH // 2):
            mark(begin)
            mark(end)
        batches += 1
    return batches * _BATCH
