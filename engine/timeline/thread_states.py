"""What a thread is in: the one table from evidence to state.

                        holds the GIL          asks for it                 neither
    on a core           running                gil_wait while another      native
                                               holds it, else native
    off it, preempted   runnable               runnable                    runnable
    off it, blocked     the operation's wait,  gil_wait while another      the operation's wait
                        holding the GIL        holds it, else runnable

Before its job a thread is `starting`; where the core is not known, `unknown`, and so is a block in plain Python while no source tells the
holder. On a free-threaded interpreter nobody asks, and being on a core is `running` except inside a native operation.

Where no source tells who asks, the first block since the thread last gave the GIL away inside a waiting operation is taken for that
operation's wait, and every other block for waiting for the GIL. In a call, of which nothing is known, a thread may also have been made to
give it away: it had it for a switch interval, and another took it at once. Then it waits to see that taken, and asks again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from engine.agent._gilscope import codes
from engine.timeline.layer import Ints, Layer, boundaries
from engine.timeline.runs import Runs
from engine.trace import State

BLOCKED, PREEMPTED, UNSEEN = -1, -2, -3
"""Values of a core layer besides the number of a CPU."""
NOBODY, UNTOLD = 0, -1
"""Values of a GIL layer besides the id of a thread."""
BEFORE, SELECT, AFTER, BETWEEN = -2, -3, -4, -5
"""Values of an operation layer besides the agent's operations. BETWEEN: in Python, but in no job."""

_BRIEF = 100
"""For the time being: on a core in Python without the GIL, on the way to or from a wait for it."""

WAKE_UP_NS = 100_000
HAND_OVER_NS = 20_000
_AT_ONCE_NS = 1_000_000

_WAITS = {codes.JOIN: State.lock_wait, SELECT: State.idle}
_NEVER_BLOCKS = (codes.PYTHON, codes.NATIVE)


@dataclass(frozen=True, slots=True)
class ThreadLayers:
    """The evidence on one thread. `gil`: None where there is none. `asks`: 1 while it asks for the GIL, which counts where `told` is 1.

    `placed`: where on the time axis it was on a core is inferred. Then the GIL, if it is told, knows better: in Python that nothing marks
    as waiting, on a core is who holds it. `interval_ns`: the interpreter's switch interval.
    """

    tid: int
    core: Layer
    operation: Layer
    gil: Layer | None
    asks: Layer
    told: Layer
    placed: bool
    interval_ns: int


def thread_states(layers: ThreadLayers, t0: int, t1: int, details: npt.NDArray[np.int64]) -> Runs:
    """The runs of `[t0, t1)`. `details[op]` is the string index that names operation `op`."""
    gil = layers.gil or Layer(NOBODY)
    start = boundaries([layers.core, layers.operation, gil, layers.asks, layers.told], t0, t1)
    core, operation, holder = layers.core.at(start), layers.operation.at(start), gil.at(start)
    mine, untold = holder == layers.tid, holder == UNTOLD
    if layers.placed and layers.gil is not None:
        python = (operation == codes.PYTHON) & ~untold & (core != UNSEEN)
        core = np.where(python & ~mine & (core >= 0), BLOCKED, np.where(python & mine & (core == BLOCKED), PREEMPTED, core))
    on, blocked = core >= 0, core == BLOCKED
    told = layers.told.at(start) == 1
    if layers.gil is None:
        working = np.where(operation == codes.NATIVE, State.native, State.running)
        asking = np.zeros(len(start), bool)
    else:
        working = np.where(mine | (untold & (operation != codes.NATIVE)), State.running, State.native)
        asks = np.where(told, layers.asks.at(start) == 1, ~_own_waits(layers, start))
        # In a job, Python that is inside no operation blocks for nothing but the GIL, be it to take it or to see that it was taken.
        asks |= blocked & (operation == codes.PYTHON)
        asks |= blocked & np.isin(operation, (codes.CALL, BETWEEN)) & _made_to_wait(layers, start, t1)
        asking = asks & ~mine & ~untold
    state = np.select(
        [
            operation == BEFORE,
            (core == UNSEEN) | (blocked & untold & (operation == codes.PYTHON)),
            on & asking & told & (holder > NOBODY) & (not layers.placed),
            on,
            core == PREEMPTED,
            blocked & asking,
        ],
        [
            int(State.starting),
            int(State.unknown),
            int(State.gil_wait),
            working,
            int(State.runnable),
            np.where(holder == NOBODY, int(State.runnable), int(State.gil_wait)),
        ],
        _operation_waits(operation),
    )
    state = np.where((state == State.native) & np.isin(operation, (codes.PYTHON, BETWEEN)), _BRIEF, state)
    waiting = (state == State.io_wait) | (state == State.lock_wait)
    detail = np.where(waiting & (operation >= 0), details[np.maximum(operation, 0)], -1)
    runs = Runs(start, t1, state, detail, np.full(len(start), -1, np.int64)).merged()
    # A futex wakes its thread every switch interval to look again: those microseconds belong to the wait.
    runs = runs.absorbed(_BRIEF, State.gil_wait, WAKE_UP_NS, both_sides=False)
    runs = runs.absorbed(State.native, State.gil_wait, HAND_OVER_NS, both_sides=True)
    runs = runs.absorbed(State.runnable, State.gil_wait, WAKE_UP_NS, both_sides=True)
    runs = runs.absorbed(State.runnable, State.gil_wait, HAND_OVER_NS, both_sides=False)
    return replace(runs, state=np.where(runs.state == _BRIEF, int(State.native), runs.state)).merged()


