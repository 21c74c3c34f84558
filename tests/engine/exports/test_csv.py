"""The table of segments, read back by the standard library's reader."""

from __future__ import annotations

import csv as standard
import io
from dataclasses import replace

import pytest

from engine.exports import Extent, csv
from engine.trace import State, Trace
from tests.support import synthetic
from tests.support.scene import MS


def rows_of(trace: Trace, t0: int | None = None, t1: int | None = None) -> list[dict[str, str]]:
    text = "".join(csv(Extent.of(trace, t0, t1)))
    return list(standard.DictReader(io.StringIO(text, newline=""), strict=True))


def test_every_segment_is_a_line_with_names_and_exact_times() -> None:
    trace = synthetic.waits_overlapping().trace
    told = rows_of(trace)
    assert len(told) == len(trace.segments)
    for line, (lane, start, end, state, detail, ref) in zip(told, trace.segments.rows(), strict=True):
        about = trace.lanes[lane]
        assert (int(line["lane"]), line["kind"], line["name"]) == (lane, about.kind, about.name)
        assert (int(line["start_ns"]), int(line["end_ns"]), int(line["duration_ns"])) == (start, end, end - start)
        assert line["state"] == State(state).name
        assert line["detail"] == (trace.strings[detail] if detail >= 0 else "")
        assert line["ref_name"] == (trace.lanes[ref].name if ref >= 0 else "")
        assert line["ref"] == (str(ref) if ref >= 0 else "")
        assert line["process"] == ("" if about.kind == "cpu" else "python")
        assert line["open"] == ""


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1", "＝1", "|calc", "%0A=1"])
def test_a_name_that_a_spreadsheet_would_run_is_only_a_name(name: str) -> None:
    trace = synthetic.threads_taking_turns().trace
    lanes = {**trace.lanes, 4: replace(trace.lanes[4], name=name)}
    told = {line["name"] for line in rows_of(replace(trace, lanes=lanes)) if line["lane"] == "4"}
    assert told == {f"'{name}"}


def test_commas_quotes_and_line_breaks_stay_within_their_cell() -> None:
    trace = synthetic.threads_taking_turns().trace
    name = 'a, "b"\r\nc; \ud800'
    told = rows_of(replace(trace, lanes={**trace.lanes, 4: replace(trace.lanes[4], name=name)}))
    assert {line["name"] for line in told if line["lane"] == "4"} == {'a, "b"\r\nc; \ufffd'}
    assert len(told) == len(trace.segments)


def test_a_window_takes_whole_segments() -> None:
    trace = synthetic.threads_taking_turns().trace
    t0, t1 = 500 * MS, 520 * MS
    told = [(int(line["lane"]), int(line["start_ns"]), int(line["end_ns"])) for line in rows_of(trace, t0, t1)]
    assert told == [(row[0], row[1], row[2]) for row in trace.segments.rows() if row[2] > t0 and row[1] < t1]


def test_a_segment_that_still_grows_says_so() -> None:
    recording = synthetic.threads_taking_turns()
    live = Trace(recording.record).grown(recording.frames[:3])
    growing = [line for line in rows_of(live) if line["open"] == "yes"]
    assert len(growing) == len(live.open) > 0
    assert {int(line["end_ns"]) for line in growing} == {live.t_ns}


def test_a_piece_is_told_before_the_next_is_made() -> None:
    pieces = csv(Extent.of(synthetic.large(100_000).trace))
    next(pieces)
    first = next(pieces)
    assert 0 < first.count("\r\n") <= 20_000
