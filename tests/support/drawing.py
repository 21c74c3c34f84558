"""Traces drawn as text, for tests that a reader can check by eye.

    trace = drawn('''
        process    python   |rrrrrrrrrrrr|
        gil        GIL      |hhhhiiii.hhh|    @ h=main i=other
        thread     main     |rrrrggggqrrr|
        thread     other    |ggggrrrr... |
        cpu        0        |hhhh....?hhh|    @ h=main
    ''')

A column is 1 ms unless `column_ns` says otherwise. A line is: kind, name, the drawing between bars; then options. A thread or task is
measured unless its line says `unmeasured`; a process never is. `parent=NAME` is one given above; by default lanes hang on the last
process, tasks on the last thread; a cpu lane hangs on nothing. `sampled` and `inferred` are the lane's exactness.

Letters of threads, tasks and processes, by `LETTERS`: a blank is a time in which the lane is not there (or nothing is known of it).
On GIL and cpu lanes `.` is free or idle, `?` unknown, and any letter that follows `@` as `letter=NAME` a time held or used by that
lane. Equal letters in a row are one segment; `rr/rr` are two, and the stroke takes no column.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from engine.trace import Lane, Record, Segments, State, Trace
from tests.support.scene import MS, Scene
from tests.support.synthetic import record

LETTERS = {
    "?": State.unknown,
    "s": State.starting,
    "r": State.running,
    "n": State.native,
    "g": State.gil_wait,
    "q": State.runnable,
    "l": State.lock_wait,
    "w": State.io_wait,
    "y": State.ready,
    "z": State.suspended,
    ".": State.idle,
    "X": State.crashed,
    "e": State.exited,
}
_LINE = re.compile(r"(?P<kind>process|gil|thread|task|cpu)\s+(?P<name>\S+)\s+\|(?P<drawing>[^|]*)\|(?P<options>.*)")


def drawn(drawing: str, column_ns: int = MS, live: bool = False, head: Record | None = None, **counters: int) -> Trace:
    """The trace of a drawing: complete, or `live`: then the segments that reach the right edge are open.

    Measured lanes carry one job each, from the first column that is not `starting` or idle to the last such, `ok` unless it is crashed;
    a lane without any carries none.
    """
    scene = Scene(counters=dict(counters))
    names: dict[str, int] = {}
    edge = 0
    lines = [match for line in drawing.strip().splitlines() if (match := _LINE.fullmatch(line.strip())) is not None]
    if len(lines) != len(drawing.strip().splitlines()):
        raise ValueError("a line of the drawing is none: expected KIND NAME |…| options")
    for line in lines:
        names[line["name"]] = _lane(scene, line, names)
    for line in lines:
        letters = dict(re.findall(r"(\S)=(\S+)", line["options"].partition("@")[2]))
        edge = max(edge, _draw(scene, line, names, {letter: names[name] for letter, name in letters.items()}, column_ns))
    for lane in scene.lanes:
        if lane.measured:
            _job(scene, lane)
    whole = Segments.from_rows(scene.rows).sorted()
    open_now = whole.end == edge if live else whole.end < 0
    lanes = {lane.id: _living(scene, lane, edge if live else None) for lane in scene.lanes}
    begun = head or record("cpu", "threads", max(1, sum(lane.measured for lane in scene.lanes)))
    jobs = tuple(job for job in scene.jobs if not (live and job.end_ns == edge))
    return Trace(
        replace(begun, status="running" if live else begun.status if begun.finished else "complete"),
        edge,
        lanes,
        whole.take(~open_now),
        whole.take(open_now),
        tuple(scene.strings),
        jobs,
        scene.counters,
    )


def _lane(scene: Scene, line: re.Match[str], names: dict[str, int]) -> int:
    kind, options = line["kind"], line["options"]
    words = options.partition("@")[0].split()
    parent = next((names[word.partition("=")[2]] for word in words if word.startswith("parent=")), None)
    if parent is None and kind in ("gil", "thread", "task"):
        above = "thread" if kind == "task" else "process"
        parent = next((lane.id for lane in reversed(scene.lanes) if lane.kind == above), None)
    more: dict[str, Any] = {"exactness": next((word for word in words if word in ("sampled", "inferred")), "exact")}
    number = len(scene.lanes) + 100
    more["tid"] = number if kind == "thread" else None
    more["measured"] = kind in ("thread", "task") and "unmeasured" not in words
    return scene.lane("interpreter" if kind == "gil" else kind, line["name"], parent, **more)  # type: ignore[arg-type]


def _draw(scene: Scene, line: re.Match[str], names: dict[str, int], holders: dict[str, int], column_ns: int) -> int:
    at, lane = 0, names[line["name"]]
    used = State.held if line["kind"] == "gil" else State.busy
    rest = State.free if line["kind"] == "gil" else State.idle
    for piece in re.finditer(r"([^/])\1*|/", line["drawing"]):
        text = piece[0]
        if text == "/":
            scene.split(lane)
            continue
        start, at = at, at + len(text) * column_ns
        if text[0] == " ":
            continue
        if line["kind"] in ("gil", "cpu"):
            state = rest if text[0] == "." else State.unknown if text[0] == "?" else used
            scene.spell(lane, start, at, state, ref=holders.get(text[0], -1))
        else:
            scene.spell(lane, start, at, LETTERS[text[0]])
    return at


def _job(scene: Scene, lane: Lane) -> None:
    rows = [row for row in scene.rows if row[0] == lane.id and row[3] not in (State.starting, State.idle)]
    if rows:
        scene.job(lane.id, len(scene.jobs), rows[0][1], rows[-1][2], rows[-1][3] != State.crashed)


def _living(scene: Scene, lane: Lane, edge: int | None) -> Lane:
    rows = [row for row in scene.rows if row[0] == lane.id]
    if not rows:
        return lane
    end = max(row[2] for row in rows)
    return replace(lane, start_ns=min(row[1] for row in rows), end_ns=None if end == edge else end)
