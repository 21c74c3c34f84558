"""What the kernel writes into a perf ring, as columns.

Every record is a multiple of 8 bytes:

    u32 type | u16 misc | u16 size | body …… | pid, tid | time | cpu, 0        (the last three only under sample_id_all)

    SWITCH  (no body)                                     misc: 1<<13 out, 1<<14 still runnable
    SAMPLE  ip | pid, tid | time | addr | cpu, 0          (of a watchpoint; no trailer)
            … | u64 abi, not 0 | u64 first argument       (of a watchpoint that tells it)
    SAMPLE  pid, tid | time | u64 abi, not 0 | five registers of the user     (of a switch off a core; nothing after abi 0)
    SAMPLE  ip | pid, tid | time | cpu, 0 | u32 size, the event's own bytes   (of a tracepoint)
    FORK, EXIT  pid, ppid | tid, ptid | time
    COMM    pid, tid | comm, padded                       misc: 1<<13 by exec
    LOST    id | count                                    (no cpu in the trailer where the events of its ring do not all tell it)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.probes.errors import ProbeError

Ints = npt.NDArray[np.int64]

_LOST, _COMM, _EXIT, _THROTTLE, _FORK, _SAMPLE, _SWITCH = 2, 3, 4, 5, 7, 9, 14
_OUT, _PREEMPTED, _BY_EXEC = 1 << 13, 1 << 14, 1 << 13
_LOW = 0xFFFFFFFF
_SAMPLE_WORDS, _TOLD_WORDS, _CALL_WORDS, _WAKING_WORDS = 6, 8, 9, 10
"""How long samples are, the header included: so they are told apart. One of a tracepoint may be longer than the least."""
_REGISTERS = 5

IN, OUT_BLOCKED, OUT_PREEMPTED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Birth:
    """A thread or process began: `tid` of `pid`, made by thread `ptid` of `ppid`. A process's first thread has `tid == pid`."""

    t: int
    pid: int
    tid: int
    ppid: int
    ptid: int


@dataclass(frozen=True, slots=True)
class Exit:
    """A thread ended. It was on a core until `t`: there is no switch-out."""

    t: int
    pid: int
    tid: int


@dataclass(frozen=True, slots=True)
class Exec:
    """A process became another program, called `comm` (15 bytes at most). It has one thread from then on, `tid == pid`."""

    t: int
    pid: int
    tid: int
    comm: str


