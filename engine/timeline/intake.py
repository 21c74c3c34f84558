"""Takes evidence in: finds whose it is, and grows that one's layers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.agent._gilscope import codes
from engine.timeline.book import Book
from engine.timeline.evidence import (
    GIL_ABSENT,
    GIL_EXACT,
    GIL_OFF,
    GIL_SAMPLED,
    OFF_PREEMPTED,
    ON,
    Accounts,
    Ended,
    Evidence,
    GilSource,
    Ints,
    Marked,
    Switched,
    Triples,
)
from engine.timeline.pen import Pen
from engine.timeline.placing import inferred_from_operations, placed, placed_between_ticks, spells
from engine.timeline.thread_states import BLOCKED, PREEMPTED, SELECT, UNSEEN
from engine.timeline.tracks import (
    T_ENDED,
    T_READY,
    T_STEP,
    T_SUSPENDED,
    CpuTrack,
    ProcessTrack,
    TaskTrack,
    ThreadTrack,
)
from engine.trace import Job, State

_GIL_NOTES = {GIL_ABSENT: "GIL disabled: threads run Python at once"}
_TASK_KINDS = np.zeros(256, bool)
_TASK_KINDS[
    [
        *(codes.TASK_NEW, codes.TASK_READY, codes.STEP_BEGIN, codes.STEP_END, codes.TASK_END, codes.AWAIT_BEGIN, codes.AWAIT_END),
        *(codes.JOB_BEGIN, codes.JOB_END, codes.THREAD_END, codes.MODEL_BEGIN, codes.MODEL_END),
    ]
] = True


class Intake:
    """All tracks of one trace. `kernel` says how time on cores is known: `exact`, `sampled` (accounts) or `inferred` (marks alone);
    `interval_ns` is the switch interval."""

    def __init__(self, book: Book, origin_ns: int, kernel: str, interval_ns: int) -> None:
        self.book = book
        self.origin = origin_ns
        self.kernel = kernel
        self.interval_ns = interval_ns
        self.processes: dict[int, ProcessTrack] = {}
        self.threads: dict[int, ThreadTrack] = {}
        self.cpus: dict[int, CpuTrack] = {}
        self.jobs: list[Job] = []
        self.model: list[int] = []
        self.any_job = False

    def take(self, evidence: Evidence) -> None:
        for born in evidence.born:
            thread = self._thread(born.pid, born.tid, born.t - self.origin, born.ppid)
            if self.kernel == "exact" and not len(thread.core.t):
                thread.core.extend(born.t - self.origin, PREEMPTED)
        for source in evidence.gil_sources:
            self._take_source(source)
        for marked in evidence.marked:
            self._take_marks(marked)
        for pid, name in evidence.names.items():
            self._name(pid, name, helper=pid in evidence.helpers)
        if evidence.switched is not None:
            self._take_switches(evidence.switched, evidence.ended)
        for unseen in evidence.unseen:
            self._lose(unseen.start - self.origin)
        self._take_gil(evidence.took, evidence.asked)
        if evidence.accounts is not None:
            self._take_accounts(evidence.accounts)
        if self.kernel == "inferred":
            for marked in evidence.marked:
                self._take_ticks(marked)
        for ended in evidence.ended:
            self._take_end(ended)

    def close_jobs(self, thread: ThreadTrack, t: int) -> bool:
        """Ends what a dying thread was at, as failed; answers whether it was at anything."""
        tracks: list[ThreadTrack | TaskTrack] = [thread, *thread.tasks.values()]
        at_work = [track for track in tracks if track.job is not None]
        for track in at_work:
            self._job_ends(track, t, ok=False)
        return bool(at_work)

    def _process(self, pid: int, t: int, parent: int | None = None) -> ProcessTrack:
        if pid not in self.processes:
            above = self.processes.get(parent) if parent is not None else None
            name = "main" if not self.processes else f"process {pid}"
            lane = self.book.lane("process", name, t, parent=above.lane if above else None, pid=pid)
            self.processes[pid] = ProcessTrack(pid, lane, Pen(t), self.interval_ns, settled=t)
        return self.processes[pid]

    def _thread(self, pid: int, tid: int, t: int, parent: int | None = None) -> ThreadTrack:
        if tid not in self.threads or self.threads[tid].process.pid != pid:
            process = self._process(pid, t, parent)
            lane = self.book.lane("thread", "main" if tid == pid else f"thread {tid}", t, parent=process.lane, pid=pid, tid=tid)
            thread = ThreadTrack(process, tid, lane, Pen(t), placed=self.kernel != "exact")
            self.threads[tid] = thread
            process.threads.append(thread)
            self.judge(process)
        return self.threads[tid]

    def _name(self, pid: int, name: str, *, helper: bool) -> None:
        process = self.processes.get(pid)
        if process is None:
            return
        self.book.change(process.lane, name=name)
        if helper:
            process.life.extend(self.book[process.lane].start_ns, int(State.running))
            for thread in process.threads:
                thread.operation.initial = SELECT

    def _take_source(self, source: GilSource) -> None:
        process = self._process(source.pid, source.t - self.origin)
        process.told.extend(source.t - self.origin, int(source.asks))
        process.source.extend(source.t - self.origin, source.source)
        if source.source in (GIL_EXACT, GIL_SAMPLED):
            # Before its GIL was found a process has no source yet: that says nothing of what is seen from now on.
            process.sources.discard(GIL_OFF)
        process.sources.add(source.source)
        said = source.why or _GIL_NOTES.get(source.source)
        if said is not None and process.gil_note is not None and said != process.gil_note:
            said = f"{process.gil_note}; from {(source.t - self.origin) / 1e9:.2f} s: {said}"
        process.gil_note = said or process.gil_note
        if process.works:
            self._open_gil(process)
        self.judge(process)

    def _open_gil(self, process: ProcessTrack) -> None:
        if process.gil_lane is None:
            t = self.book[process.lane].start_ns
            process.gil_lane = self.book.lane("interpreter", "GIL", t, parent=process.lane, pid=process.pid)
            process.gil_pen = Pen(t)

    def judge(self, process: ProcessTrack) -> None:
        """Says on each lane of a process how well it is known: as well as the weakest source that it rests on."""
        gil = {GIL_EXACT: "exact", GIL_SAMPLED: "sampled", GIL_OFF: "inferred", GIL_ABSENT: "exact"}
        levels = ("exact", "sampled", "inferred")
        worst_gil = max((gil[one] for one in process.sources), key=levels.index, default="inferred")
        if process.gil_lane is not None:
            self.book.change(process.gil_lane, exactness=worst_gil, note=process.gil_note)
        for thread in process.threads:
            exactness = max(worst_gil, self.kernel, key=levels.index)
            for lane in (thread.lane, *(task.lane for task in thread.tasks.values())):
                self.book.change(lane, exactness=exactness)

    def _take_marks(self, marked: Marked) -> None:
        first = int(marked.t[0]) - self.origin if len(marked.t) else 0
        thread = self._thread(marked.pid, marked.tid, max(first, 0), marked.parent)
        name = marked.texts.get((codes.THREAD_BEGIN, 0))
        if name is not None:
            self._christen(thread, name)
        thread.take_operations(marked, self.origin)
        which = _TASK_KINDS[marked.kind]
        for t, kind, argument in zip(
            (marked.t[which] - self.origin).tolist(), marked.kind[which].tolist(), marked.argument[which].tolist(), strict=True
        ):
            self._take_mark(thread, t, kind, argument)
        for (kind, argument), name in marked.texts.items():
            if kind == codes.TASK_NEW and argument in thread.tasks:
                self.book.change(thread.tasks[argument].lane, name=name)

    def _christen(self, thread: ThreadTrack, name: str) -> None:
        self.book.change(thread.lane, name=name)
        if thread.tid == thread.process.pid and name != "main":
            self.book.change(thread.process.lane, name=name)

    def _take_mark(self, thread: ThreadTrack, t: int, kind: int, argument: int) -> None:
        task = thread.step
        if kind == codes.STEP_BEGIN:
            task = thread.step = thread.tasks.get(argument)
            if task is not None:
                task.becomes(t, T_STEP)
        elif kind == codes.STEP_END:
            if task is not None:
                task.becomes(t, T_READY if task.called_again else T_SUSPENDED + task.awaits)
                task.called_again = False
            thread.step = None
        elif kind == codes.TASK_READY:
            ready = thread.tasks.get(argument)
            if ready is not None and ready.state_now >= T_SUSPENDED:
                ready.becomes(t, T_READY)
            elif ready is not None and ready.state_now == T_STEP:
                # It gives way for a moment only: the loop is asked to call it soon while its step still lasts.
                ready.called_again = True
        elif kind == codes.AWAIT_BEGIN:
            if task is not None:
                task.awaits = argument
        elif kind == codes.AWAIT_END:
            if task is not None:
                task.awaits = codes.CALL
        elif kind == codes.TASK_NEW:
            lane = self.book.lane("task", f"task {argument}", t, parent=thread.lane, pid=thread.process.pid)
            self.book.change(lane, exactness=self.book[thread.lane].exactness)
            thread.tasks[argument] = TaskTrack(lane, Pen(t))
        elif kind == codes.TASK_END:
            ended = thread.tasks.get(argument)
            if ended is not None:
                ended.ended = t
                ended.becomes(t, T_ENDED)
            thread.step = None
        elif kind == codes.JOB_BEGIN:
            self._job_begins(thread.step or thread, thread.process, t, argument)
        elif kind == codes.JOB_END:
            self._job_ends(thread.step or thread, t, ok=bool(argument & 1))
        elif kind == codes.THREAD_END:
            if self.kernel != "exact":
                thread.end(t)
        elif kind in (codes.MODEL_BEGIN, codes.MODEL_END):
            self.model.append(t)
            self._works(thread.process, t)

    def _works(self, process: ProcessTrack, t: int) -> None:
        if not process.works:
            process.works = True
            process.life.extend(t, int(State.running))
            self._open_gil(process)
            self.judge(process)

    def _job_begins(self, carrier: ThreadTrack | TaskTrack, process: ProcessTrack, t: int, index: int) -> None:
        self._works(process, t)
        self.book.change(carrier.lane, measured=True)
        carrier.job = (index, t)
        self.any_job = True

    def _job_ends(self, carrier: ThreadTrack | TaskTrack, t: int, *, ok: bool) -> None:
        if carrier.job is not None:
            index, begun = carrier.job
            self.jobs.append(Job(carrier.lane, index, begun, max(t, begun), ok))
            carrier.job = None

    def _take_switches(self, switched: Switched, ended: tuple[Ended, ...]) -> None:
        t = switched.t - self.origin
        left: dict[int, list[int]] = {}
        for tid, rows in _by(switched.tid):
            thread = self._thread(int(switched.pid[rows[0]]), tid, int(t[rows[0]]))
            kind = switched.kind[rows]
            value = np.where(kind == ON, switched.cpu[rows], np.where(kind == OFF_PREEMPTED, PREEMPTED, BLOCKED))
            thread.core.extend(t[rows], value)
            preempted = int(np.count_nonzero(kind == OFF_PREEMPTED))
            thread.involuntary += preempted
            thread.voluntary += int(np.count_nonzero(kind != ON)) - preempted
        for end in ended:
            # The kernel tells no switch off the core for a thread that ends on it.
            thread_ = self.threads.get(end.tid or -1)
            if thread_ is not None and len(thread_.core.t) and thread_.core.value[-1] >= 0:
                left.setdefault(int(thread_.core.value[-1]), []).append(end.t - self.origin)
        on_cpu = dict(_by(switched.cpu))
        for cpu in on_cpu.keys() | left.keys():
            rows, ends = on_cpu.get(cpu, np.empty(0, np.intp)), left.get(cpu, [])
            times = np.concatenate((t[rows], np.array(ends, np.int64)))
            who = np.concatenate((np.where(switched.kind[rows] == ON, switched.tid[rows], 0), np.zeros(len(ends), np.int64)))
            order = np.argsort(times, kind="stable")
            if cpu not in self.cpus:
                self.cpus[cpu] = CpuTrack(self.book.lane("cpu", f"CPU {cpu}", 0), Pen(0))
            self.cpus[cpu].thread.extend(times[order], who[order])

    def _lose(self, t: int) -> None:
        # Any of them may have come or gone meanwhile: each is unknown until its next record.
        for thread in self.threads.values():
            if thread.ended is None and not (len(thread.core.t) and thread.core.t[-1] > t):
                thread.core.extend(t, UNSEEN)

    def _take_gil(self, took: Triples, asked: Triples) -> None:
        taken, asks = took.t - self.origin, asked.t - self.origin
        for pid, rows in _by(took.pid):
            if pid in self.processes:
                self.processes[pid].seen.extend(taken[rows], took.tid[rows])
        tids = np.union1d(took.tid, asked.tid)
        for tid in tids[tids > 0].tolist():
            thread = self.threads.get(tid)
            if thread is None:
                continue
            begins, ends = asks[asked.tid == tid], taken[took.tid == tid]
            t = np.concatenate((begins, ends))
            order = np.argsort(t, kind="stable")
            thread.asks.extend(t[order], np.concatenate((np.ones(len(begins), np.int64), np.zeros(len(ends), np.int64)))[order])

    def _take_accounts(self, accounts: Accounts) -> None:
        columns = (accounts.t0, accounts.t1, accounts.pid, accounts.tid, accounts.oncpu_ns, accounts.waited_ns)
        for t0, t1, pid, tid, oncpu, waited in zip(*(column.tolist() for column in columns), strict=True):
            begin, end = t0 - self.origin, t1 - self.origin
            thread = self._thread(pid, tid, max(begin, 0))
            was_on = bool(len(thread.core.t)) and int(thread.core.value[-1]) >= 0
            held = spells(thread.process.seen, tid, begin, end)
            changes = placed(begin, end, min(oncpu, end - begin), waited, was_on, held)
            thread.core.extend(*zip(*changes, strict=True))

    def _take_ticks(self, marked: Marked) -> None:
        thread = self._thread(marked.pid, marked.tid, 0)
        ticks = marked.kind == codes.TICK
        upto = int(marked.t[-1]) - self.origin + 1 if len(marked.t) else thread.told_until
        changes = inferred_from_operations(thread.operation, thread.told_until, upto)
        thread.told_until = upto
        for t, oncpu in zip((marked.t[ticks] - self.origin).tolist(), marked.argument[ticks].tolist(), strict=True):
            before = thread.tick
            thread.tick = (t, oncpu)
            if before is not None and not any(before[0] < change[0] < t for change in changes):
                changes.extend(placed_between_ticks(before[0], t, oncpu - before[1]))
        if changes:
            changes.sort(key=lambda change: change[0])
            thread.core.extend(*zip(*changes, strict=True))

    def _take_end(self, ended: Ended) -> None:
        t = ended.t - self.origin
        process = self.processes.get(ended.pid)
        if process is None:
            return
        for thread in process.threads:
            if ended.tid is None or thread.tid == ended.tid:
                thread.end(t)
        if ended.tid is None:
            process.signal = ended.signal
        if process.threads and process.ended is None and all(thread.ended is not None for thread in process.threads):
            process.ended = max(thread.ended or 0 for thread in process.threads)


def _by(column: Ints) -> Iterator[tuple[int, np.ndarray[tuple[int], np.dtype[np.intp]]]]:
    """Each value of a column with the rows that bear it, in their order."""
    if not len(column):
        return
    order = np.argsort(column, kind="stable")
    values, first = np.unique(column[order], return_index=True)
    yield from zip(values.tolist(), np.split(order, first[1:]), strict=True)
