"""The table from evidence to state, row by row. A column is a millisecond.

core   digit: that CPU   .: blocked   -: preempted   ?: unseen
gil    a: the thread itself   b: another   ' ': nobody   ?: untold
op     p: Python in a job   n: native   z: sleep   j: join   s: select   o: before its job   c: the user's call
asks   !: it asks for the GIL
is     r: running   n: native   g: gil_wait   y: runnable   i: io_wait   l: lock_wait   d: idle   s: starting   ?: unknown
"""

from __future__ import annotations

import pytest

from engine.agent._gilscope import codes
from engine.timeline.layer import Layer
from engine.timeline.operations import BEFORE, SELECT
from engine.timeline.thread_states import BLOCKED, NOBODY, PREEMPTED, UNSEEN, UNTOLD, ThreadLayers, thread_states
from engine.trace import State

MS = 1_000_000
ME, OTHER = 7, 8
CORE = {".": BLOCKED, "-": PREEMPTED, "?": UNSEEN, "0": 0, "1": 1}
GIL = {"a": ME, "b": OTHER, " ": NOBODY, "?": UNTOLD}
OPERATION = {
    "p": codes.PYTHON,
    "n": codes.NATIVE,
    "z": codes.SLEEP,
    "j": codes.JOIN,
    "c": codes.CALL,
    "s": SELECT,
    "o": BEFORE,
}
IS = {
    "r": State.running,
    "n": State.native,
    "g": State.gil_wait,
    "y": State.runnable,
    "i": State.io_wait,
    "l": State.lock_wait,
    "d": State.idle,
    "s": State.starting,
    "?": State.unknown,
}


def layer(drawing: str, meaning: dict[str, int]) -> Layer:
    grown = Layer(meaning[drawing[0]])
    grown.extend([column * MS for column in range(len(drawing))], [meaning[one] for one in drawing])
    return grown


def states(core: str, gil: str | None, operation: str, asks: str = "", *, told: bool = True, placed: bool = False) -> str:
    """The drawing of what comes out; told that nobody asks, unless `asks` is drawn or `told` is False."""
    layers = ThreadLayers(
        ME,
        layer(core, CORE),
        layer(operation, OPERATION),
        None if gil is None else layer(gil, GIL),
        layer(asks.ljust(len(core)), {" ": 0, "!": 1}),
        Layer(int(told)),
        placed,
        5 * MS,
    )
    runs = thread_states(layers, 0, len(core) * MS)
    names = {int(state): letter for letter, state in IS.items()}
    return "".join(
        names[int(state)] * round(int(stop - start) / MS) for start, stop, state in zip(runs.start, runs.stop, runs.state, strict=True)
    )


@pytest.mark.parametrize(
    ("why", "core", "gil", "operation", "asks", "then"),
    [
        ("on a core with the GIL is running Python", "0000", "aaaa", "pppp", "    ", "rrrr"),
        ("blocked while it asks and another holds is waiting for the GIL", "00....00", "aabbbbaa", "pppppppp", "  !!!!  ", "rrggggrr"),
        ("who asks and has a core for long all the same is on it", "00000000", "aabbbbaa", "pppppppp", "  !!!!  ", "rrnnnnrr"),
        ("asking while nobody holds it is lacking a core", "00....00", "aabb  aa", "pppppppp", "  !!!!  ", "rrggyyrr"),
        ("preempted is lacking a core, whoever holds the GIL", "00--00", "aaaaaa", "pppppp", "      ", "rryyrr"),
        ("on a core without the GIL is native", "00000000", "aa    aa", "ppnnnnpp", "        ", "rrnnnnrr"),
        ("native work beside another's Python is native all the same", "00000000", "aabbbbaa", "ppnnnnpp", "        ", "rrnnnnrr"),
        ("a block inside a sleep is a wait for time", "00....00", "aa    aa", "ppzzzzpp", "        ", "rriiiirr"),
        ("woken from it without the GIL it waits for that", "00......00", "aabbbbbbaa", "ppzzzzzzpp", "     !!!  ", "rriiigggrr"),
        ("a block inside a join is a wait for a lock", "00....00", "aa    aa", "ppjjjjpp", "        ", "rrllllrr"),
        ("a loop that waits for events is idle", "00....00", "aa    aa", "ppsssspp", "        ", "rrddddrr"),
        ("before its job all is starting", "0..-00", "a  baa", "oooopp", "      ", "ssssrr"),
        ("where records are missing nothing is guessed", "00??00", "aaaaaa", "pppppp", "      ", "rr??rr"),
        ("in a job unmarked Python blocks for nothing but the GIL", "00....00", "aabbbbaa", "pppppppp", "        ", "rrggggrr"),
    ],
)
def test_where_asking_is_told(why: str, core: str, gil: str, operation: str, asks: str, then: str) -> None:
    assert states(core, gil, operation, asks) == then, why


@pytest.mark.parametrize(
    ("why", "core", "gil", "operation", "then"),
    [
        ("a sleep's first block is its own", "00....00", "aabbbbaa", "ppzzzzpp", "rriiiirr"),
        ("Python that blocks while another holds the GIL waits for it", "00....00", "aabbbbaa", "pppppppp", "rrggggrr"),
    ],
)
def test_where_nobody_tells_who_asks(why: str, core: str, gil: str, operation: str, then: str) -> None:
    assert states(core, gil, operation, told=False) == then, why


def test_without_a_gil_nobody_waits_for_it() -> None:
    assert states("00--1100", None, "ppppppnn") == "rryyrrnn"


def test_where_cores_are_inferred_the_gil_knows_better_who_runs_python() -> None:
    assert states("00000000", "aabbbbaa", "pppppppp", told=False, placed=True) == "rrggggrr"


def test_a_look_at_the_gil_between_two_waits_is_part_of_them() -> None:
    """The futex of a thread that waits times out every switch interval; it runs for microseconds and waits again."""
    layers = ThreadLayers(ME, Layer(BLOCKED), Layer(codes.PYTHON), Layer(OTHER), Layer(1), Layer(1), False, 5 * MS)
    layers.core.extend([5 * MS, 5 * MS + 9_000, 10 * MS, 10 * MS + 9_000], [0, BLOCKED, 1, BLOCKED])
    runs = thread_states(layers, 0, 15 * MS)
    assert [(int(start), State(int(state))) for start, state in zip(runs.start, runs.state, strict=True)] == [(0, State.gil_wait)]


def test_a_wait_says_in_which_operation() -> None:
    layers = ThreadLayers(ME, Layer(BLOCKED), Layer(codes.RECEIVE), Layer(NOBODY), Layer(0), Layer(1), False, 5 * MS)
    runs = thread_states(layers, 0, MS)
    assert [codes.OPERATIONS[int(detail)] for detail in runs.detail] == ["receive"]
