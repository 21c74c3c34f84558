"""Why a thread waits for the GIL, and who has it."""

from __future__ import annotations

from tests.support.asking import Play
from tests.support.scene import MS, US


def turns() -> tuple[Play, int, int, int]:
    """a waits while b and then c compute, each for a switch interval of 5 ms."""
    play = Play()
    a, b, c = play.thread("a"), play.thread("b"), play.thread("c")
    play.was(a, 0, 10, "gil_wait", ref=b)
    play.was(a, 10, 20, "running")
    play.was(b, 0, 5, "running", "spin (app.py)")
    play.was(b, 5, 20, "gil_wait", ref=c)
    play.was(c, 0, 5, "gil_wait", ref=b)
    play.was(c, 5, 10, "running")
    play.was(c, 10, 20, "io_wait", "sleep")
    for holder, start, end in ((b, 0, 5), (c, 5, 10), (a, 10, 20)):
        play.was(play.gil, start, end, "held", ref=holder)
    return play, a, b, c


def test_a_wait_names_who_held_it_and_for_how_long() -> None:
    play, a, b, c = turns()
    told = play.why(a, 7)
    assert told["text"] == "a waited 10.0 ms for the GIL: b (5.00 ms) and c (5.00 ms) held it in turn; c gave it up when it went to sleep."
    assert [(one["lane"], one["start_ns"], one["end_ns"], one["ns"]) for one in told["because"]] == [
        (b, 0, 5 * MS, 5 * MS),
        (c, 5 * MS, 10 * MS, 5 * MS),
    ]
    assert told["says"] == {"b": "held it for 5.00 ms, running Python in spin (app.py)", "c": "held it for 5.00 ms, running Python"}


def test_an_arrow_leads_from_who_let_it_go_to_who_had_waited() -> None:
    play, a, _, c = turns()
    (edge,) = play.why(a, 7)["edges"]
    assert edge == {"kind": "release", "from_lane": c, "from_ns": 10 * MS, "to_lane": a, "to_ns": 10 * MS}


def test_who_gives_it_up_and_wants_it_back_was_made_to() -> None:
    play, _, _, c = turns()
    text = play.why(c, 2)["text"]
    assert text == (
        "c waited 5.00 ms for the GIL: b held it, running Python in spin (app.py); "
        "it gave it up only when made to, after the switch interval of 5.00 ms."
    )
    assert play.why(c, 2)["advice"].startswith("Threads that compute take turns")
    play.knows({"program": ("app.py",)})
    assert "after the switch interval." in play.why(c, 2)["text"], "a program may have set its own"


def test_a_holder_without_a_core_is_told_as_that() -> None:
    play = Play()
    a, b = play.thread("a"), play.thread("b")
    play.was(a, 0, 12, "gil_wait", ref=b)
    play.was(a, 12, 13, "running")
    play.was(b, 0, 4, "running")
    play.was(b, 4, 12, "runnable")
    play.was(b, 12, 13, "io_wait", "socket 127.0.0.1:80")
    play.was(play.gil, 0, 12, "held", ref=b)
    play.was(play.gil, 12, 13, "held", ref=a)
    told = play.why(a, 3)
    assert told["says"]["b"] == "held it for 12.0 ms, waiting for a core for 8.00 ms and running Python for 4.00 ms"
    assert told["text"].endswith("; it gave it up when it began waiting for socket 127.0.0.1:80.")
    assert "keeps it while it waits for a core" in told["advice"]


def test_of_several_holders_the_one_without_a_core_is_marked() -> None:
    play = Play()
    a, b, c = play.thread("a"), play.thread("b"), play.thread("c")
    play.was(a, 0, 12, "gil_wait", ref=b)
    play.was(b, 0, 8, "runnable")
    play.was(c, 8, 12, "running")
    play.was(play.gil, 0, 8, "held", ref=b)
    play.was(play.gil, 8, 12, "held", ref=c)
    assert ": b (8.00 ms, mostly without a core) and c (4.00 ms) held it in turn" in play.why(a, 3)["text"]


