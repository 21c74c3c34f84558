"""What a thread is in: the one table from evidence to state.

                        holds the GIL          asks for it                 neither
    on a core           running                gil_wait while another      native
                                               holds it, not for long,
                                               else native
    off it, preempted   runnable               runnable                    runnable
    off it, blocked     the operation's wait,  gil_wait while another      the operation's wait
                        holding the GIL        holds it, else runnable

Before its job a thread is `starting`; where the core is not known, or marks are missing, `unknown`, and so is a block in plain Python
while no source tells the holder. On a free-threaded interpreter nobody asks, and being on a core is `running` except inside a native
operation. In a call, of which nothing is known, a block is what the thread was seen to be blocked in, if that is looked at.

Where no source tells who asks, the first block since the thread last gave the GIL away inside a waiting operation is taken for that
operation's wait, and every other block for waiting for the GIL. In a call, of which nothing is known, a thread may also have been made to
give it away: it had it for a switch interval, and another took it at once. Then it waits to see that taken, and asks again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from engine.agent._gilscope import codes
from engine.timeline.details import HOLDING, NONE, STOPPED, STOPS_WORLD, waiting_detail
from engine.timeline.evidence import (
    WAIT_CHILD,
    WAIT_FILE,
    WAIT_GIL,
    WAIT_LOCK,
    WAIT_POLL,
    WAIT_SLEEP,
    WAIT_SOCKET,
    WAIT_STOPPED,
)
from engine.timeline.layer import Ints, Layer, Sightings, boundaries, distinct
from engine.timeline.operations import BEFORE, BETWEEN, FOREIGN, LOST, SELECT, among, plain
from engine.timeline.runs import Runs
from engine.trace import State

BLOCKED, PREEMPTED, UNSEEN = -1, -2, -3
"""Values of a core layer besides the number of a CPU."""
NOBODY, UNTOLD = 0, -1
"""Values of a GIL layer besides the id of a thread."""
_BRIEF, _ASKING = 100, 101
"""For the time being: on a core in Python without the GIL, on the way to or from a wait for it; or in that wait."""

WAKE_UP_NS = 100_000
HAND_OVER_NS = 20_000
_AT_ONCE_NS = 1_000_000

_SIGHTED_NS = 50_000
"""A sighting may bear a time as much before that of the switch off the core that it belongs to."""
_HELD_NS = 100_000
"""Blocked with the GIL for less is a page fault or the like, and no news."""

LOCKS = among(codes.JOIN, codes.LOCK, codes.CONDITION, codes.EVENT, codes.SEMAPHORE, codes.BARRIER, codes.GET, codes.PUT)
_NEVER_BLOCKS, _IN_PYTHON = among(codes.PYTHON, codes.NATIVE), among(codes.PYTHON, BETWEEN)
UNMARKED = among(codes.CALL, BETWEEN, FOREIGN)
"""Where what a block is for is not marked."""
_OF_SIGHT = np.full(16, int(State.unknown), np.int64)
_OF_SIGHT[[WAIT_SLEEP, WAIT_SOCKET, WAIT_FILE, WAIT_POLL, WAIT_CHILD, WAIT_STOPPED]] = int(State.io_wait)
_OF_SIGHT[WAIT_LOCK] = int(State.lock_wait)


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
    waits: Sightings | None = None
    collecting: Layer = field(default_factory=lambda: Layer(0))


def thread_states(layers: ThreadLayers, t0: int, t1: int) -> Runs:
    """The runs of `[t0, t1)`. Their `detail` is a code of `details`, not yet a string's number."""
    gil = layers.gil or Layer(NOBODY)
    begin = boundaries([layers.core, layers.operation, gil, layers.asks, layers.told], t0, t1)
    start = begin if layers.gil is not None else distinct(np.concatenate((begin, layers.collecting.changes(t0, t1))))
    core, what, holder = layers.core.at(start), layers.operation.at(start), gil.at(start)
    operation = plain(what)
    mine, untold = holder == layers.tid, holder == UNTOLD
    if layers.placed and layers.gil is not None:
        python = (operation == codes.PYTHON) & ~untold & (core != UNSEEN)
        core = np.where(python & ~mine & (core >= 0), BLOCKED, np.where(python & mine & (core == BLOCKED), PREEMPTED, core))
    on, blocked = core >= 0, core == BLOCKED
    told = layers.told.at(start) == 1
    unmarked, foreign = UNMARKED[operation], operation == FOREIGN
    sight, target = sighted(layers.waits, layers.core, start, t1)
    if layers.gil is None:
        working = np.where(foreign | (operation == codes.NATIVE), State.native, State.running)
        asking = np.zeros(len(start), bool)
    else:
        working = np.where(mine | (untold & (operation != codes.NATIVE) & ~foreign), State.running, State.native)
        asks = layers.asks.at(start) == 1
        if not told.all():
            asks = np.where(told, asks, ~_own_waits(layers, start))
        # In a job, Python that is inside no operation blocks for nothing but the GIL, be it to take it or to see that it was taken.
        asks |= blocked & (operation == codes.PYTHON)
        made = blocked & unmarked
        if made.any():
            made &= _made_to_wait(layers, start, t1)
        # What it was seen to be blocked in says more than that it might have to ask.
        asks = np.where(unmarked & (sight >= 0), np.where(told, asks, sight == WAIT_GIL), asks) | made
        asking = asks & ~mine & ~untold & ~foreign
    stopped = blocked & (sight == WAIT_STOPPED)
    asking &= ~stopped
    waits = np.where(LOCKS[operation], int(State.lock_wait), int(State.io_wait))
    waits = np.where(operation == SELECT, int(State.idle), waits)
    if layers.gil is None:
        waits = np.where(operation == codes.PYTHON, int(State.lock_wait), waits)  # For what the interpreter locks instead.
    if layers.waits is not None:
        waits = np.where(unmarked, np.where(sight >= 0, _OF_SIGHT[np.maximum(sight, 0)], int(State.unknown)), waits)
    state = np.select(
        [
            operation == BEFORE,
            (core == UNSEEN) | (operation == LOST) | (blocked & untold & (operation == codes.PYTHON)),
            on & asking & told & (holder > NOBODY) & (not layers.placed),
            on,
            core == PREEMPTED,
            stopped,
            blocked & asking,
        ],
        [
            int(State.starting),
            int(State.unknown),
            _ASKING,
            working,
            int(State.runnable),
            int(State.io_wait),
            np.where(holder == NOBODY, int(State.runnable), int(State.gil_wait)),
        ],
        waits,
    )
    state = np.where((state == State.native) & _IN_PYTHON[operation], _BRIEF, state)
    waiting = (state == State.io_wait) | (state == State.lock_wait)
    detail = np.where(waiting, np.where(unmarked & (sight >= 0), waiting_detail(sight, target), np.where(what >= 0, what, NONE)), NONE)
    detail = np.where(stopped & waiting, STOPPED, detail)
    if layers.gil is None:
        in_collection = waiting & (layers.collecting.at(start) == 1) & (unmarked | (operation == codes.PYTHON))
        state, detail = np.where(in_collection, int(State.lock_wait), state), np.where(in_collection, STOPS_WORLD, detail)
    else:
        holding = waiting & mine & told & (np.diff(np.append(start, t1)) >= _HELD_NS)
        detail = np.where(holding, np.where(detail == NONE, 0, detail) | HOLDING, detail)
    runs = Runs(start, t1, state, detail, np.full(len(start), -1, np.int64)).merged()
    # A futex wakes its thread every switch interval to look again: those microseconds belong to the wait. Who stays longer has the core.
    woken = np.where(runs.length < WAKE_UP_NS, int(State.gil_wait), int(State.native))
    runs = replace(runs, state=np.where(runs.state == _ASKING, woken, runs.state)).merged()
    runs = runs.absorbed(_BRIEF, State.gil_wait, WAKE_UP_NS, both_sides=False)
    runs = runs.absorbed(State.native, State.gil_wait, HAND_OVER_NS, both_sides=True)
    runs = runs.absorbed(State.runnable, State.gil_wait, WAKE_UP_NS, both_sides=True)
    runs = runs.absorbed(State.runnable, State.gil_wait, HAND_OVER_NS, both_sides=False)
    return replace(runs, state=np.where(runs.state == _BRIEF, int(State.native), runs.state)).merged()


