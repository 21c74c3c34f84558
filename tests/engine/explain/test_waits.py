"""Why a thread waits for a lock, a queue, another thread or the world outside, and what ended that."""

from __future__ import annotations

import pytest

from engine.explain.phrases import Wait, awaited, doing
from engine.trace import State
from tests.support.asking import Play
from tests.support.scene import MS


def test_a_wait_for_a_lock_names_who_released_it_and_what_that_one_did() -> None:
    play = Play()
    a, b = play.thread("a"), play.thread("b")
    play.was(a, 0, 20, "lock_wait", "lock 2", ref=b)
    play.was(a, 20, 21, "running")
    play.was(b, 0, 16, "io_wait", "sleep")
    play.was(b, 16, 20, "running")
    play.edge("release", (b, 20), (a, 20))
    told = play.why(a, 3)
    assert told["text"] == (
        "a waited 20.0 ms for lock 2, until b released it. Meanwhile b was asleep for 16.0 ms and running Python for 4.00 ms."
    )
    assert [edge["kind"] for edge in told["edges"]] == ["release"]
    assert told["because"][0]["lane"] == b
    assert told["because"][0]["state"] == "io_wait"
    assert told["advice"].startswith("What is done while a lock is held makes all others wait")


def test_an_edge_counts_although_its_thread_came_to_a_core_only_later() -> None:
    play = Play()
    a, b = play.thread("a"), play.thread("b")
    play.was(a, 0, 20, "lock_wait", "get Queue 1")
    play.was(a, 20, 23, "runnable")
    play.was(a, 23, 24, "running")
    play.was(b, 0, 24, "running")
    play.edge("message", (b, 19.99), (a, 23))
    assert play.why(a, 3)["text"].startswith("a waited 20.0 ms for something to come out of Queue 1, until b put something in.")


def test_who_went_on_only_late_is_told_as_that() -> None:
    play = Play()
    a, b = play.thread("a"), play.thread("b")
    play.was(a, 0, 20, "lock_wait", "event thread start")
    play.was(b, 0, 1, "starting")
    play.was(b, 1, 20, "running")
    play.edge("release", (b, 1), (a, 20))
    assert play.why(a, 3)["text"] == "a waited 20.0 ms for a new thread to start, until b had begun; it went on only 19.0 ms after that."


def test_a_new_thread_that_is_waited_for_is_the_one_that_was_made() -> None:
    play = Play()
    main, worker = play.thread("main"), play.thread("worker-1")
    play.was(main, 0, 5, "lock_wait", "event thread start")
    play.was(worker, 0, 5, "starting")
    play.edge("spawn", (main, 0), (worker, 0))
    told = play.why(main, 2)
    assert (
        told["text"]
        == "main waited 5.00 ms for a new thread to start, until worker-1 had begun. Meanwhile worker-1 was starting for 5.00 ms."
    )


def test_a_join_says_what_the_joined_thread_did() -> None:
    play = Play()
    a, b = play.thread("a"), play.thread("b")
    play.was(a, 0, 20, "lock_wait", "join b")
    play.was(b, 0, 20, "io_wait", "socket 127.0.0.1:80")
    told = play.why(a, 3)
    assert told["text"] == "a waited 20.0 ms for b to end. Meanwhile b was waiting for socket 127.0.0.1:80 for 20.0 ms."
    assert [one["lane"] for one in told["because"]] == [b]


def test_a_join_of_all_names_the_last_that_ended() -> None:
    play = Play()
    main = play.thread("main")
    play.was(main, 0, 20, "lock_wait", "join")
    for name, end in (("a", 12), ("b", 19.5), ("c", 15)):
        play.was(play.thread(name), 0, end, "running")
    told = play.why(main, 3)
    assert told["text"] == "main waited 20.0 ms for others to end; b was the last that did."
    assert play.trace().lanes[told["because"][0]["lane"]].name == "b"


def test_a_wait_that_nobody_was_seen_to_end_says_so() -> None:
    play = Play()
    a = play.thread("a")
    play.was(a, 0, 20, "lock_wait", "lock 2")
    play.was(a, 20, 30, "running")
    play.was(a, 30, 40, "lock_wait")
    assert play.why(a, 3)["text"] == "a waited 20.0 ms for lock 2. Who held it is not on record."
    assert play.why(a, 33)["text"] == "a waited 10.0 ms for a lock that has no name. Who held it is not on record."


def test_a_wait_with_the_gil_in_hand_is_warned_of() -> None:
    play = Play()
    a = play.thread("a")
    play.was(a, 0, 20, "lock_wait", "blocked_holding_gil: get Queue 1")
    play.was(a, 20, 21, "running")
    play.was(a, 21, 30, "io_wait", "blocked_holding_gil")
    assert play.why(a, 3)["text"].startswith("a waited 20.0 ms for something to come out of Queue 1.")
    assert play.why(a, 3)["advice"].startswith("It waited with the GIL in hand")
    assert play.why(a, 22)["text"].startswith("a was blocked for 9.00 ms with the GIL in hand. In what is not recorded")
    assert play.why(a, 22)["advice"].startswith("It blocked with the GIL in hand")


def test_a_stop_of_the_world_is_not_told_as_a_lock() -> None:
    play = Play()
    a = play.thread("a")
    play.was(a, 0, 2, "lock_wait", "stop_the_world")
    assert play.why(a, 1)["text"].startswith("a was stopped for 2.00 ms, as were all other threads of its interpreter")


