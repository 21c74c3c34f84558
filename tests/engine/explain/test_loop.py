"""Why a task waits for its turn, and what it awaits."""

from __future__ import annotations

from tests.support import synthetic
from tests.support.asking import Play
from tests.support.scene import MS


def loop() -> tuple[Play, int, int, int]:
    """On one loop `slow` computes for 12 ms and `other` for 2 ms while `late` is ready."""
    play = Play()
    main = play.thread("main")
    slow, other, late = (play.task(name, main) for name in ("slow()", "other()", "late()"))
    play.was(late, 0, 1, "running")
    play.was(late, 1, 2, "suspended", "sleep")
    play.was(late, 2, 14, "ready", ref=slow)
    play.was(late, 14, 15, "running")
    play.was(slow, 1, 3, "running")
    play.was(slow, 3, 12, "running", "crunch (app.py)")
    play.was(slow, 12, 13, "runnable")
    play.was(slow, 13, 20, "suspended", "event Event.wait")
    play.was(other, 13, 14, "running")
    play.was(main, 0, 20, "running")
    return play, slow, other, late


def test_the_steps_that_had_the_loop_are_told_longest_first() -> None:
    play, slow, other, late = loop()
    told = play.why(late, 3)
    assert told["text"] == (
        "Task late() was ready and waited 12.0 ms for its turn on the event loop: "
        "the loop was running task slow() for 11.0 ms and task other() for 1.00 ms."
    )
    assert [(one["lane"], one["start_ns"], one["end_ns"], one["ns"]) for one in told["because"]] == [
        (slow, 1 * MS, 13 * MS, 11 * MS),
        (other, 13 * MS, 14 * MS, 1 * MS),
    ]
    assert told["says"]["slow()"] == ("had the loop for 11.0 ms of its step of 12.0 ms, running Python in crunch (app.py)")
    assert told["advice"].startswith("An event loop cannot interrupt a task")


def test_a_step_that_blocks_the_loop_is_told_to_await() -> None:
    play = Play()
    main = play.thread("main")
    blocker, late = play.task("blocker()", main), play.task("late()", main)
    play.was(late, 0, 50, "ready", ref=blocker)
    play.was(blocker, 0, 50, "io_wait", "sleep")
    told = play.why(late, 3)
    assert (
        told["text"]
        == "Task late() was ready and waited 50.0 ms for its first turn on the event loop: task blocker() had the loop, asleep."
    )
    assert told["advice"].startswith("A call that blocks stops the whole loop")


def test_tasks_of_other_loops_are_not_blamed() -> None:
    play = Play()
    main, second = play.thread("main"), play.thread("second")
    late, elsewhere = play.task("late()", main), play.task("elsewhere()", second)
    play.was(elsewhere, 0, 50, "running")
    play.was(late, 0, 50, "ready")
    play.was(main, 0, 50, "gil_wait")
    told = play.why(late, 3)
    assert told["text"].endswith("its thread, main, was waiting for the GIL for 50.0 ms.")
    assert told["because"] == []


def test_what_a_task_awaits_is_told_with_the_task_in_whose_step_that_ended() -> None:
    play, slow, other, _ = loop()
    play.was(other, 14, 15, "suspended", "sleep")
    play.was(other, 19, 21, "running")
    play.was(slow, 20, 23, "ready")
    told = play.why(slow, 15)
    assert told["text"] == (
        "Task slow() awaited an event (Event.wait) for 7.00 ms, until task other() set it; then it waited 3.00 ms for its turn on the loop."
    )
    assert [one["lane"] for one in told["because"]] == [other]


def test_an_awaited_task_is_pointed_at() -> None:
    play = Play()
    main = play.thread("main")
    parent, child = play.task("parent() · Task-1", main), play.task("child() · Task-2", main)
    play.was(parent, 0, 1, "running")
    play.was(parent, 1, 10, "suspended", "join child() · Task-2")
    play.was(child, 1, 9.9, "suspended", "sleep")
    told = play.why(parent, 5)
    assert told["text"] == "Task parent() · Task-1 awaited child() · Task-2 for 9.00 ms."
    assert told["says"] == {"child() · Task-2": "was meanwhile awaiting a sleep for 8.90 ms"}