def sighted(seen: Sightings | None, core: Layer, at: Ints, upto: int) -> tuple[Ints, Ints]:
    """What a thread was seen to be blocked in, in the block that each time lies in, and on what; -1 where it was not seen."""
    none = np.full(len(at), -1, np.int64)
    if seen is None or not len(seen.t) or not len(core.t):
        return none, none
    change = np.searchsorted(core.t, at, "right") - 1
    begin = np.where(change >= 0, core.t[np.maximum(change, 0)], 0)
    end = np.append(core.t, upto)[change + 1]
    last = np.searchsorted(seen.t, end, "left") - 1
    valid = (last >= 0) & (core.at(at) == BLOCKED)
    if not seen.carried:
        valid &= seen.t[np.maximum(last, 0)] >= begin - _SIGHTED_NS
    value = seen.value[np.maximum(last, 0)]
    return np.where(valid, value & 0xFF, -1), np.where(valid, (value >> 8) - 1, -1)


def _own_waits(layers: ThreadLayers, at: Ints) -> npt.NDArray[np.bool_]:
    """Whether a block at these times is the operation's own wait: the first since it began, or since the GIL was last given away in it."""
    core, operation, gil = layers.core, layers.operation, layers.gil
    waits = ~_NEVER_BLOCKS[plain(operation.at(at))]
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
