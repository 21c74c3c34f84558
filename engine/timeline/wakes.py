"""Who let whom go on: from wake-ups to edges, and to the one that ended a wait."""

from __future__ import annotations

import numpy as np

from engine.agent._gilscope import codes
from engine.timeline.cast import Cast
from engine.timeline.evidence import WAIT_FILE, WAIT_LOCK, WAIT_POLL, WAIT_SOCKET, Wakes
from engine.timeline.exchange import Exchange
from engine.timeline.intake_cores import by
from engine.timeline.layer import Ints
from engine.timeline.operations import among, plain
from engine.timeline.thread_states import BLOCKED, LOCKS, UNMARKED, sighted
from engine.timeline.tracks import ThreadTrack
from engine.trace import EdgeKind

_MESSAGES = among(codes.RECEIVE, codes.RESULTS)
_NOTHING, _RELEASE, _MESSAGE = range(3)
_KINDS: dict[int, EdgeKind] = {_RELEASE: "release", _MESSAGE: "message"}


class Wakings:
    """Wake-ups wait here until everything of their time has been told."""

    def __init__(self, cast: Cast, exchange: Exchange) -> None:
        self._cast = cast
        self._exchange = exchange
        self._pending: list[tuple[Ints, Ints, Ints]] = []

    def take(self, wakes: Wakes, origin: int) -> None:
        known = wakes.waker > 0
        self._pending.append((wakes.t[known] - origin, wakes.tid[known], wakes.waker[known]))

    def settle(self, upto: int) -> None:
        """Tells of those before `upto`."""
        if not self._pending:
            return
        t, tid, waker = (np.concatenate(columns) for columns in zip(*self._pending, strict=True))
        order = np.argsort(t, kind="stable")
        t, tid, waker = t[order], tid[order], waker[order]
        cut = int(np.searchsorted(t, upto, "left"))
        self._pending = [(t[cut:], tid[cut:], waker[cut:])] if cut < len(t) else []
        for who, rows in by(tid[:cut]):
            thread = self._cast.threads.get(who)
            if thread is not None:
                self._settle(thread, t[rows], waker[rows], upto)

    def _settle(self, thread: ThreadTrack, t: Ints, waker: Ints, upto: int) -> None:
        core = thread.core
        # At the very time of the wake-up it is still off its core.
        operation = plain(thread.operation.at(t))
        sight, _ = sighted(thread.waits, core, t, upto)
        unmarked = UNMARKED[operation]
        kind = np.where(unmarked & (sight == WAIT_LOCK), _RELEASE, _NOTHING)
        kind = np.where(unmarked & np.isin(sight, (WAIT_SOCKET, WAIT_FILE, WAIT_POLL)), _MESSAGE, kind)
        kind = np.where(LOCKS[operation], _RELEASE, kind)
        kind = np.where(_MESSAGES[operation], _MESSAGE, kind)
        kind = np.where((core.at(t) == BLOCKED) & (thread.asks.at(t) == 0), kind, _NOTHING)
        on = np.searchsorted(core.t, t, "right")
        arrives = np.where(on < len(core.t), core.t[np.minimum(on, len(core.t) - 1)], t) if len(core.t) else t
        for at, to, by_whom, what in zip(t.tolist(), arrives.tolist(), waker.tolist(), kind.tolist(), strict=True):
            lane = self._cast.lane_of(by_whom)
            if what != _NOTHING and lane >= 0 and lane != thread.lane:
                self._exchange.add(_KINDS[what], lane, at, thread.lane, to)
                thread.woken.append((at, lane))
