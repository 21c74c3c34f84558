"""What a start went into, how processes end, and what is not known."""

from __future__ import annotations

import pytest

from engine.explain import ExplainError, NoSuchLaneError, explain
from engine.trace import State
from engine.views import ViewIndex
from tests.support import synthetic
from tests.support.asking import Play
from tests.support.scene import MS


def test_a_started_thread_says_who_made_it_and_what_kept_it() -> None:
    play = Play(cores=1)
    main, worker = play.thread("main"), play.thread("worker-1")
    play.was(main, 0, 10, "running")
    play.was(worker, 2, 7, "starting")
    play.was(worker, 7, 10, "running")
    play.was(play.gil, 0, 6, "held", ref=main)
    play.was(play.cores[0], 6, 7, "busy", ref=worker)
    play.edge("spawn", (main, 1.9), (worker, 2))
    play.edge("submit", (main, 3), (worker, 7))
    told = play.why(worker, 4)
    assert told["text"] == (
        "worker-1, started by main, took 5.00 ms to start: it was on a core for 1.00 ms of that; main held the GIL for 4.00 ms; "
        "its first job had waited 4.00 ms in the queue."
    )
    assert [edge["kind"] for edge in told["edges"]] == ["spawn", "submit"]
    assert told["advice"] is None


@pytest.mark.parametrize(
    ("method", "how"),
    [
        ("spawn", "a fresh interpreter started and imported what it needed"),
        ("fork", "it was copied from its parent"),
        (None, "its interpreter started and imported what it needed"),
    ],
)
def test_a_started_process_says_what_its_start_method_does(method: str | None, how: str) -> None:
    play = Play(cores=1)
    main = play.thread("main")
    child = play.lane("process", "worker-1", play.process, pid=200)
    first = play.thread("worker-1", child, pid=200, tid=200)
    play.was(main, 0, 100, "running")
    play.was(child, 0, 60, "starting")
    play.was(child, 60, 100, "running")
    play.was(first, 0, 60, "starting")
    play.was(play.cores[0], 10, 40, "busy", ref=first)
    play.edge("spawn", (main, 0), (first, 0))
    play.knows({"start_method": method})
    told = play.why(child, 4)
    assert (
        told["text"]
        == f"Process worker-1, started by main, took 60.0 ms to start: {how}; its first thread was on a core for 30.0 ms of that."
    )
    assert told["advice"].startswith("Starting a process costs that each time")
    assert play.why(first, 4)["text"] == f"worker-1, started by main, took 60.0 ms to start: {how}; it was on a core for 30.0 ms of that."
    assert play.why(child, 80)["text"] == "Process worker-1 ran for 40.0 ms, with 1 thread."


def test_a_process_that_becomes_another_program_at_once_imported_nothing() -> None:
    play = Play(cores=0)
    child = play.lane("process", "resource tracker", play.process, pid=200)
    play.was(child, 0, 0.2, "starting")
    play.was(child, 0.2, 5, "running")
    assert play.why(child, 0.1)["text"] == "Process resource tracker took 200 µs to start: it was made, and became the program that it is."


def test_a_task_starts_when_its_turn_comes() -> None:
    play = Play()
    main = play.thread("main")
    first, late = play.task("first()", main), play.task("late()", main)
    play.was(first, 0, 5, "running")
    play.was(late, 0, 5, "starting")
    assert play.why(late, 1)["text"] == (
        "Task late() took 5.00 ms to start, waiting for its first turn on the event loop: task first() had the loop, running Python."
    )


@pytest.mark.parametrize(("detail", "by"), [("SIGSEGV", " by SIGSEGV"), (None, "")])
def test_a_crash_names_its_signal(detail: str | None, by: str) -> None:
    play = Play()
    a = play.thread("a")
    play.was(a, 0, 10, "running", "poke (app.py)")
    play.was(play.process, 0, 10, "running")
    play.was(play.process, 10, 20, "crashed", detail)
    told = play.why(play.process, 12)
    unknown = "" if by else " By what is not on record: a signal, or an error that nobody caught."
    assert told["text"] == f"Process app.py was ended{by} at 10.000 ms.{unknown}"
    assert told["says"] == {"a": "shortly before it was running Python in poke (app.py) for 10.0 ms"}


def test_what_the_record_says_of_the_failure_stands_in_for_an_unknown_signal() -> None:
    play = Play()
    play.was(play.process, 0, 10, "running")
    play.was(play.process, 10, 20, "crashed")
    play.knows(status="failed", error={"message": "the measured process was killed by SIGKILL.\nmore"})
    assert play.why(play.process, 12)["text"].endswith("The record says: the measured process was killed by SIGKILL.")


@pytest.mark.parametrize(("result", "how"), [({}, ""), ({"exit_code": 3}, " with exit code 3"), ({"exit_code": -9}, ", by SIGKILL")])
def test_an_ended_process_says_when_and_how(result: dict[str, int], how: str) -> None:
    play = Play()
    play.was(play.process, 0, 10, "running")
    play.was(play.process, 10, 20, "exited")
    play.knows(result=result)
    assert play.why(play.process, 12)["text"] == f"Process app.py had ended at 10.000 ms{how}; the trace goes on for 10.0 ms."