def test_a_holder_that_blocks_is_told_as_that() -> None:
    play = Play()
    a, b = play.thread("a"), play.thread("b")
    play.was(a, 0, 12, "gil_wait", ref=b)
    play.was(b, 0, 12, "io_wait", "blocked_holding_gil: /data/big")
    play.was(play.gil, 0, 12, "held", ref=b)
    told = play.why(a, 3)
    assert "b held it, waiting for /data/big, with the GIL in hand" in told["text"]
    assert told["advice"].startswith("Who blocks with the GIL in hand stops all others")


def test_one_hold_of_many_switch_intervals_is_likely_one_call() -> None:
    play = Play()
    a, b = play.thread("a"), play.thread("b")
    play.was(a, 0, 40, "gil_wait", ref=b)
    play.was(b, 0, 40, "running")
    play.was(play.gil, 0, 40, "held", ref=b)
    assert "one call of C code" in play.why(a, 3)["advice"]
    play.knows(sources={"gil": "sampled"})
    assert "one call of C code" not in play.why(a, 3)["advice"], "samples may have missed that it was let go between"


def test_with_several_gils_the_one_that_is_waited_for_is_told() -> None:
    play = Play()
    other = play.lane("interpreter", "GIL of interpreter 1", pid=100)
    a, b, c = play.thread("a"), play.thread("b"), play.thread("c")
    play.was(a, 0, 5, "gil_wait", ref=c)
    play.was(b, 0, 5, "running")
    play.was(c, 0, 5, "running")
    play.was(play.gil, 0, 5, "held", ref=b)
    play.was(other, 0, 5, "held", ref=c)
    assert list(play.why(a, 3)["says"]) == ["c"]
    assert play.why(other, 3)["text"] == "c held the GIL of interpreter 1 for 5.00 ms, running Python; a waited for it."
    assert play.why(play.gil, 3)["text"].endswith("; nobody else wanted it.")


def test_an_unseen_holder_is_said_to_be_unseen() -> None:
    play = Play()
    a = play.thread("a", exactness="inferred")
    play.was(a, 0, 5, "gil_wait")
    play.was(play.gil, 0, 5, "unknown")
    play.knows(sources={"gil": "inferred"})
    told = play.why(a, 3)
    assert told["text"] == "a waited 5.00 ms for the GIL. Who held it meanwhile was not seen."
    assert "gilscope doctor" in told["advice"]
    assert told["exactness"] == "inferred"


def test_a_wait_that_goes_on_is_told_so_far_and_ends_with_nobody() -> None:
    play = Play()
    a, b = play.thread("a"), play.thread("b")
    play.was(a, 200, 600, "gil_wait", ref=b)
    play.was(b, 0, 600, "running")
    play.was(play.gil, 0, 600, "held", ref=b)
    told = play.why(a, 230, play.live(1))
    assert told["open"] is True
    assert told["text"] == "a has waited 50.0 ms so far for the GIL: b held it, running Python."
    assert told["edges"] == []
    assert play.why(a, 230)["open"] is False


def test_a_held_gil_says_who_waits_for_it_longest_first() -> None:
    play, a, _, c = turns()
    told = play.why(play.gil, 2)
    assert told["text"] == "b held the GIL for 5.00 ms, running Python in spin (app.py); a and c waited for it; then c took it."
    assert {one["lane"] for one in told["because"]} >= {a, c}


def test_a_free_gil_says_what_the_threads_did_instead() -> None:
    play = Play()
    for name in ("a", "b"):
        play.was(play.thread(name), 0, 5, "io_wait", "sleep")
    play.was(play.thread("c"), 0, 5, "lock_wait", "join a")
    play.was(play.gil, 0, 5, "free")
    assert play.why(play.gil, 1)["text"] == (
        "Nobody held the GIL for 5.00 ms: 2 threads were waiting for I/O or asleep and c was waiting for a lock, a queue or a join."
    )


def test_a_moment_between_two_holders_is_the_time_of_a_wake_up() -> None:
    play = Play()
    play.was(play.thread("a"), 0, 0.03, "runnable")
    play.was(play.gil, 0, 0.03, "free")
    assert play.why(play.gil, 0.01)["text"] == f"Nobody held the GIL for {30 * US / 1000:.1f} µs: who gets it next has to be woken first."