def _operation_waits(operation: Ints) -> Ints:
    wait = np.full(len(operation), int(State.io_wait), np.int64)
    for code, state in _WAITS.items():
        wait[operation == code] = state
    return wait


def _own_waits(layers: ThreadLayers, at: Ints) -> npt.NDArray[np.bool_]:
    """Whether a block at these times is the operation's own wait: the first since it began, or since the GIL was last given away in it."""
    core, operation, gil = layers.core, layers.operation, layers.gil
    waits = ~np.isin(operation.at(at), _NEVER_BLOCKS)
    blocks = core.t[core.value == BLOCKED]
    if not len(blocks) or layers.placed:
        return waits
    resets = operation.t
    if not len(resets):
        return waits
    if gil is not None and len(gil.t):
        held = gil.value == layers.tid
        resets = np.sort(np.concatenate((resets, gil.t[1:][held[:-1] & ~held[1:]])))
    this = np.searchsorted(blocks, at, "right") - 1
    before = blocks[np.maximum(this - 1, 0)]
    reset = resets[np.maximum(np.searchsorted(resets, blocks[np.maximum(this, 0)], "right") - 1, 0)]
    first: npt.NDArray[np.bool_] = (this <= 0) | (before < reset)
    return waits & first


def _made_to_wait(layers: ThreadLayers, at: Ints, upto: int) -> npt.NDArray[np.bool_]:
    """Whether a block at these times is of a thread that was made to give the GIL away and has not had it since.

    Longer than two switch intervals it is something else: in a wait for the GIL a thread wakes after each.
    """
    gil, core = layers.gil, layers.core
    if gil is None or len(gil.t) < 2 or not len(core.t) or layers.placed:
        return np.zeros(len(at), bool)
    had = gil.value[:-1] == layers.tid
    length = np.diff(gil.t)
    # The next holder, and when it took it: at once, or after a moment in which nobody had it.
    free = gil.value[1:] == NOBODY
    after = np.where(free, np.append(gil.value[2:], UNTOLD), gil.value[1:])
    moment = np.where(free, np.append(length[1:], _AT_ONCE_NS), 0)
    forced = had & (length >= 0.9 * layers.interval_ns) & (after > 0) & (after != layers.tid) & (moment < _AT_ONCE_NS)
    given = gil.t[1:][had]
    if not forced.any():
        return np.zeros(len(at), bool)
    last = np.searchsorted(given, at, "right") - 1
    change = np.maximum(np.searchsorted(core.t, at, "right") - 1, 0)
    block = np.append(core.t[1:], upto)[change] - core.t[change]
    found: npt.NDArray[np.bool_] = (last >= 0) & forced[had][np.maximum(last, 0)] & (block <= 2 * layers.interval_ns)
    return found
