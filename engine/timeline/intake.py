"""Takes evidence in: hands each part of it to where it belongs, in the order that lets the later ones find what the earlier ones made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.timeline.cast import Cast
from engine.timeline.evidence import Evidence, Functions, Marked, Triples, Waits
from engine.timeline.exchange import Exchange
from engine.timeline.intake_cores import by, lose_sight, take_accounts, take_switches, take_ticks
from engine.timeline.intake_marks import MarkIntake
from engine.timeline.thread_states import PREEMPTED
from engine.timeline.tracks import ThreadTrack
from engine.timeline.wakes import Wakings


class Intake:
    """Grows the tracks of `cast` and the ends of edges in `exchange`."""

    def __init__(self, cast: Cast, exchange: Exchange, origin_ns: int) -> None:
        self.origin = origin_ns
        self.marks = MarkIntake(cast, exchange, origin_ns)
        self.wakings = Wakings(cast, exchange)
        self._cast = cast
        self._exchange = exchange

    def take(self, evidence: Evidence) -> None:
        cast, origin = self._cast, self.origin
        made = [self._take_birth(born.pid, born.tid, born.t - origin, born.ppid, born.ptid) for born in evidence.born]
        since = {became.pid: became.t for became in evidence.became}
        self.marks.take(tuple(_before(marked, since[marked.pid]) for marked in evidence.marked if marked.pid in since))
        for became in evidence.became:
            cast.becomes(became, became.t - origin)
        self.marks.take(tuple(_after(marked, since.get(marked.pid)) for marked in evidence.marked))
        # Of a process that only its marks tell of, they say since when it has been there.
        for source in evidence.gil_sources:
            cast.see(source, source.t - origin)
        for t, thread, maker in made:
            if maker is not None:
                cast.works_for(maker, thread, t)
        if evidence.switched is not None:
            ends = tuple((ended.t - origin, ended) for ended in evidence.ended)
            take_switches(cast, evidence.switched, evidence.switched.t - origin, ends)
        for unseen in evidence.unseen:
            lose_sight(cast, unseen.start - origin)
        self._take_gil(evidence.took, evidence.asked)
        if evidence.accounts is not None:
            take_accounts(cast, evidence.accounts, origin)
        if cast.kernel == "inferred":
            for marked in evidence.marked:
                take_ticks(cast, marked, origin)
        if evidence.waits is not None:
            self._take_waits(evidence.waits)
        if evidence.functions is not None:
            self._take_functions(evidence.functions)
        if evidence.wakes is not None:
            self.wakings.take(evidence.wakes, origin)
        for ended in evidence.ended:
            cast.end(ended, ended.t - origin)

    def _take_birth(self, pid: int, tid: int, t: int, ppid: int, ptid: int) -> tuple[int, ThreadTrack, ThreadTrack | None]:
        """The thread, when it was made, and by whom."""
        maker = self._cast.threads.get(ptid)
        thread = self._cast.thread(pid, tid, t, ppid)
        if self._cast.kernel == "exact" and not len(thread.core.t):
            thread.core.extend(t, PREEMPTED)
        if maker is not None:
            self._exchange.add("spawn", maker.lane, t, thread.lane, t)
        return t, thread, maker

    def _take_gil(self, took: Triples, asked: Triples) -> None:
        taken, asks = took.t - self.origin, asked.t - self.origin
        for pid, rows in by(took.pid):
            process = self._cast.processes.get(pid)
            if process is None:
                continue
            for number, mine in by(took.interpreter[rows]):
                at = rows[mine]
                self._cast.interpreter(process, number, int(taken[at[0]])).seen.extend(taken[at], took.tid[at])
        for tid in sorted({*took.tid.tolist(), *asked.tid.tolist()} - {0}):
            thread = self._cast.threads.get(tid)
            if thread is None:
                continue
            begins, ends = asks[asked.tid == tid], taken[took.tid == tid]
            t = np.concatenate((begins, ends))
            order = np.argsort(t, kind="stable")
            thread.asks.extend(t[order], np.concatenate((np.ones(len(begins), np.int64), np.zeros(len(ends), np.int64)))[order])

    def _take_waits(self, waits: Waits) -> None:
        book = self._cast.book
        numbers = np.array([book.string(text) for text in waits.targets] or [-1], np.int64)
        target = np.where(waits.target >= 0, numbers[np.maximum(waits.target, 0)], -1)
        value = waits.what | (target + 1) << 8
        for tid, rows in by(waits.tid):
            thread = self._cast.threads.get(tid)
            if thread is not None and thread.waits is not None:
                thread.waits.extend(waits.t[rows] - self.origin, value[rows])

    def _take_functions(self, functions: Functions) -> None:
        numbers = np.array([self._cast.book.string(text) for text in functions.names] or [-1], np.int64)
        for tid, rows in by(functions.tid):
            thread = self._cast.threads.get(tid)
            if thread is not None:
                thread.functions.extend(functions.t[rows] - self.origin, numbers[functions.name[rows]])


def _before(marked: Marked, t: int) -> Marked:
    return _rows(marked, slice(0, int(np.searchsorted(marked.t, t, "left"))))


def _after(marked: Marked, t: int | None) -> Marked:
    return marked if t is None else _rows(marked, slice(int(np.searchsorted(marked.t, t, "left")), None))


def _rows(marked: Marked, rows: slice) -> Marked:
    return replace(marked, t=marked.t[rows], kind=marked.kind[rows], argument=marked.argument[rows])