@dataclass(frozen=True, slots=True)
class Loss:
    """The kernel's own note, made with the next record that found room, that `count` records had not. `cpu`: -1 where that is not told."""

    t: int
    cpu: int
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Hits of watchpoints, sorted by time. Columns of equal length; `addr` is what was touched, `ip` where the code stood, `argument` the
    first one of the function that begins there, 0 where it was not asked for."""

    t: Ints
    cpu: Ints
    pid: Ints
    tid: Ints
    ip: Ints
    addr: Ints
    argument: Ints

    def __len__(self) -> int:
        return len(self.t)

    @classmethod
    def empty(cls) -> Samples:
        none = np.zeros(0, np.int64)
        return cls(none, none, none, none, none, none, none)


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """Some bytes of some rings, read. `switch` has rows t, cpu, pid, tid, kind (`IN`, `OUT_BLOCKED`, `OUT_PREEMPTED`) sorted by t.

    `calls` has rows t, pid, tid, and five registers as they were when that thread left its core; `wakings` has rows t, pid, tid of who
    woke, the flags of `sched:sched_waking`, tid of who was woken. Both are sorted by t.

    `throttled` counts how often the kernel silenced an event for firing too often.
    """

    switch: Ints
    samples: Samples
    calls: Ints
    wakings: Ints
    births: tuple[Birth, ...]
    exits: tuple[Exit, ...]
    execs: tuple[Exec, ...]
    losses: tuple[Loss, ...]
    throttled: int


def parse(data: bytes) -> Records:
    """Whole records, of one ring or of several after one another. Raises ProbeError when they are not."""
    words = np.frombuffer(data, np.int64)
    at = _starts(words)
    head = words[at]
    kind, misc = head & _LOW, (head >> 32) & 0xFFFF
    sample = at[kind == _SAMPLE]
    size = words[sample] >> 51 & 0x1FFF
    rare = np.flatnonzero((kind != _SWITCH) & (kind != _SAMPLE))
    births, exits, execs, losses, throttled = [], [], [], [], 0
    for record in rare.tolist():
        start, what = int(at[record]), int(kind[record])
        body = words[start + 1 : start + int((head[record] >> 51) & 0x1FFF)]
        if what == _FORK:
            (pid, ppid), (tid, ptid) = _pair(body[0]), _pair(body[1])
            births.append(Birth(int(body[2]), pid, tid, ppid, ptid))
        elif what == _EXIT:
            exits.append(Exit(int(body[2]), _pair(body[0])[0], _pair(body[1])[0]))
        elif what == _COMM and misc[record] & _BY_EXEC:
            pid, tid = _pair(body[0])
            comm = body[1:-3].tobytes().split(b"\0", 1)[0].decode(errors="replace")
            execs.append(Exec(int(body[-2]), pid, tid, comm))
        elif what == _LOST:
            losses.append(Loss(int(body[3]), _pair(body[4])[0] if len(body) > 4 else -1, int(body[1])))
        elif what == _THROTTLE:
            throttled += 1
    return Records(
        _switches(words, at[kind == _SWITCH], misc[kind == _SWITCH]),
        _samples(words, sample[(size == _SAMPLE_WORDS) | (size == _TOLD_WORDS)]),
        _calls(words, sample[size == _CALL_WORDS]),
        _wakings(words, sample[size >= _WAKING_WORDS]),
        tuple(sorted(births, key=lambda birth: birth.t)),
        tuple(sorted(exits, key=lambda end: end.t)),
        tuple(sorted(execs, key=lambda act: act.t)),
        tuple(sorted(losses, key=lambda loss: loss.t)),
        throttled,
    )


def _starts(words: Ints) -> npt.NDArray[np.intp]:
    """Where records begin. The only walk over all of them: Python integers in a list are the fastest way to follow the sizes."""
    sizes = ((words >> 51) & 0x1FFF).tolist()
    starts: list[int] = []
    position, end = 0, len(sizes)
    append = starts.append
    while position < end:
        append(position)
        size = sizes[position]
        if not size:
            raise ProbeError("a perf ring holds a record without a size")
        position += size
    if position != end:
        raise ProbeError("a perf ring holds half a record")
    return np.array(starts, np.intp)


def _switches(words: Ints, at: npt.NDArray[np.intp], misc: Ints) -> Ints:
    ids, time = words[at + 1], words[at + 2]
    kind = np.where(misc & _OUT, np.where(misc & _PREEMPTED, OUT_PREEMPTED, OUT_BLOCKED), IN)
    rows = np.stack([time, words[at + 3] & _LOW, ids & _LOW, (ids >> 32) & _LOW, kind])
    return rows[:, np.argsort(time, kind="stable")]


def _samples(words: Ints, at: npt.NDArray[np.intp]) -> Samples:
    at = at[np.argsort(words[at + 3], kind="stable")]
    ids = words[at + 2]
    told = (words[at] >> 51) & 0x1FFF > _SAMPLE_WORDS + 1
    argument = np.where(told, words[np.where(told, at + _SAMPLE_WORDS + 1, 0)], 0) if len(at) else ids
    return Samples(words[at + 3], words[at + 5] & _LOW, ids & _LOW, (ids >> 32) & _LOW, words[at + 1], words[at + 4], argument)


def _calls(words: Ints, at: npt.NDArray[np.intp]) -> Ints:
    at = at[np.argsort(words[at + 2], kind="stable")]
    ids = words[at + 1]
    return np.stack([words[at + 2], ids & _LOW, ids >> 32 & _LOW, *(words[at + 4 + index] for index in range(_REGISTERS))])


def _wakings(words: Ints, at: npt.NDArray[np.intp]) -> Ints:
    """The event's own bytes, from the middle of the sixth word on: u16 type, u8 flags, u8 depth, i32 pid, char comm[16], i32 woken."""
    at = at[np.argsort(words[at + 3], kind="stable")]
    ids = words[at + 2]
    return np.stack([words[at + 3], ids & _LOW, ids >> 32 & _LOW, words[at + 5] >> 48 & 0xFF, words[at + 8] >> 32 & _LOW])


def _pair(word: np.int64) -> tuple[int, int]:
    both = int(word)
    return both & _LOW, (both >> 32) & _LOW
