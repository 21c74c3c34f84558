"""What states look like in pictures that are made without a page: the colours and patterns of the stylesheet's tokens.

A tone is (ink, gaps) and a pattern that says which pixels are ink; the pattern is the second cue beside the colour.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.trace import State

Mask = npt.NDArray[np.bool_]
Grid = npt.NDArray[np.int64]

STACK = (
    State.running, State.native, State.starting, State.gil_wait, State.runnable, State.ready,
    State.lock_wait, State.io_wait, State.suspended, State.crashed,
)  # fmt: skip
"""From the bottom up: work, and waiting above it. The other states are no areas: `idle` is a line, `unknown` an outline."""
PATTERNS: dict[State, Callable[[Grid, Grid], Mask]] = {
    State.native: lambda _, y: y % 5 != 4,
    State.gil_wait: lambda x, y: (x + y) % 6 < 1,
    State.runnable: lambda x, _: x % 4 != 3,
    State.ready: lambda x, _: x % 4 != 3,
    State.lock_wait: lambda x, y: ((x + y) % 6 == 0) | ((x - y) % 6 == 0),
    State.io_wait: lambda x, y: (x % 4 < 2) & (y % 4 < 2),
    State.suspended: lambda x, y: (x % 4 < 2) & (y % 4 < 2),
    State.crashed: lambda x, y: ((x + y) % 12 > 1) & ((x - y) % 12 > 1),
}
"""Whether the pixel (x, y) is ink; states that are not here are solid."""
LABELS = {
    State.running: "running Python",
    State.native: "native code",
    State.starting: "starting",
    State.gil_wait: "waiting for the GIL",
    State.runnable: "waiting for a core",
    State.ready: "waiting for the loop",
    State.lock_wait: "waiting for a lock",
    State.io_wait: "waiting for I/O",
    State.suspended: "awaiting",
    State.crashed: "crashed",
    State.idle: "idle",
    State.unknown: "not observed",
}


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours as "#rrggbb". `depth`: how much of its own colour the gaps of a pattern have, over `surface`."""

    states: dict[State, str]
    holders: tuple[str, ...]
    surface: str
    outline: str
    ink: str
    ink2: str
    ink3: str
    line: str
    depth: float

    def tones(self, state: State) -> tuple[str, str]:
        """(ink, gaps) of a state's pattern."""
        own = self.states[state]
        if state is State.native:
            return own, mixed(own, self.surface, 0.6)
        if state in (State.runnable, State.ready):
            return own, mixed(self.outline, own, 0.42)
        return own, self.surface if state is State.crashed else mixed(own, self.surface, self.depth)

    def holder(self, hue: int | None) -> str:
        """Of a thread that has a GIL or a core, by its number among those that carry work; grey for others."""
        return self.ink3 if hue is None else self.holders[hue % len(self.holders)]


def mixed(colour: str, over: str, share: float) -> str:
    """`share` of one colour over another."""
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in zip(channels(colour), channels(over), strict=True))


def channels(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of "#rrggbb"."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _states(
    running: str, native: str, gil: str, core: str, lock: str, io: str, idle: str, starting: str, end: str, no: str
) -> dict[State, str]:
    return {
        State.running: running, State.native: native, State.gil_wait: gil, State.runnable: core, State.ready: core, State.lock_wait: lock,
        State.io_wait: io, State.suspended: io, State.idle: idle, State.starting: starting, State.crashed: end, State.unknown: no,
    }  # fmt: skip


LIGHT = Palette(
    states=_states("#005a9c", "#009e73", "#d55e00", "#f0e442", "#e69f00", "#8fc1e3", "#d4d9df", "#cc79a7", "#000000", "#9aa3ad"),
    holders=("#332288", "#c4a000", "#117733", "#cc6677", "#44aa99", "#882255", "#6699cc", "#997700"),
    surface="#ffffff",
    outline="#7a6a00",
    ink="#14181d",
    ink2="#47515c",
    ink3="#646f7b",
    line="#e3e7eb",
    depth=0.17,
)
DARK = Palette(
    states=_states("#4f9fe0", "#2fc398", "#f47b22", "#efe55a", "#f0b232", "#6d93b0", "#3d4654", "#dd94bd", "#ffffff", "#66717e"),
    holders=("#8f83e6", "#e3c64a", "#4caf6d", "#ec8b9b", "#6fd3c1", "#cf6aa0", "#9cc3ee", "#c9a74a"),
    surface="#151a21",
    outline="#7d7400",
    ink="#e9edf2",
    ink2="#b3bdc9",
    ink3="#8f9aa7",
    line="#262d37",
    depth=0.24,
)
