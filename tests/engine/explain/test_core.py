"""Why a thread has no core, and who is on one."""

from __future__ import annotations

from engine.explain.meanwhile import Meanwhile
from engine.trace import State
from engine.views import ViewIndex
from tests.support.asking import Play
from tests.support.scene import MS


def test_who_had_the_core_that_it_was_on_is_named_first() -> None:
    play = Play(cores=2)
    a, b, c = play.thread("a"), play.thread("b"), play.thread("c")
    first, second = play.cores
    play.was(a, 0, 2, "running")
    play.was(a, 2, 6, "runnable", ref=b)
    play.was(b, 2, 6, "running", "parse (app.py)")
    play.was(c, 0, 6, "native")
    play.was(second, 0, 2, "busy", ref=a)
    play.was(second, 2, 6, "busy", ref=b)
    play.was(first, 0, 6, "busy", ref=c)
    told = play.why(a, 3)
    assert told["text"] == (
        "a waited 4.00 ms for a core after it was taken off its own: CPU 1 was running b for 4.00 ms and CPU 0 was running c for 4.00 ms."
    )
    assert told["says"]["b"] == "had CPU 1 for 4.00 ms of it, running Python in parse (app.py)"
    assert [one["lane"] for one in told["because"]] == [b, c]
    assert told["advice"].startswith("More threads and processes were ready than there are cores")


def test_a_core_on_which_nobody_of_ours_was_had_probably_somebody_else() -> None:
    play = Play(cores=1)
    a = play.thread("a")
    play.was(a, 0, 2, "running")
    play.was(a, 2, 6, "runnable")
    play.was(play.cores[0], 0, 2, "busy", ref=a)
    play.was(play.cores[0], 2, 6, "idle")
    told = play.why(a, 3)
    assert told["text"] == (
        "a waited 4.00 ms for a core after it was taken off its own. Nobody of this run was on CPU 0: probably another program was there."
    )
    assert told["because"] == []
    assert "on a quiet machine" in told["advice"]
    assert play.why(play.cores[0], 3)["text"] == (
        "No thread of this run was on CPU 0 for 4.00 ms, though a waited for a core meanwhile: probably another program was there."
    )


def test_a_moment_without_a_core_is_what_a_wake_up_takes() -> None:
    play = Play(cores=1)
    a = play.thread("a")
    play.was(a, 0, 2, "io_wait")
    play.was(a, 2, 2.05, "runnable")
    play.was(play.cores[0], 0, 3, "idle")
    assert (
        play.why(a, 2.01)["text"]
        == "a waited 50.0 µs for a core after it was woken: waking a thread and putting it on a core takes that long."
    )


def test_without_cores_on_record_nobody_is_blamed() -> None:
    play = Play(cores=0)
    a = play.thread("a")
    play.was(a, 2, 6, "runnable")
    play.knows(sources={"kernel": "off"})
    told = play.why(a, 3)
    assert told["text"].endswith("Who had the cores is not known: the kernel's context switches were not recorded.")
    assert "gilscope doctor" in told["advice"]


def test_a_task_waits_for_the_core_of_its_thread() -> None:
    play = Play(cores=1)
    main, b = play.thread("main"), play.thread("b")
    task = play.task("parse()", main)
    for lane in (main, task):
        play.was(lane, 0, 2, "running")
        play.was(lane, 2, 6, "runnable", ref=b)
    play.was(play.cores[0], 0, 2, "busy", ref=main)
    play.was(play.cores[0], 2, 6, "busy", ref=b)
    play.was(b, 2, 6, "running")
    assert (
        play.why(task, 3)["text"]
        == "Task parse() waited 4.00 ms for a core after it was taken off its own: CPU 0 was running b for 4.00 ms."
    )