def test_of_several_that_are_gathered_the_last_to_end_is_told() -> None:
    play = Play()
    main = play.thread("main")
    parent = play.task("parent()", main)
    play.was(parent, 0, 20, "suspended", "join gather()")
    for name, end in (("a()", 8), ("b()", 19.9), ("c()", 12)):
        play.was(play.task(name, main), 0, end, "suspended")
    assert play.why(parent, 5)["text"] == "Task parent() awaited gather() for 20.0 ms, until task b() came to its end just before."


def test_work_in_a_thread_leads_to_that_thread() -> None:
    play = Play()
    main, worker = play.thread("main"), play.thread("asyncio_0")
    task = play.task("fetch()", main)
    play.was(task, 0, 2, "running")
    play.was(task, 2, 20, "suspended", "to_thread")
    play.was(worker, 3, 20, "running", "read_all (app.py)")
    play.edge("submit", (task, 1), (worker, 3))
    told = play.why(task, 5)
    assert told["text"] == "Task fetch() awaited work in a thread (to_thread) for 18.0 ms, until asyncio_0 had done it."
    assert told["says"] == {"asyncio_0": "was meanwhile running Python in read_all (app.py) for 17.0 ms"}


def test_sleeps_and_sockets_end_by_the_loop_itself() -> None:
    play = Play()
    task = play.task("fetch()", play.thread("main"))
    play.was(task, 0, 2, "suspended", "sleep")
    play.was(task, 2, 3, "running")
    play.was(task, 3, 5, "suspended", "receive StreamReader.read")
    play.was(task, 5, 6, "running")
    play.was(task, 6, 7, "suspended")
    assert play.why(task, 1)["text"] == "Task fetch() awaited a sleep for 2.00 ms, until the loop's timer ended it."
    assert (
        play.why(task, 4)["text"]
        == "Task fetch() awaited data (StreamReader.read) for 2.00 ms, until the loop saw that the socket was ready."
    )
    assert play.why(task, 6.5)["text"] == "Task fetch() awaited something, of which nothing more is recorded, for 1.00 ms."


def test_a_step_of_120_ms_among_many_is_found() -> None:
    trace = synthetic.tasks_on_a_loop().trace
    waits = trace.segments.take((trace.segments.state == 8) & (trace.segments.end - trace.segments.start > 100 * MS))
    lane, start, end = int(waits.lane[0]), int(waits.start[0]), int(waits.end[0])
    told = Play().why(lane, (start + end) / 2 / MS, trace)
    assert told["because"][0]["end_ns"] - told["because"][0]["start_ns"] == 120 * MS


def test_many_short_steps_are_told_by_their_number() -> None:
    play = Play()
    main = play.thread("main")
    late = play.task("late()", main)
    play.was(late, 0, 30, "ready")
    for number in range(30):
        play.was(play.task(f"job-{number}", main), number, number + (1 if number != 7 else 0.9), "running")
    told = play.why(late, 3)
    assert told["text"].endswith("on the event loop: the loop was running 30 other tasks in turn, longest task job-0 for 1.00 ms.")
    assert len(told["because"]) == 8


def test_one_long_step_among_many_is_named_and_the_others_counted() -> None:
    play = Play()
    main = play.thread("main")
    late = play.task("late()", main)
    play.was(late, 0, 30, "ready")
    play.was(play.task("long()", main), 0, 20, "running")
    for number in range(10):
        play.was(play.task(f"job-{number}", main), 20 + number, 21 + number, "running")
    assert play.why(late, 3)["text"].endswith("the loop was running task long() for 20.0 ms and 10 other tasks for 10.0 ms.")
