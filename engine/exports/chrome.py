"""Trace events as JSON (Chrome's format), as Perfetto's UI opens them.

    M         names and order of processes and threads
    X         a segment of a thread, a process, a GIL or a core: one slice; those never overlap
    b e       a task: one span of async events from its birth to its end, with a span for each of its segments inside
    C         counters: threads at work, waiting for the GIL, waiting for a core; averages where there are too many changes
    s f       an edge: an arrow from slice to slice

Slices of GILs and cores are named after the thread that has them, and where nobody does there is none. `ts` and `dur` are µs with three
decimals: exact ns. Metadata come first, and arrows last, for an arrow binds to what was told before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.exports.extent import Extent
from engine.exports.levels import LEVELS, column_ns, levels
from engine.exports.names import names
from engine.exports.tracks import Track, Tracks
from engine.scope import host_of
from engine.trace import EdgeKind, Segments, State, Trace

Ints = npt.NDArray[np.int64]

_BYTES_A_SLICE, _BYTES_A_STEP = 105, 245
"""About, with its share of everything else: a segment of a thread or core; one of a task."""
_NOBODY = frozenset({(State.free, "interpreter"), (State.idle, "cpu")})
_ARROWS: dict[EdgeKind, str] = {"spawn": "started", "submit": "handed over work", "release": "released", "message": "sent"}
_AT_ONCE = 4096


def chrome_bytes(extent: Extent) -> int:
    """How long the text becomes, about."""
    segments = extent.trace.segments
    tasks = [lane.id for lane in extent.trace.lanes.values() if lane.kind == "task"]
    steps = int((np.searchsorted(segments.lane, tasks, "right") - np.searchsorted(segments.lane, tasks)).sum())
    share = steps / max(len(segments), 1)
    return 1000 + round(extent.count * (share * _BYTES_A_STEP + (1 - share) * _BYTES_A_SLICE))


def chrome(extent: Extent) -> Iterator[str]:
    """The whole text, in pieces. See `https://ui.perfetto.dev`, *Open trace file*."""
    tracks = Tracks.laid(extent.trace)
    yield f'{{"displayTimeUnit":"ns","otherData":{_json(_about(extent))},"traceEvents":[\n'
    yield ",\n".join(_metadata(tracks))
    for part in (_slices(extent, tracks), _counters(extent, tracks), _arrows(extent, tracks)):
        for events in part:
            if events:
                yield ",\n" + ",\n".join(events)
    yield "\n]}\n"


def _about(extent: Extent) -> dict[str, str]:
    record, column = extent.trace.record, column_ns(extent)
    counters = "exact" if column is None else f"averages over {column} ns"
    return {"from": "gilscope", "trace": record.id, "created_at": record.created_at, "status": record.status, "counters": counters}


def _metadata(tracks: Tracks) -> Iterator[str]:
    for pid, (name, order) in tracks.processes.items():
        yield _meta("process_name", pid, 0, {"name": name})
        yield _meta("process_sort_index", pid, 0, {"sort_index": order})
    for track in tracks.of.values():
        if not track.is_async:
            yield _meta("thread_name", track.pid, track.tid, {"name": track.name})
            yield _meta("thread_sort_index", track.pid, track.tid, {"sort_index": track.order})


def _slices(extent: Extent, tracks: Tracks) -> Iterator[list[str]]:
    words = _Words(extent.trace)
    task: tuple[Track, int] | None = None
    """The task that is being told, and how far."""
    for piece in extent.pieces():
        borders = [0, *(np.flatnonzero(np.diff(piece.lane)) + 1).tolist(), len(piece)]
        for first, last in pairwise(borders):
            track, part = tracks.of.get(int(piece.lane[first])), piece.take(slice(first, last))
            if task is not None and task[0] is not track:
                yield [_of_task(*task, "e", task[0].name)]
                task = None
            if track is None:
                continue
            if not track.is_async:
                yield _complete(part, track, words)
                continue
            if task is None:
                yield [_of_task(track, int(part.start[0]), "b", track.name)]
            task = track, int(part.end[-1])
            yield _nested(part, track, words)
    if task is not None:
        yield [_of_task(*task, "e", task[0].name)]


def _complete(part: Segments, track: Track, words: _Words) -> list[str]:
    """A slice for each segment; none for those in which nobody has the GIL or the core."""
    head = f'{{"ph":"X","pid":{track.pid},"tid":{track.tid},"cat":"{track.lane.kind}","ts":'
    rows = zip(part.start.tolist(), (part.end - part.start).tolist(), words.of(part, track), strict=True)
    return [
        f'{head}{start // 1000}.{start % 1000:03d},"dur":{length // 1000}.{length % 1000:03d},"name":{said}}}'
        for start, length, said in rows
        if said
    ]


def _nested(part: Segments, track: Track, words: _Words) -> list[str]:
    """A span inside the task's own for each segment."""
    head = f'"pid":{track.pid},"tid":{track.tid},"cat":"task","id2":{{"local":"{track.lane.id:#x}"}},"ts":'
    rows = zip(part.start.tolist(), part.end.tolist(), words.of(part, track), strict=True)
    return [
        f'{{"ph":"b",{head}{start // 1000}.{start % 1000:03d},"name":{said}}},\n'
        f'{{"ph":"e",{head}{end // 1000}.{end % 1000:03d},"name":{name}}}'
        for start, end, said in rows
        if (name := said.partition(',"args":')[0])
    ]