def test_a_busy_core_says_who_was_on_it_and_why_it_left() -> None:
    play = Play(cores=1)
    a, b = play.thread("a"), play.thread("b")
    play.was(a, 0, 2, "running", "spin (app.py)")
    play.was(a, 2, 4, "runnable", ref=b)
    play.was(b, 2, 4, "running")
    play.was(b, 4, 5, "io_wait", "sleep")
    play.was(play.cores[0], 0, 2, "busy", ref=a)
    play.was(play.cores[0], 2, 4, "busy", ref=b)
    assert (
        play.why(play.cores[0], 1)["text"]
        == "a was on CPU 0 for 2.00 ms, running Python in spin (app.py); then the kernel gave the core to b."
    )
    assert play.why(play.cores[0], 3)["text"] == "b was on CPU 0 for 2.00 ms, running Python; then it was asleep."


def test_an_idle_core_says_that_others_are_not_recorded() -> None:
    play = Play(cores=1)
    play.was(play.cores[0], 0, 2, "idle")
    assert play.why(play.cores[0], 1)["text"] == (
        "No thread of this run was on CPU 0 for 2.00 ms: none was ready for long. Whether another program was there is not recorded."
    )


def test_running_says_in_which_function_where_and_who_took_over() -> None:
    play = Play(cores=1)
    a, b = play.thread("a"), play.thread("b")
    play.was(a, 0, 5, "running", "spin (app.py)")
    play.was(a, 5, 9, "gil_wait", ref=b)
    play.was(a, 9, 10, "running")
    play.was(a, 10, 12, "runnable", ref=b)
    play.was(a, 12, 13, "running")
    play.was(a, 13, 14, "lock_wait", "lock 2")
    play.was(b, 5, 9, "running")
    play.was(play.gil, 0, 5, "held", ref=a)
    play.was(play.gil, 5, 9, "held", ref=b)
    play.was(play.cores[0], 0, 5, "busy", ref=a)
    assert play.why(a, 1)["text"] == "a ran Python in spin (app.py) for 5.00 ms on CPU 0; then it had to give the GIL to b."
    assert play.why(a, 9.5)["text"] == "a ran Python for 1.00 ms; then b got its core."
    assert play.why(a, 12.5)["text"] == "a ran Python for 1.00 ms; then it was waiting for lock 2."


def test_native_work_says_who_ran_python_meanwhile() -> None:
    play = Play(cores=1)
    a, b = play.thread("a"), play.thread("b")
    play.was(a, 0, 5, "native", "digest (app.py)")
    play.was(a, 5, 6, "running")
    play.was(a, 6, 6.02, "native")
    play.was(b, 1, 4, "running")
    play.was(play.gil, 1, 4, "held", ref=b)
    told = play.why(a, 2)
    assert told["text"].startswith(
        "a worked in digest (app.py) for 5.00 ms without the GIL, in C code that lets others run Python meanwhile"
    )
    assert told["text"].endswith("Meanwhile the GIL was held by b for 3.00 ms.")
    assert (
        play.why(a, 6.01)["text"]
        == "a was on a core for 20.0 µs without the GIL: a short system call, or the way into a wait or out of one."
    )


def test_without_a_gil_native_work_does_not_speak_of_one() -> None:
    play = Play(cores=0)
    a = play.thread("a")
    play.was(a, 0, 5, "native")
    play.knows({"interpreter": {"version": "3.13.5", "free_threaded": True, "gil_enabled": False}})
    assert "GIL" not in play.why(a, 2)["text"]


def test_work_is_told_once_with_the_function_in_which_it_was_seen_most() -> None:
    play = Play(cores=1)
    a = play.thread("a")
    functions = (None, "crunch (app.py)", "crunch (app.py)", "load (app.py)", "load (app.py)")
    for start, function in enumerate(functions):
        play.was(a, start, start + 0.9, "running", function)
        play.was(a, start + 0.9, start + 1, "runnable")
    doing = Meanwhile(ViewIndex(play.trace())).doing
    assert doing(a, 0, 3 * MS)[0] == (State.running, "crunch (app.py)", 2_700_000)
    assert doing(a, 0, 5 * MS)[0] == (State.running, "crunch (app.py)", 4_500_000)
    assert doing(a, 0, 1 * MS) == [(State.running, None, 900_000), (State.runnable, None, 100_000)]
