"""The exact segments as a table (RFC 4180): one line each, by lane and start.

lane,kind,name,process,parent,pid,tid,state,start_ns,end_ns,duration_ns,detail,ref,ref_name,open
4,thread,worker-1,python,1,4242,4243,gil_wait,37000000,52000000,15000000,,5,worker-2,

A text that a spreadsheet would take for a formula begins with an apostrophe. `open` is "yes" for a segment that had not ended yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.exports.extent import Extent
from engine.scope import process_of
from engine.trace import Lane, Segments, State, Trace

COLUMNS = (
    "lane", "kind", "name", "process", "parent", "pid", "tid", "state",
    "start_ns", "end_ns", "duration_ns", "detail", "ref", "ref_name", "open",
)  # fmt: skip
_FORMULA = re.compile(r"^[\s\x00]*[=+\-@|%\t\r＝＋－＠]")
_LINE = "\r\n"
_STATES = tuple(state.name for state in State)


def csv_bytes(extent: Extent) -> int:
    """How long the text becomes, about."""
    return 200 + 78 * extent.count


def csv(extent: Extent) -> Iterator[str]:
    """The whole text, in pieces; the heads of the columns first."""
    yield ",".join(COLUMNS) + _LINE
    trace = extent.trace
    heads = {lane.id: _head(lane, trace) for lane in trace.lanes.values()}
    names = {-1: ",", **{lane.id: f"{lane.id},{cell(lane.name)}" for lane in trace.lanes.values()}}
    details = ["", *map(cell, trace.strings)]
    growing = {tuple(row) for row in trace.open.rows()}
    for piece in extent.pieces():
        yield "".join(_lines(piece, heads, names, details, growing))


def _lines(
    piece: Segments, heads: dict[int, str], names: dict[int, str], details: list[str], growing: set[tuple[int, ...]]
) -> Iterator[str]:
    for row in piece.rows():
        lane, start, end, state, detail, ref = row
        head = heads.get(lane) or f"{lane},,,,,,"
        who = names.get(ref) or f"{ref},"
        said = details[detail + 1] if detail < len(details) - 1 else ""
        is_open = "yes" if growing and tuple(row) in growing else ""
        yield f"{head},{_STATES[state]},{start},{end},{end - start},{said},{who},{is_open}{_LINE}"


def _head(lane: Lane, trace: Trace) -> str:
    process = process_of(trace, lane.id)
    numbers = ("" if number is None else str(number) for number in (lane.parent, lane.pid, lane.tid))
    return ",".join((str(lane.id), lane.kind, cell(lane.name), cell("" if process is None else trace.lanes[process].name), *numbers))


def cell(text: str) -> str:
    """Quoted where it must be; what would be run as a formula is not."""
    safe = "".join(letter if not "\ud800" <= letter <= "\udfff" else "\ufffd" for letter in text)
    if _FORMULA.match(safe):
        safe = "'" + safe
    return '"' + safe.replace('"', '""') + '"' if re.search(r'[",\r\n]', safe) else safe
