"""The timeline as text, for terminals.

    cpu 0        ▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄  50 % busy
    python       s───────────────
      GIL        ████████████████  99 % held
      MainThread s###############  98 % lock_wait, 1 % running
      worker-1    ▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂  75 % gil_wait, 25 % running
      worker-2    ▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂  75 % gil_wait, 25 % running
                 0     1     2 s

A column's height is the share of it that the lane was on a core (a GIL lane: held; a cpu lane: busy), never the state that happened to be
longest in it: threads that take turns look half full, not solid. Where that share is nothing to speak of, a glyph names what was.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from engine.trace import Lane, State, Trace
from engine.views import ViewIndex
from engine.wording import count, percent

HEIGHTS = "▁▂▃▄▅▆▇█"
GLYPHS = {
    State.gil_wait: "x",
    State.lock_wait: "#",
    State.io_wait: "~",
    State.runnable: "^",
    State.ready: ":",
    State.suspended: "-",
    State.idle: ".",
    State.free: ".",
    State.starting: "s",
    State.crashed: "!",
    State.unknown: "?",
    State.exited: " ",
}
_COLOURS = {
    State.running: (0, 90, 156),
    State.native: (0, 158, 115),
    State.held: (0, 90, 156),
    State.busy: (0, 90, 156),
    State.gil_wait: (213, 94, 0),
    State.runnable: (240, 228, 66),
    State.ready: (240, 228, 66),
    State.lock_wait: (230, 159, 0),
    State.io_wait: (143, 193, 227),
    State.suspended: (143, 193, 227),
    State.starting: (204, 121, 167),
}
_FULL = (State.running, State.native, State.held, State.busy)
_LEAST = 1 / 32
_NAMES = 24
_REMARKS = 32
_ROWS = 48

Shares = dict[State, npt.NDArray[np.float64]]


def timeline(trace: Trace, width: int = 100, color: bool = False) -> str:
    """Lanes as rows, an axis, a legend: lines of at most `width` columns (40 at least), without a last line break. Empty for no lanes."""
    lanes = list(_in_order(trace))
    if not lanes or trace.t_ns <= 0:
        return ""
    shown, index = [(lane, depth) for lane, depth in lanes if _matters(trace, lane)][:_ROWS], ViewIndex(trace)
    name_width = min(max(len(_name(lane, depth)) for lane, depth in shown), _NAMES)
    remark_width = _REMARKS if width >= 72 else 0
    columns = max(width - name_width - remark_width - 3, 20)
    edges = np.linspace(0, trace.t_ns, columns + 1).astype(np.int64)
    lines, met = [], set[State]()
    for lane, depth in shown:
        shares = {state: part / np.maximum(np.diff(edges), 1) for state, part in index.lane(lane.id).shares(edges).items()}
        met |= shares.keys()
        row = "".join(_cell(lane, shares, column, color) for column in range(columns))
        remark = _remark(lane, shares)[: remark_width - 1] if remark_width else ""
        lines.append(f"{_name(lane, depth)[:name_width].ljust(name_width)} {row}  {remark}".rstrip())
    if len(lanes) > len(shown):
        lines.append(f"{' ' * name_width} … and {count(len(lanes) - len(shown), 'more lane')}")
    lines += _axis(trace.t_ns, name_width + 1, columns, columns + remark_width)
    return "\n".join([*lines, *_legend(met, width, color)])


def _in_order(trace: Trace) -> Iterator[tuple[Lane, int]]:
    """Cores first, then each process with its GIL, its threads, their tasks; with the depth in the tree."""
    below: dict[int | None, list[Lane]] = {}
    for lane in sorted(trace.lanes.values(), key=lambda lane: (lane.kind != "cpu", lane.kind != "interpreter", lane.start_ns, lane.id)):
        below.setdefault(lane.parent if lane.parent in trace.lanes else None, []).append(lane)
    waiting = [(lane, 0) for lane in reversed(below.get(None, []))]
    while waiting:
        lane, depth = waiting.pop()
        yield lane, depth
        waiting += [(child, depth + 1) for child in reversed(below.get(lane.id, []))]


def _matters(trace: Trace, lane: Lane) -> bool:
    """Of tasks those that carry jobs, or all of a recorded program."""
    return lane.kind != "task" or lane.measured or bool(trace.record.spec.program)


def _name(lane: Lane, depth: int) -> str:
    # A name may come from a stranger's file: nothing in it may speak to the terminal.
    return "  " * min(depth, 3) + "".join(letter if letter.isprintable() else "?" for letter in lane.name)


def _cell(lane: Lane, shares: Shares, column: int, color: bool) -> str:
    here = {state: float(part[column]) for state, part in shares.items()}
    full = {state: share for state, share in here.items() if state in _FULL}
    rest = {state: share for state, share in here.items() if state not in _FULL and share > 0}
    other = max(rest, key=lambda state: rest[state], default=None)
    if lane.kind == "process":
        return _process_cell(here)
    if sum(full.values()) < _LEAST:
        glyph = " " if other is None else GLYPHS[other]
        return _painted(glyph, other, None) if color else glyph
    height = HEIGHTS[min(max(round(sum(full.values()) * 8), 1), 8) - 1]
    return _painted(height, max(full, key=lambda state: full[state]), other) if color else height


def _process_cell(here: dict[State, float]) -> str:
    """A process is no worker: a line while it lives, so that nobody takes it for time on a core."""
    state = max((state for state in here if here[state] > 0), key=lambda state: here[state], default=State.exited)
    return "─" if state == State.running else GLYPHS.get(state, " ")


def _painted(glyph: str, front: State | None, back: State | None) -> str:
    codes = []
    if front in _COLOURS and glyph != " ":
        codes.append("38;2;{};{};{}".format(*_COLOURS[front]))
    if back in _COLOURS and glyph != HEIGHTS[-1]:
        codes.append("48;2;{};{};{}".format(*_COLOURS[back]))
    return f"\x1b[{';'.join(codes)}m{glyph}\x1b[0m" if codes else glyph


def _remark(lane: Lane, shares: Shares) -> str:
    """The two states that took most of the lane's life; of a process only whether it crashed."""
    if lane.kind == "process":
        return "crashed" if State.crashed in shares else ""
    sums = {state: float(part.sum()) for state, part in shares.items() if state != State.exited}
    whole = sum(sums.values())
    if not sums and lane.note:
        return "".join(letter if letter.isprintable() else "?" for letter in lane.note.partition(":")[0])
    first = sorted(sums, key=lambda state: -sums[state])[:2]
    return ", ".join(f"{percent(sums[state] / whole)} {state.name}" for state in first)