def test_what_was_not_observed_says_why() -> None:
    play = Play(cores=1)
    a = play.thread("a")
    play.was(play.cores[0], 0, 10, "idle")
    play.was(a, 0, 5, "running")
    play.was(a, 5, 10, "unknown")
    play.was(play.gil, 0, 4, "unknown")
    play.was(play.gil, 4, 10, "held", ref=a)
    play.knows(sources={"marks": "exact", "kernel": "exact", "gil": "exact", "waits": "sampled"})
    told = play.why(a, 7)
    assert told["text"] == (
        "What a was in for 5.00 ms was not observed: it was on no core: it was blocked, but no source tells in what; "
        "the watch on what threads block in, which tells a lock from a socket, was only sampled."
    )
    assert "gilscope doctor" in told["advice"]
    told = play.why(play.gil, 2)
    assert told["text"] == "Who held the GIL for 4.00 ms was not observed: a GIL is watched only once its process is known to run Python."
    assert told["advice"] is None


def test_the_gil_of_a_process_that_starts_is_not_watched_yet() -> None:
    play = Play()
    play.was(play.process, 0, 10, "starting")
    play.was(play.gil, 0, 1, "free")
    play.was(play.gil, 1, 10, "unknown")
    assert play.why(play.gil, 5)["text"].endswith("was not observed: a GIL is watched only once its process is known to run Python.")


def test_the_note_of_a_lane_and_lost_records_are_told() -> None:
    play = Play(cores=0)
    play.scene.counters = {"dropped": 1200}
    core = play.lane("cpu", "CPU 0", note="lost sight for a while")
    play.was(core, 0, 5, "unknown")
    assert play.why(core, 2)["text"] == (
        "Who was on CPU 0 for 5.00 ms was not observed: its lane is told so: lost sight for a while; 1,200 records of this trace were lost."
    )


def test_lanes_of_one_name_are_told_apart_by_their_processes() -> None:
    play = Play()
    a = play.thread("main")
    child = play.lane("process", "tool", play.process, pid=200)
    b = play.thread("main", child, pid=200, tid=200)
    play.was(a, 0, 5, "lock_wait", "lock 1", ref=b)
    play.was(b, 0, 5, "running")
    play.edge("release", (b, 5), (a, 5))
    assert play.why(a, 2)["text"].startswith("main of app.py waited 5.00 ms for lock 1, until main of tool released it.")


def test_an_answer_is_as_exact_as_the_weakest_lane_that_it_rests_on() -> None:
    play = Play()
    a, b = play.thread("a"), play.thread("b", exactness="sampled")
    play.was(a, 0, 5, "gil_wait", ref=b)
    play.was(b, 0, 5, "running")
    play.was(play.gil, 0, 5, "held", ref=b)
    assert play.why(a, 2)["exactness"] == "sampled"
    assert play.why(b, 2)["exactness"] == "sampled"


def test_before_after_and_between_segments_words_say_what_is_there() -> None:
    play = Play()
    a, silent = play.thread("a"), play.thread("silent")
    play.was(a, 5, 6, "running")
    play.was(a, 8, 9, "running")
    play.was(play.gil, 0, 20, "free")
    assert [play.why(a, at)["text"] for at in (1, 7, 15)] == [
        "a was not there yet: it began at 5.000 ms.",
        "Nothing is recorded of a at 7.000 ms: a gap, which the recorder should not leave.",
        "a had ended: its last segment reaches to 9.000 ms.",
    ]
    assert play.why(silent, 7)["text"] == "silent has no segments in this trace."
    assert play.why(a, 7)["segment"] is None


def test_the_very_end_is_the_last_instant_and_beyond_it_is_nothing() -> None:
    trace = synthetic.threads_taking_turns(2, 0.1).trace
    index = ViewIndex(trace)
    assert explain(index, 1, trace.t_ns).spell is not None
    with pytest.raises(ExplainError, match="must lie within the trace, which is told from 0 to"):
        explain(index, 1, trace.t_ns + 1)
    with pytest.raises(ExplainError):
        explain(index, 1, -1)
    with pytest.raises(NoSuchLaneError, match="This trace has no lane 99"):
        explain(index, 99, 0)


@pytest.mark.parametrize("make", [synthetic.threads_taking_turns, synthetic.processes_at_once, synthetic.tasks_on_a_loop, synthetic.failed])
def test_every_segment_of_every_kind_of_trace_has_a_sentence(make: object) -> None:
    assert callable(make)
    trace = make(seconds=0.3).trace
    index = ViewIndex(trace)
    asked = set()
    for lane, start, end, state, *_ in trace.segments.rows():
        told = explain(index, lane, (start + end) // 2)
        assert told.spell is not None
        assert (told.spell.lane, told.spell.start, told.spell.end, told.spell.state) == (lane, start, end, state)
        assert told.answer.text.endswith(".")
        assert "_" not in told.answer.text
        assert all(because.start_ns < because.end_ns for because in told.answer.because)
        asked.add(State(state))
    assert len(asked) >= 5


def test_every_segment_of_a_live_trace_has_one_too() -> None:
    trace = synthetic.threads_taking_turns(2, 0.6).live(2)
    index = ViewIndex(trace)
    growing = trace.open.rows()
    assert growing
    for lane, start, end, *_ in growing:
        told = explain(index, lane, (start + end) // 2)
        assert told.spell is not None
        assert told.spell.open
        assert f"{MS}" not in told.answer.text
    later = explain(index, 3, trace.t_ns)
    assert later.spell is not None