def test_sleep_sockets_files_and_children_are_named() -> None:
    play = Play()
    a = play.thread("a")
    child = play.lane("process", "tool", play.process, pid=777)
    play.was(child, 30, 40, "running")
    play.was(a, 0, 10, "io_wait", "sleep")
    play.was(a, 10, 20, "io_wait", "socket 127.0.0.1:80")
    play.was(a, 20, 20.1, "io_wait", "/etc/hosts")
    play.was(a, 20.1, 30, "io_wait", "stopped")
    play.was(a, 30, 40, "io_wait", "child 777")
    free = " It had let the GIL go, so that others could run meanwhile."
    assert play.why(a, 1)["text"] == f"a slept for 10.0 ms.{free}"
    assert play.why(a, 11)["text"] == f"a waited 10.0 ms for socket 127.0.0.1:80.{free}"
    assert play.why(a, 20.05)["text"] == "a waited 100 µs for /etc/hosts."
    assert play.why(a, 25)["text"] == "a was stopped for 9.90 ms by a signal (SIGSTOP, or Ctrl-Z)."
    assert play.why(a, 35)["text"] == f"a waited 10.0 ms for process tool to end.{free}"
    assert play.why(a, 35)["because"][0]["lane"] == child


def test_who_sent_what_was_waited_for_is_told() -> None:
    play = Play()
    a, b = play.thread("a"), play.thread("b")
    play.was(a, 0, 10, "io_wait", "results future")
    play.was(b, 0, 10, "running")
    play.edge("message", (b, 10), (a, 10))
    told = play.why(a, 1)
    assert told["text"].startswith("a waited 10.0 ms for results of a future, until b had them.")
    assert told["says"] == {"b": "was meanwhile running Python for 10.0 ms"}


def test_results_come_from_whose_job_ended_last() -> None:
    play = Play()
    main, a, b = play.thread("main"), play.thread("a"), play.thread("b")
    play.was(main, 0, 10, "io_wait", "results")
    play.was(a, 0, 12, "running")
    play.was(b, 0, 9, "native")
    for lane, end in ((a, 4), (b, 9), (a, 12)):
        play.scene.job(lane, 0, 0, end * MS)
    told = play.why(main, 1)
    assert told["text"].startswith("main waited 10.0 ms for results, the last of them from b.")
    assert told["says"] == {"b": "was meanwhile running code outside the GIL for 9.00 ms"}


def test_a_task_that_blocks_is_told_to_await_instead() -> None:
    play = Play()
    task = play.task("fetch()", play.thread("main"))
    play.was(task, 0, 50, "io_wait", "sleep")
    assert play.why(task, 1)["text"] == "Task fetch() slept for 50.0 ms, and its whole event loop with it."
    assert play.why(task, 1)["advice"].startswith("It blocked its event loop")


def test_a_worker_without_a_job_says_who_gave_it_one() -> None:
    play = Play()
    main, worker = play.thread("main"), play.thread("worker-1")
    play.was(worker, 0, 10, "idle")
    play.was(worker, 10, 20, "running")
    play.was(worker, 20, 30, "idle")
    play.was(main, 0, 30, "running")
    play.edge("submit", (main, 9.5), (worker, 10))
    told = play.why(worker, 1)
    assert told["text"] == (
        "worker-1 had nothing to do for 10.0 ms: it had no job, until main handed it one (500 µs from handing it over to its start)."
    )
    assert [edge["kind"] for edge in told["edges"]] == ["submit"]
    assert play.why(worker, 25)["text"] == "worker-1 had nothing to do for 10.0 ms: it had no job."


def test_the_thread_of_an_idle_loop_says_which_task_came_next() -> None:
    play = Play()
    main = play.thread("main")
    task = play.task("fetch()", main)
    play.was(main, 0, 10, "idle")
    play.was(main, 10, 20, "running")
    play.was(task, 0, 10, "suspended", "sleep")
    play.was(task, 10, 20, "running")
    assert play.why(main, 1)["text"] == ("main had nothing to do for 10.0 ms: no task of its event loop was ready, until task fetch() was.")


@pytest.mark.parametrize(
    ("detail", "what"),
    [
        ("lock 2", "for lock 2"),
        ("lock", "for a lock"),
        ("get Queue 1", "for something to come out of Queue 1"),
        ("put Queue 1", "for room in Queue 1"),
        ("condition Condition 3", "to be notified through Condition 3"),
        ("condition", "to be notified through a condition"),
        ("event Event 1", "for Event 1 to be set"),
        ("event thread start", "for a new thread to start"),
        ("barrier Barrier 1", "for the others at Barrier 1"),
        ("join worker-1", "for worker-1 to end"),
        ("join", "for others to end"),
        ("join gather()", "for all that gather() gathers"),
        ("results futures", "for results of futures"),
        ("child process", "for a child process to end"),
        ("receive", "for data"),
        ("file 4", "for file 4"),
        ("/data/x.bin", "for /data/x.bin"),
        ("pipe 4711", "for pipe 4711"),
        ("poll", "for any of several files or sockets"),
        ("eventpoll", "for eventpoll"),
        (None, "for something of which nothing more is recorded"),
    ],
)
def test_details_become_words(detail: str | None, what: str) -> None:
    assert Wait.of(detail).what == what


@pytest.mark.parametrize(
    ("detail", "what"),
    [
        ("lock serve › Lock.acquire", "a lock (serve › Lock.acquire)"),
        ("receive StreamReader.read › StreamReader.read", "data (StreamReader.read)"),
        ("connect open_connection › BaseEventLoop.create_connection", "a connection (open_connection)"),
        ("join future", "others to end"),
        ("join child() · Task-5", "child() · Task-5"),
        ("fetch › inner", "fetch › inner"),
        ("sleep", "a sleep"),
    ],
)
def test_what_is_awaited_becomes_words(detail: str, what: str) -> None:
    assert awaited(detail) == what


@pytest.mark.parametrize("state", [*State])
def test_no_state_is_told_by_its_code(state: State) -> None:
    assert "_" not in doing(state, None)