def _axis(t_ns: int, indent: int, columns: int, room: int) -> list[str]:
    """Ticks at round times, their numbers below as far as there is room, the unit behind the last."""
    size, unit = next(((size, unit) for size, unit in ((10**9, "s"), (10**6, "ms"), (10**3, "µs")) if t_ns >= 2 * size), (1, "ns"))
    least = t_ns * 10 / columns
    step = next(step for power in range(20) for step in (10**power, 2 * 10**power, 5 * 10**power) if step >= least or step > t_ns)
    ticks, numbers = [" "] * columns, [" "] * room
    for at in range(0, t_ns + 1, step):
        column, text = min(at * columns // t_ns, columns - 1), f"{at / size:g}"
        ticks[column] = "|"
        if column + len(text) + 1 + len(unit) <= room:
            numbers[column : column + len(text)] = text
    return [" " * indent + "".join(ticks).rstrip(), " " * indent + f"{''.join(numbers).rstrip()} {unit}"]


def _legend(met: set[State], width: int, color: bool) -> list[str]:
    """What the glyphs that occur mean, wrapped."""
    pieces: list[tuple[str, str, State | None]] = [(f"{HEIGHTS[1]}{HEIGHTS[4]}{HEIGHTS[7]}", "share on a core, held or busy", None)]
    for glyph in dict.fromkeys(GLYPHS.values()):
        states = [state for state in GLYPHS if GLYPHS[state] == glyph and state in met]
        if states and glyph != " ":
            pieces.append((glyph, ", ".join(state.name for state in states), states[0]))
    lines, used = [""], 0
    for glyph, words, state in pieces:
        wide = len(glyph) + 1 + len(words)
        if used and used + 3 + wide > width:
            lines.append("")
            used = 0
        lines[-1] += f"{'   ' if used else ''}{_painted(glyph, state, None) if color else glyph} {words}"
        used += wide + (3 if used else 0)
    return lines
