"""What a program in the foreground is given of ours: it speaks to our terminal, our pipes and our files itself.

Descriptors are handed on, never copied from and to: a terminal stays a terminal, an offset in a file is shared, and who reads the
program's output reads it from the program.
"""

from __future__ import annotations

import os
import signal
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FORWARDED = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGALRM,
    signal.SIGWINCH,
    signal.SIGCONT,
    signal.SIGTSTP,
)
"""Signals that are forwarded to a program in the foreground when we alone were sent them."""


@dataclass(frozen=True, slots=True)
class Streams:
    """Descriptors as the supervisor inherits them, under the same numbers.

    `standard`: what become the program's 0, 1 and 2. `others`: what it inherits beside them. `report`: where
    the supervisor tells how the program fares, a line each: `pid N`, `stopped SIGNAL`, `continued`, `ended WAIT_STATUS`.
    """

    standard: tuple[int, int, int]
    others: tuple[int, ...]
    report: int

    @property
    def all(self) -> tuple[int, ...]:
        """To be passed on to the supervisor."""
        return (*self.standard, *self.others, self.report)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Streams:
        first, second, third = value["standard"]
        return cls((first, second, third), tuple(value["others"]), value["report"])


def inherited() -> tuple[int, ...]:
    """Descriptors above 2 that this process was started with to hand them on: what Python opens itself is never inheritable."""
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        number = int(entry.name)
        try:
            if number > 2 and os.get_inheritable(number):
                found.append(number)
        except OSError:
            continue  # What listed them, closed by now.
    return tuple(sorted(found))
