"""Takes in what threads mark: their operations, the steps of their tasks, their jobs, what they hand on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.agent._gilscope import codes
from engine.timeline.cast import Cast
from engine.timeline.evidence import Ints, Marked
from engine.timeline.exchange import Exchange
from engine.timeline.intake_cores import by
from engine.timeline.operations import LOST
from engine.timeline.pen import Pen
from engine.timeline.tracks import T_ENDED, T_READY, T_STEP, T_SUSPENDED, TaskTrack, ThreadTrack
from engine.trace import Job


def _which(*kinds: int) -> npt.NDArray[np.bool_]:
    found = np.zeros(256, bool)
    found[list(kinds)] = True
    return found


_STEP_ENDS = _which(codes.STEP_END, codes.STEP_AGAIN, codes.TASK_END)
_OF_STEPS = _STEP_ENDS | _which(codes.STEP_BEGIN)
_NAME_THEIRS = _which(codes.TASK_NEW, codes.TASK_READY, codes.STEP_BEGIN)
_OF_TASKS = _OF_STEPS | _NAME_THEIRS | _which(codes.AWAITED)
_OF_AWAITS = _which(codes.AWAIT_BEGIN, codes.AWAIT_END)
_OF_JOBS = _which(codes.JOB_BEGIN, codes.JOB_END)
_OF_EXCHANGE = _which(codes.GIVE, codes.TAKE)
_RARE = _which(codes.THREAD_BEGIN, codes.THREAD_END, codes.MODEL_BEGIN, codes.MODEL_END, codes.COLLECT_BEGIN, codes.COLLECT_END)


class MarkIntake:
    """`jobs` are those that ended since they were last told, `model` when the model began and ended, `any_job` whether one has begun."""

    def __init__(self, cast: Cast, exchange: Exchange, origin_ns: int) -> None:
        self._cast = cast
        self._exchange = exchange
        self._origin = origin_ns
        self.jobs: list[Job] = []
        self.model: list[int] = []
        self.any_job = False

    def take(self, many: tuple[Marked, ...]) -> None:
        """All that is new, of all threads."""
        of: dict[tuple[int, int], list[Marked]] = {}
        for marked in many:
            of.setdefault((marked.pid, marked.tid), []).append(marked)
        for files in of.values():
            self._take_thread(files)

    def close_jobs(self, thread: ThreadTrack, t: int) -> bool:
        """Ends what a dying thread was at, as failed; answers whether it was at anything."""
        carriers: list[ThreadTrack | TaskTrack] = [thread, *thread.tasks.values()]
        at_work = [carrier for carrier in carriers if carrier.job is not None]
        for carrier in at_work:
            self._job_ends(carrier, t, ok=False)
        return bool(at_work)

    def _take_thread(self, files: list[Marked]) -> None:
        """`files` are of one thread, one for each interpreter in which it marks."""
        first = files[0]
        begin = min((int(one.t[0]) for one in files if len(one.t)), default=self._origin) - self._origin
        thread = self._cast.thread(first.pid, first.tid, max(begin, 0), first.parent)
        t, kind, argument = (np.concatenate([getattr(one, name) for one in files]) for name in ("t", "kind", "argument"))
        t = t - self._origin
        if any(one.interpreter for one in files) or len(thread.process.interpreters) > 1:
            where = np.repeat([one.interpreter for one in files], [len(one.t) for one in files])
            order = np.argsort(t, kind="stable")
            t, kind, argument, where = t[order], kind[order], argument[order], where[order]
            thread.interpreter.extend(t, where)
        for one in files:
            self._take_texts(thread, one)
        at, operation = thread.operations.take(t, kind, argument)
        # What came after the last that found room is not there; the next mark says where the thread is then.
        lost = np.array([int(one.t[-1]) - self._origin + 1 for one in files if one.lost and len(one.t)], np.int64)
        if len(lost):
            at, operation = np.concatenate((at, lost)), np.concatenate((operation, np.full(len(lost), LOST)))
            order = np.argsort(at, kind="stable")
            at, operation = at[order], operation[order]
        thread.operation.extend(at, operation)
        self._take_rare(thread, t, kind)
        stepping = self._steps(thread, t, kind, argument)
        self._take_tasks(thread, t, kind, argument, stepping)
        self._take_jobs(thread, t, kind, argument, stepping)
        self._take_exchange(thread, t, kind, argument, stepping)
        for one in files:
            for (text_kind, number), name in one.texts.items():
                if text_kind == codes.TASK_NEW and number in thread.tasks:
                    self._cast.book.change(thread.tasks[number].lane, name=name)

    def _take_texts(self, thread: ThreadTrack, marked: Marked) -> None:
        for (kind, number), text in marked.texts.items():
            if kind == codes.THREAD_BEGIN:
                self._cast.christen(thread, text)
            elif kind in (codes.OP_BEGIN, codes.AWAIT_BEGIN, codes.AWAITED):
                thread.process.targets[number] = text

    def _take_rare(self, thread: ThreadTrack, t: Ints, kind: Ints) -> None:
        rare = _RARE[kind]
        for at, what in zip(t[rare].tolist(), kind[rare].tolist(), strict=True):
            if what == codes.THREAD_BEGIN:
                if self._cast.program:
                    self._cast.works(thread.process, at)
                    self._cast.book.change(thread.lane, measured=True)
                    thread.measured = at if thread.measured is None else thread.measured
                    self.any_job = True
            elif what == codes.THREAD_END:
                if self._cast.kernel != "exact":
                    thread.end(at)
            elif what in (codes.COLLECT_BEGIN, codes.COLLECT_END):
                thread.process.collecting.extend(at, int(what == codes.COLLECT_BEGIN))
            else:
                self.model.append(at)
                self._cast.works(thread.process, at)

    def _steps(self, thread: ThreadTrack, t: Ints, kind: Ints, argument: Ints) -> Ints:
        """The number of the task in whose step each mark was made, 0 for none; a mark that begins or ends a step is in it."""
        is_edge = _OF_STEPS[kind]
        if not is_edge.any():
            return np.full(len(t), thread.step, np.int64)
        after = np.where(kind == codes.STEP_BEGIN, argument, 0)
        last = np.maximum.accumulate(np.where(is_edge, np.arange(len(t)), -1))
        now = np.where(last >= 0, after[np.maximum(last, 0)], thread.step)
        before = np.append(thread.step, now[:-1])
        thread.step = int(now[-1])
        return np.where(_STEP_ENDS[kind], before, now)

    def _take_tasks(self, thread: ThreadTrack, t: Ints, kind: Ints, argument: Ints, stepping: Ints) -> None:
        mine, awaits = _OF_TASKS[kind], _OF_AWAITS[kind] & (stepping != 0)
        both = mine | awaits
        if not both.any():
            return
        for at, number in zip(t[kind == codes.TASK_NEW].tolist(), argument[kind == codes.TASK_NEW].tolist(), strict=True):
            if number in thread.tasks:
                continue  # Its loop had gone on in another thread for a while.
            lane = self._cast.book.lane("task", f"task {number}", at, parent=thread.lane, pid=thread.process.pid)
            thread.tasks[number] = TaskTrack(lane, Pen(at), self._cast.stands(thread.process, lane))
        rows = np.flatnonzero(both)
        task = np.where(_NAME_THEIRS[kind], argument, stepping)
        # What it was that a task awaited is told right after that it is ready.
        task[1:] = np.where(kind[1:] == codes.AWAITED, task[:-1], task[1:])
        task = task[rows]
        for number, which in by(task):
            track = thread.tasks.get(number)
            if track is not None:
                _grow(track, t[rows[which]], kind[rows[which]], argument[rows[which]])
        edges = np.flatnonzero(_OF_STEPS[kind])
        lanes = {number: track.lane for number, track in thread.tasks.items()}
        begun = np.where(kind[edges] == codes.STEP_BEGIN, argument[edges], 0)
        values, index = np.unique(begun, return_inverse=True)
        thread.stepping.extend(t[edges], np.array([lanes.get(number, 0) for number in values.tolist()], np.int64)[index])

    def _take_jobs(self, thread: ThreadTrack, t: Ints, kind: Ints, argument: Ints, stepping: Ints) -> None:
        rows = np.flatnonzero(_OF_JOBS[kind])
        for at, what, told, step in zip(*(column[rows].tolist() for column in (t, kind, argument, stepping)), strict=True):
            carrier = thread.tasks.get(step, thread)
            if what == codes.JOB_END:
                self._job_ends(carrier, at, ok=bool(told & 1))
                continue
            self._cast.works(thread.process, at)
            self._cast.book.change(carrier.lane, measured=True)
            carrier.job = (told, at)
            thread.measured = at if thread.measured is None else thread.measured
            self.any_job = True

    def _take_exchange(self, thread: ThreadTrack, t: Ints, kind: Ints, argument: Ints, stepping: Ints) -> None:
        rows = np.flatnonzero(_OF_EXCHANGE[kind])
        for at, what, token, step in zip(*(column[rows].tolist() for column in (t, kind, argument, stepping)), strict=True):
            carrier = thread.tasks.get(step, thread)
            self._exchange.mark(what == codes.GIVE, token, carrier.lane, at)

    def _job_ends(self, carrier: ThreadTrack | TaskTrack, t: int, *, ok: bool) -> None:
        if carrier.job is not None:
            index, begun = carrier.job
            self.jobs.append(Job(carrier.lane, index, begun, max(t, begun), ok))
            carrier.job = None


def _grow(task: TaskTrack, t: Ints, kind: Ints, argument: Ints) -> None:
    """Grows the layer of one task by its marks, in the order of time; those of what it awaits are among them."""
    awaiting = np.where(kind == codes.AWAIT_BEGIN, argument, codes.PYTHON)
    is_await = _OF_AWAITS[kind]
    last = np.maximum.accumulate(np.where(is_await, np.arange(len(t)), -1))
    awaits = np.where(last >= 0, awaiting[np.maximum(last, 0)], task.awaits)
    task.awaits = int(awaits[-1])
    awaits = _told_afterwards(task, awaits, kind, argument)
    own = ~is_await & (kind != codes.AWAITED)
    t, kind, awaits = t[own], kind[own], awaits[own]
    if not len(t):
        return
    before = np.append(task.kind, kind[:-1])
    task.kind = int(kind[-1])
    # It gives way for a moment only: the loop is asked to call it soon while its step still lasts.
    again = (kind == codes.TASK_READY) & (before == codes.STEP_BEGIN)
    gives_way = (kind == codes.STEP_END) & (before == codes.TASK_READY)
    value = np.select(
        [kind == codes.STEP_BEGIN, kind == codes.TASK_END, kind == codes.STEP_END],
        [np.int64(T_STEP), np.int64(T_ENDED), np.where(gives_way, T_READY, T_SUSPENDED + awaits)],
        T_READY,
    )
    task.state.extend(t[~again], value[~again])
    ended = t[kind == codes.TASK_END]
    if len(ended):
        task.ended = int(ended[-1])


def _told_afterwards(task: TaskTrack, awaits: Ints, kind: Ints, argument: Ints) -> Ints:
    """`awaits` with what the task says, once it is ready, that it had been waiting for since its last step."""
    rows = np.flatnonzero(kind == codes.AWAITED)
    if len(rows):
        ends = np.flatnonzero(kind == codes.STEP_END)
        step = np.searchsorted(ends, rows, "left") - 1
        awaits = awaits.copy()
        awaits[ends[step[step >= 0]]] = argument[rows[step >= 0]]
        if step[0] < 0 and len(task.state.t) and task.state.value[-1] >= T_SUSPENDED:
            task.awaited = int(argument[rows[0]])
            task.state.value[-1] = T_SUSPENDED + task.awaited
    return awaits
