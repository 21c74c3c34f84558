"""Who takes part: the tracks of all processes, interpreters, threads and cores, each with its lane, opened when it is first heard of."""

from __future__ import annotations

from collections.abc import Iterator

from engine.timeline.book import Book
from engine.timeline.evidence import (
    BECAME_BLIND,
    BECAME_FOREIGN,
    BECAME_HELPER,
    BECAME_NAMED,
    BECAME_PYTHON,
    GIL_ABSENT,
    Became,
    Ended,
    GilSource,
)
from engine.timeline.layer import Sightings
from engine.timeline.operations import BEFORE, FOREIGN, LOST, SELECT, OperationFold
from engine.timeline.pen import Pen
from engine.timeline.standing import Standing, weakest
from engine.timeline.tracks import CpuTrack, InterpreterTrack, ProcessTrack, TaskTrack, ThreadTrack
from engine.trace import Exactness, State

_INSIDE = {BECAME_PYTHON: BEFORE, BECAME_BLIND: LOST, BECAME_FOREIGN: FOREIGN, BECAME_HELPER: SELECT}


class Cast:
    """`kernel` says how time on cores is known: `exact`, `sampled` (accounts) or `inferred` (marks alone); `waits` how it is known what
    threads block in where nothing marks it: `exact`, `sampled` or `off`. `program`: what runs knows nothing of us, and has no jobs;
    `instrumented`: the jobs are of the user's own code, which may start threads.
    """

    def __init__(self, book: Book, kernel: str, waits: str, interval_ns: int, *, program: bool, instrumented: bool = False) -> None:
        self.book = book
        self.kernel: Exactness = "exact" if kernel == "exact" else "sampled" if kernel == "sampled" else "inferred"
        self.program = program
        self._instrumented = instrumented
        self.processes: dict[int, ProcessTrack] = {}
        self.threads: dict[int, ThreadTrack] = {}
        self.cpus: dict[int, CpuTrack] = {}
        self._names: dict[int, str] = {}
        self._waits = waits
        self._interval_ns = interval_ns

    def process(self, pid: int, t: int, parent: int | None = None) -> ProcessTrack:
        if pid not in self.processes:
            above = self.processes.get(parent) if parent is not None else None
            name = self._names.get(pid, "main" if not self.processes else f"process {pid}")
            lane = self.book.lane("process", name, t, parent=above.lane if above else None, pid=pid)
            self.processes[pid] = ProcessTrack(pid, lane, Pen(t), self._interval_ns, {0: InterpreterTrack(0, t)})
        return self.processes[pid]

    def thread(self, pid: int, tid: int, t: int, parent: int | None = None) -> ThreadTrack:
        if tid not in self.threads or self.threads[tid].process.pid != pid:
            process = self.process(pid, t, parent)
            lane = self.book.lane("thread", "main" if tid == pid else f"thread {tid}", t, parent=process.lane, pid=pid, tid=tid)
            fold, standing = OperationFold(program=self.program), self.stands(process, lane)
            thread = ThreadTrack(process, tid, lane, Pen(t), fold, standing, placed=self.kernel != "exact")
            if self._waits != "off":
                thread.waits = Sightings(carried=self._waits != "exact")
            self.threads[tid] = thread
            process.threads.append(thread)
        return self.threads[tid]

    def interpreter(self, process: ProcessTrack, number: int, t: int) -> InterpreterTrack:
        """Its lane is opened once its process works, and from then on at once."""
        if number not in process.interpreters:
            process.interpreters[number] = InterpreterTrack(number, t)
            if process.works:
                self._open(process, process.interpreters[number], t)
        return process.interpreters[number]

    def cpu(self, number: int) -> CpuTrack:
        if number not in self.cpus:
            self.cpus[number] = CpuTrack(self.book.lane("cpu", f"CPU {number}", 0), Pen(0))
        return self.cpus[number]

    def works(self, process: ProcessTrack, t: int) -> None:
        """It has turned to what it is there for."""
        if process.works:
            return
        process.works = True
        process.life.extend(t, int(State.running))
        for track in process.interpreters.values():
            self._open(process, track, self.book[process.lane].start_ns if track.number == 0 else track.settled)
        self.judge(process)

    def works_for(self, maker: ThreadTrack, thread: ThreadTrack, t: int) -> None:
        """`maker` has made the thread at `t`: what that does is a job's work if the maker was at one, and jobs are the user's own code."""
        if self._instrumented and maker.measured is not None and maker.measured <= t:
            thread.measured = t
            self.book.change(thread.lane, measured=True)

    def becomes(self, became: Became, t: int) -> None:
        """It is another program from `t` on."""
        process = self.processes.get(became.pid)
        if became.name:
            self._names[became.pid] = became.name
        if process is None:
            return
        if became.name:
            self.book.change(process.lane, name=became.name)
        if became.kind == BECAME_NAMED:
            return
        if became.kind != BECAME_PYTHON:
            process.life.extend(t, int(State.running))
        for thread in process.threads:
            thread.operations = OperationFold(program=self.program)
            thread.operation.extend(t, _INSIDE[became.kind])

    def christen(self, thread: ThreadTrack, name: str) -> None:
        """What the thread says that it is called; a main thread's name is its process's, too."""
        self.book.change(thread.lane, name=name)
        if thread.tid == thread.process.pid and name != "main":
            self.book.change(thread.process.lane, name=name)

    def see(self, source: GilSource, t: int) -> None:
        """Takes in how well a GIL is seen from `t` on."""
        process = self.process(source.pid, t)
        track = self.interpreter(process, source.interpreter, t)
        track.told.extend(t, int(source.asks))
        track.source.extend(t, source.source)
        track.latest = source
        track.standing.see(source, t)
        for carrier in _carriers(process):
            carrier.standing.see(source, t)
        self.judge(process)

    def judge(self, process: ProcessTrack) -> None:
        """Says on each lane of a process how well it is known."""
        for track in process.interpreters.values():
            if track.lane is not None:
                self.book.change(track.lane, exactness=track.standing.level, note=track.standing.note)
        for carrier in _carriers(process):
            self._judge(carrier.lane, carrier.standing)

    def stands(self, process: ProcessTrack, lane: int) -> Standing:
        """That of a lane which begins now in the process; said on it, too."""
        standing = Standing()
        for track in process.interpreters.values():
            # An interpreter that has ended is nobody's any more.
            if track.latest is not None and (track.number == 0 or track.latest.source != GIL_ABSENT):
                standing.see(track.latest, 0)
        self._judge(lane, standing)
        return standing

    def _judge(self, lane: int, standing: Standing) -> None:
        exactness = weakest(standing.level, self.kernel, "sampled" if self._waits == "sampled" else "exact")
        self.book.change(lane, exactness=exactness, note=standing.note if exactness != "exact" else None)

    def end(self, ended: Ended, t: int) -> None:
        """A thread or a whole process has ended."""
        process = self.processes.get(ended.pid)
        if process is None:
            return
        for thread in process.threads:
            if ended.tid is None or thread.tid == ended.tid:
                thread.end(t)
        if ended.tid is None:
            process.signal = ended.signal
        if process.ended is None and (process.threads or process.last_end) and all(thread.ended is not None for thread in process.threads):
            process.ended = max([process.last_end, *(thread.ended or 0 for thread in process.threads)])

    def drop(self, thread: ThreadTrack) -> None:
        """It is told to its end."""
        process = thread.process
        process.threads.remove(thread)
        process.last_end = max(process.last_end, thread.ended or 0)

    def lane_of(self, tid: int) -> int:
        """The lane of a thread, -1 when it has none."""
        thread = self.threads.get(tid)
        return -1 if thread is None else thread.lane

    def _open(self, process: ProcessTrack, track: InterpreterTrack, t: int) -> None:
        name = "GIL" if track.number == 0 else f"GIL of interpreter {track.number}"
        track.lane = self.book.lane("interpreter", name, t, parent=process.lane, pid=process.pid)
        track.pen = Pen(t)
        self.judge(process)


def _carriers(process: ProcessTrack) -> Iterator[ThreadTrack | TaskTrack]:
    for thread in process.threads:
        yield thread
        yield from thread.tasks.values()
