"""The timeline in a terminal."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from engine.text import GLYPHS, HEIGHTS, timeline
from engine.trace import State, Trace
from tests.support import synthetic
from tests.support.drawing import drawn


def row(picture: str, name: str) -> str:
    """What stands between a lane's name and its remark."""
    (line,) = [line for line in picture.splitlines() if line.split()[0] == name]
    return line.split(name, 1)[1][1:].split("  ")[0]


def test_the_picture_shows_shares_states_axis_and_legend() -> None:
    trace = drawn("""
        process  python  |srrrrrrrrrrrrrrrrrrrr|
        gil      GIL     |abbbbbbbbbb.........b|  @ a=one b=two
        thread   one     |srrrrrrrrrrwwwwwwwwww|
        thread   two     |sgggggggggglllllqqqqr|
        cpu      cpu-0   |..aaaaaaaaaaaaaaaaaaa|  @ a=one
    """)
    assert timeline(trace, 30).splitlines() == [
        "cpu-0  ..███████████████████",
        "python s────────────────────",
        "  GIL  ███████████.........█",
        "  one  s██████████~~~~~~~~~~",
        "  two  sxxxxxxxxxx#####^^^^█",
        "       |         |         |",
        "       0         10 ms",
        "▂▅█ share on a core, held or busy",
        "x gil_wait   # lock_wait",
        "~ io_wait   ^ runnable",
        ". idle, free   s starting",
    ]


def test_threads_that_take_turns_never_look_solid_nor_as_if_they_ran_alone() -> None:
    picture = timeline(synthetic.threads_taking_turns().trace, 60)
    for name in ("worker-1", "worker-2", "worker-3", "worker-4"):
        inner = row(picture, name)[2:-2]
        assert set(inner) <= set("▁▂▃"), inner


def test_processes_that_run_at_once_look_solid() -> None:
    trace = synthetic.processes_at_once().trace
    renamed = {number: replace(lane, name=f"lane-{number}") for number, lane in trace.lanes.items()}
    picture = timeline(replace(trace, lanes=renamed), 60)
    for lane in (lane for lane in trace.lanes.values() if lane.measured):
        assert set(row(picture, f"lane-{lane.id}")[3:-2]) == {"█"}


def test_the_axis_has_round_numbers_and_a_unit() -> None:
    assert re.search(r"0 +0\.5 +1 +1\.5 +2 s$", timeline(synthetic.threads_taking_turns().trace, 100), re.MULTILINE)
    assert re.search(r"0 .*\d ms$", timeline(synthetic.failed().trace, 100), re.MULTILINE)
    assert re.search(r"0 .*\d ns$", timeline(drawn("thread one |rrr|", column_ns=30), 100), re.MULTILINE)


@pytest.mark.parametrize("width", [40, 71, 72, 100, 200])
@pytest.mark.parametrize("make", [synthetic.threads_taking_turns, synthetic.tasks_on_a_loop, synthetic.waits_overlapping, synthetic.failed])
def test_no_line_is_wider_than_asked_for(make: object, width: int) -> None:
    trace = make().trace  # type: ignore[operator]
    for line in timeline(trace, width).splitlines():
        assert len(line) <= width, line


def test_colour_adds_nothing_but_colour() -> None:
    trace = synthetic.tasks_on_a_loop().trace
    plain, coloured = timeline(trace, 100), timeline(trace, 100, color=True)
    assert "\x1b[" not in plain
    assert "\x1b[" in coloured
    rows = len(trace.lanes)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured).splitlines()[:rows] == plain.splitlines()[:rows]


def test_a_name_from_a_stranger_cannot_speak_to_the_terminal() -> None:
    trace = drawn("process p |rrr|\nthread one |rrr|")
    lanes = {number: replace(lane, name="\x1b]0;owned\x07\r\n") for number, lane in trace.lanes.items()}
    picture = timeline(replace(trace, lanes=lanes), 80)
    assert not {"\x1b", "\x07", "\r"} & set(picture)
    assert "?]0;owned???" in picture


def test_a_live_trace_has_a_picture_too() -> None:
    picture = timeline(synthetic.threads_taking_turns().live(3), 80)
    assert "worker-4" in picture
    assert " ms\n" in picture


def test_nothing_recorded_is_no_picture() -> None:
    assert timeline(Trace(synthetic.record("cpu", "threads", 2))) == ""


def test_of_thousands_of_lanes_the_first_are_shown_and_the_rest_counted() -> None:
    drawing = "process p |rrr|\n" + "\n".join(f"thread t{number} |rrr|" for number in range(100))
    picture = timeline(drawn(drawing), 80)
    assert "… and 53 more lanes" in picture
    assert len(picture.splitlines()) < 60


def test_tasks_that_carry_no_job_are_only_counted() -> None:
    picture = timeline(drawn("process p |rrr|\nthread loop |rrr|\ntask job |rrz|\ntask helper |zzr| unmeasured"), 80)
    assert "job" in picture
    assert "helper" not in picture
    assert "… and 1 more lane\n" in picture


def test_lanes_whose_parents_form_a_circle_hang_nobody() -> None:
    trace = drawn("process p |rrr|\nthread one |rrr|\nthread two |rrr|")
    lanes = {1: replace(trace.lanes[1], parent=2), 2: replace(trace.lanes[2], parent=1), 3: trace.lanes[3]}
    assert isinstance(timeline(replace(trace, lanes=lanes), 80), str)


def test_every_state_has_a_look_of_its_own_or_counts_as_height() -> None:
    assert set(GLYPHS) | {State.running, State.native, State.held, State.busy} == set(State)
    assert not set(GLYPHS.values()) & set(HEIGHTS)


def test_a_lane_of_which_there_is_nothing_to_tell_says_why() -> None:
    trace = drawn("process p |rrr|\ngil GIL |   |\nthread one |rrr|")
    gil = replace(trace.lanes[2], note="GIL disabled: threads run Python at once")
    assert "GIL disabled" in timeline(replace(trace, lanes={**trace.lanes, 2: gil}), 100)