def _of_task(track: Track, at: int, phase: str, name: str) -> str:
    head = f'{{"ph":"{phase}","pid":{track.pid},"tid":{track.tid},"cat":"task","id2":{{"local":"{track.lane.id:#x}"}}'
    return f'{head},"ts":{_us(at)},"name":{_json(name)}}}'


def _counters(extent: Extent, tracks: Tracks) -> Iterator[list[str]]:
    head = f'{{"ph":"C","pid":{tracks.ours},"tid":{tracks.ours},"name":"threads","ts":'
    keys = [_json(name) for name in LEVELS]
    for instants, heights in levels(extent):
        rows = zip(instants.tolist(), *(height.tolist() for height in heights), strict=True)
        yield [
            f'{head}{_us(at)},"args":{{{",".join(f"{key}:{number}" for key, number in zip(keys, numbers, strict=True))}}}}}'
            for at, *numbers in rows
        ]


def _arrows(extent: Extent, tracks: Tracks) -> Iterator[list[str]]:
    """An arrow begins and ends inside a slice; a task's ends are those of its thread, for only threads' slices can have any."""
    slices = _Slices(extent)
    events: list[str] = []
    for number, edge in enumerate(extent.edges(), 1):
        ends = []
        for phase, lane, at in (("s", edge.from_lane, edge.from_ns), ("f", edge.to_lane, edge.to_ns)):
            host = host_of(extent.trace, lane)
            track = tracks.of.get(lane if host is None else host)
            inside = None if track is None or track.is_async else slices.inside(track.lane.id, at)
            if track is not None and inside is not None:
                binding = ',"bp":"e"' if phase == "f" else ""
                name = f'"cat":"{edge.kind}","name":{_json(_ARROWS[edge.kind])}'
                ends.append(f'{{"ph":"{phase}","id":{number},"pid":{track.pid},"tid":{track.tid},"ts":{_us(inside)},{name}{binding}}}')
        if len(ends) == 2:
            events += ends
        if len(events) >= _AT_ONCE:
            yield events
            events = []
    yield events


class _Words:
    """What is said of segments: JSON of the name, and of `args` if there is more to say. None: nothing is shown."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._names = names(trace)
        self._known: dict[tuple[str, int, int, int], str | None] = {}

    def of(self, part: Segments, track: Track) -> list[Any]:
        kind, known = track.lane.kind, self._known
        keys = [(kind, *rest) for rest in zip(part.state.tolist(), part.detail.tolist(), part.ref.tolist(), strict=True)]
        for key in set(keys) - known.keys():
            known[key] = self._said(*key)
        return [known[key] for key in keys]

    def _said(self, kind: str, number: int, detail: int, ref: int) -> str | None:
        state = State(number)
        if (state, kind) in _NOBODY:
            return None
        who = self._names.get(ref) if ref >= 0 else None
        aside = {}
        if 0 <= detail < len(self._trace.strings):
            aside["detail"] = self._trace.strings[detail]
        if state in (State.held, State.busy):
            name = who or state.name
            aside["state"] = state.name
        else:
            name = state.name
            if who is not None:
                aside["on account of"] = who
        return _json(name) + (f',"args":{_json(aside)}' if aside else "")


class _Slices:
    """Where the slices of lanes are, to put the ends of arrows inside them."""

    def __init__(self, extent: Extent) -> None:
        self._everything = extent.trace.everything
        self._lanes: dict[int, tuple[Ints, Ints]] = {}

    def inside(self, lane: int, at: int) -> int | None:
        """The instant itself if the lane has a slice there; else the nearest one in the slice before, or the first. None: it has none."""
        if lane not in self._lanes:
            a, b = np.searchsorted(self._everything.lane, [lane, lane + 1])
            self._lanes[lane] = self._everything.start[a:b], self._everything.end[a:b]
        start, end = self._lanes[lane]
        if not len(start):
            return None
        row = max(int(np.searchsorted(start, at, "right")) - 1, 0)
        return min(max(at, int(start[row])), int(end[row]) - 1)


def _meta(name: str, pid: int, tid: int, args: dict[str, Any]) -> str:
    return f'{{"ph":"M","pid":{pid},"tid":{tid},"name":"{name}","args":{_json(args)}}}'


def _us(ns: int) -> str:
    return f"{ns // 1000}.{ns % 1000:03d}"


def _json(value: Any) -> str:
    """ASCII: half a surrogate pair, which an imported name may hold, is no UTF-8."""
    return json.dumps(value, separators=(",", ":"))
