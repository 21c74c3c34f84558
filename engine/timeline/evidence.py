"""What the probes saw since the last time, as plain columns. All times are absolute CLOCK_MONOTONIC ns, all columns sorted by time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

ON, OFF_BLOCKED, OFF_PREEMPTED = 0, 1, 2
GIL_OFF, GIL_EXACT, GIL_SAMPLED, GIL_ABSENT = 0, 1, 2, 3


@dataclass(frozen=True, slots=True, eq=False)
class Switched:
    """Threads that went onto a core or off it; `kind` is ON, OFF_BLOCKED or OFF_PREEMPTED."""

    t: Ints
    cpu: Ints
    pid: Ints
    tid: Ints
    kind: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Marked:
    """Marks of one thread in one interpreter. `texts`: (kind, argument) → what it is called. `lost`: marks after these found no room."""

    pid: int
    tid: int
    parent: int
    t: Ints
    kind: Ints
    argument: Ints
    texts: dict[tuple[int, int], str]
    interpreter: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Triples:
    """Rows of (t, pid, tid, interpreter): who took that interpreter's GIL (0 nobody, -1 not known), or who asked for it.

    Who asks is known without the interpreter: there it may be -1.
    """

    t: Ints
    pid: Ints
    tid: Ints
    interpreter: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Accounts:
    """Where no switches are to be had: how long each thread was on a core in `[t0, t1]`, and how long it lacked one.

    Where that begins may be wrong by `unsure_ns`.
    """

    t0: Ints
    t1: Ints
    pid: Ints
    tid: Ints
    oncpu_ns: Ints
    waited_ns: Ints
    unsure_ns: Ints


@dataclass(frozen=True, slots=True)
class Born:
    """A thread, or a process when `tid == pid`, began at `t`; made by thread `ptid` of process `ppid`."""

    t: int
    pid: int
    tid: int
    ppid: int
    ptid: int = 0


BECAME_PYTHON, BECAME_BLIND, BECAME_FOREIGN, BECAME_HELPER, BECAME_NAMED = range(5)
"""What a process is from when it called exec: Python that marks; Python that was told not to (`-I`, `-E`, `-S`); another program; one of
the standard library's own, which carries no jobs. BECAME_NAMED: it is what it was, only its name is news."""


@dataclass(frozen=True, slots=True)
class Became:
    """At `t` a process became the program `name` ("": it says itself what it is called); `kind` is a BECAME_…."""

    t: int
    pid: int
    kind: int
    name: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A thread ended; a whole process when `tid` is None, by `signal` if it was killed by one."""

    t: int
    pid: int
    tid: int | None
    signal: int | None = None


@dataclass(frozen=True, slots=True)
class GilSource:
    """From `t` on, the GIL of `pid` is seen by `source`: GIL_EXACT, GIL_SAMPLED, GIL_OFF (not at all) or GIL_ABSENT (there is none).

    `asks`: whether it is told who asks for it, too."""

    t: int
    pid: int
    source: int
    asks: bool = False
    why: str = ""
    interpreter: int = 0


WAIT_OTHER, WAIT_GIL, WAIT_LOCK, WAIT_SLEEP, WAIT_SOCKET, WAIT_FILE, WAIT_POLL, WAIT_CHILD, WAIT_STOPPED = range(9)
"""What the kernel says that a thread is blocked in. WAIT_LOCK: a futex that is no GIL's. WAIT_POLL: until any of several files is ready.
WAIT_CHILD: for a process to end. WAIT_STOPPED: by a signal, until it is told to go on."""


@dataclass(frozen=True, slots=True, eq=False)
class Waits:
    """At `t` a thread was seen blocked, or went off its core to be, in `what` (WAIT_…) on `target`, an index into `targets` or -1.

    It holds for the whole of the block that `t` lies in (a switch off the core has the time of that switch, or at most 50 µs less).
    """

    t: Ints
    pid: Ints
    tid: Ints
    what: Ints
    target: Ints
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Functions:
    """At `t` a thread was seen in the Python function `names[name]`, running or waiting in what that called."""

    t: Ints
    pid: Ints
    tid: Ints
    name: Ints
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Wakes:
    """At `t` thread `waker` made thread `tid` ready to run that was blocked. 0: an interrupt or a process that is not ours did."""

    t: Ints
    tid: Ints
    waker: Ints


@dataclass(frozen=True, slots=True)
class Unseen:
    """Records of `[start, end]` were lost: what ran then is not known."""

    start: int
    end: int


def _no_triples() -> Triples:
    none = np.empty(0, np.int64)
    return Triples(none, none, none, none)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One harvest. Everything that happened before `upto_ns` has been told, with this or earlier; some of this may be later."""

    upto_ns: int
    switched: Switched | None = None
    marked: tuple[Marked, ...] = ()
    took: Triples = field(default_factory=_no_triples)
    asked: Triples = field(default_factory=_no_triples)
    accounts: Accounts | None = None
    born: tuple[Born, ...] = ()
    ended: tuple[Ended, ...] = ()
    gil_sources: tuple[GilSource, ...] = ()
    unseen: tuple[Unseen, ...] = ()
    became: tuple[Became, ...] = ()
    waits: Waits | None = None
    wakes: Wakes | None = None
    functions: Functions | None = None
