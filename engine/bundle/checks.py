"""What a stranger's trace must be like before it is taken for one."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Any

from engine.bundle.writer import Aside
from engine.trace import Frame, Record, Trace
from engine.trace.record import FINISHED

LAST_NS = 2**53
_ID = re.compile(r"[a-z0-9]{12}")
_DEEPEST = 10
_FASTEST = 1e9
_OBJECTS = ("clock", "host", "sources", "result", "usage")


class BundleError(ValueError):
    """A file is no bundle that can be imported. The message says why, and what to do."""


def checked_record(value: Any) -> Record:
    """The record of a finished trace, every field of the type that the rest of gilscope relies on. Raises BundleError."""
    plain(value, "the record")
    if not isinstance(value, dict) or not isinstance(value.get("spec"), dict):
        raise BundleError("the bundle's record is no object with a spec")
    spec = value["spec"]
    _need(isinstance(value.get("id"), str) and _ID.fullmatch(value["id"]) is not None, "an id of 12 letters and digits")
    _need(_is_instant(value.get("created_at")), "a time of creation in UTC")
    _need(isinstance(value.get("status"), str) and value["status"] in FINISHED, "a finished status: a bundle holds a finished trace")
    _need(all(isinstance(spec.get(name), str) and 0 < len(spec[name]) <= 1000 for name in ("workload", "model")), "a workload and a model")
    _need(all(_is_count(spec.get(name)) for name in ("workers", "jobs")), "numbers of workers and jobs")
    _need(all(isinstance(spec.get(name, {}), dict) for name in ("params", "interpreter")), "objects for parameters and interpreter")
    _need(isinstance(spec.get("start_method"), str | None), "a start method that is a name or null")
    _need(_is_positive(spec.get("switch_interval", 1)), "times above 0")
    _need(spec.get("time_limit_s", 1) is None or _is_positive(spec.get("time_limit_s", 1)), "a time limit above 0 or null")
    _need(_are_strings(spec.get("sources", [])), "names of sources")
    program = spec.get("program", [])
    _need(isinstance(program, list) and all(isinstance(word, str) for word in program), "a program's words")
    checked_changes({name: value[name] for name in ("error", "notes", *_OBJECTS) if name in value})
    return Record.from_json(value)


def checked_changes(changes: dict[str, Any]) -> None:
    """The changes that a frame makes to the record. Raises BundleError."""
    plain(changes, "a frame")
    error = changes.get("error")
    _need(isinstance(error, dict | None), "an error that is an object or null")
    _need(all(isinstance(text, str | None) for text in (error or {}).values()), "an error told in words")
    _need(_are_strings(changes.get("notes", [])), "notes that are sentences")
    _need(all(isinstance(changes.get(name, {}), dict) for name in _OBJECTS), f"objects for {', '.join(_OBJECTS)}")
    _need(_are_strings(list(changes.get("sources", {}).values())), "sources with a name for how exact each is")
    _need(isinstance(changes.get("status", ""), str), "a status that is a name")


def checked_aside(head: dict[str, Any]) -> Aside:
    """Label, speed-up and baseline of a bundle's head. Raises BundleError."""
    label, speedup, baseline = head.get("label", ""), head.get("speedup"), head.get("baseline")
    if not isinstance(label, str) or len(label) > 1000:
        raise BundleError("the bundle is damaged: its label is no text")
    if speedup is not None and not (_is_positive(speedup) and speedup < _FASTEST):
        raise BundleError("the bundle is damaged: its speed-up is no number that can be")
    if baseline is not None and not (isinstance(baseline, str) and _ID.fullmatch(baseline)):
        raise BundleError("the bundle is damaged: its baseline is no id of a trace")
    return Aside(label, speedup, baseline)


def checked_frame(frame: Frame) -> Frame:
    """A frame whose times and lane numbers stay within what everything else computes with. Raises BundleError."""
    checked_changes(frame.changes)
    times = [frame.t_ns, *(job.start_ns for job in frame.jobs), *(job.end_ns for job in frame.jobs)]
    times += [edge.to_ns for edge in frame.edges]
    for lane in frame.lanes:
        times += [lane.start_ns, lane.start_ns if lane.end_ns is None else lane.end_ns]
        if not 0 <= lane.id < 2**31:
            raise BundleError(f"the bundle is damaged: a lane has the number {lane.id}")
    for part in (frame.segments, frame.open):
        if len(part):
            times += [int(part.start.min()), int(part.end.max())]
            if not (part.start <= part.end).all():
                raise BundleError("the bundle is damaged: a segment ends before it starts")
    if min(times) < 0 or max(times) > LAST_NS:
        raise BundleError(f"the bundle is damaged: a time in it is not within 0 and {LAST_NS} ns")
    return frame


def checked_trace(trace: Trace) -> None:
    """Lanes that are told, under parents that are told; edges between them within the trace; nothing left open. Raises BundleError."""
    if len(trace.open):
        raise BundleError("the bundle is damaged: it calls itself finished, but has open segments")
    lanes = set(trace.lanes)
    used = {int(lane) for lane in (trace.segments.lane.tolist() if len(trace.segments) < 64 else _distinct(trace))}
    if not used <= lanes or not {job.lane for job in trace.jobs} <= lanes:
        raise BundleError("the bundle is damaged: it tells of lanes that it does not name")
    if not {lane for edge in trace.edges for lane in (edge.from_lane, edge.to_lane)} <= lanes:
        raise BundleError("the bundle is damaged: it has edges between lanes that it does not name")
    if any(edge.to_ns > trace.t_ns for edge in trace.edges):
        raise BundleError("the bundle is damaged: it has edges that end after the trace does")
    settled: set[int | None] = {None}
    for start in trace.lanes:
        way: list[int] = []
        at: int | None = start
        while at not in settled:
            if at is None or at in way or at not in lanes or len(way) > 64:
                raise BundleError("the bundle is damaged: its lanes form no tree")
            way.append(at)
            at = trace.lanes[at].parent
        settled.update(way)


def plain(value: Any, where: str, depth: int = 0) -> None:
    """Refuses what could not be written as JSON again, or is out of all proportion: deep, long, infinite. Raises BundleError."""
    if depth > _DEEPEST:
        raise BundleError(f"the bundle is damaged: {where} is nested too deeply")
    if isinstance(value, dict):
        if len(value) > 10_000 or any(len(key) > 1000 for key in value):
            raise BundleError(f"the bundle is damaged: {where} has too many or too long names")
        for item in value.values():
            plain(item, where, depth + 1)
    elif isinstance(value, list):
        for item in value:
            plain(item, where, depth + 1)
    elif isinstance(value, float) and not math.isfinite(value):
        raise BundleError(f"the bundle is damaged: {where} has a number that is none")
    elif isinstance(value, int) and abs(value) >= 2**63:
        raise BundleError(f"the bundle is damaged: {where} has a number beyond 64 bits")


def _distinct(trace: Trace) -> list[int]:
    """Segments are sorted by lane: the first of each."""
    lane = trace.segments.lane
    found: list[int] = [int(lane[0]), *lane[1:][lane[1:] != lane[:-1]].tolist()]
    return found


def _need(fulfilled: bool, what: str) -> None:
    if not fulfilled:
        raise BundleError(f"the bundle is damaged: its record lacks {what}; ask for a fresh export")


def _is_instant(value: Any) -> bool:
    if not isinstance(value, str) or len(value) > 40 or not value.endswith("Z"):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31


def _is_positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _are_strings(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= 1000 and all(isinstance(item, str) and len(item) <= 10_000 for item in value)
