"""The timeline of one run: evidence in, frames out."""

from __future__ import annotations

import numpy as np

from engine.timeline.book import Book
from engine.timeline.cast import Cast
from engine.timeline.drawing import Overlap, ThreadDrawing, draw_cpu, draw_gil, draw_process
from engine.timeline.evidence import Evidence
from engine.timeline.exchange import Exchange
from engine.timeline.holders import settle_holders
from engine.timeline.intake import Intake
from engine.timeline.pen import Pen, Rows
from engine.timeline.tracks import ProcessTrack, ThreadTrack
from engine.trace import Frame, Segments, State

SETTLE_NS = 1_000_000
"""The newest millisecond is looked at again, for what a short stretch belongs to shows only with what follows."""
_KEEP_NS = 2_000_000_000


class Timeline:
    """Let it `take` everything in order, tell now and then what `grew`, then `finish` it once. `t = 0` is `origin_ns` of CLOCK_MONOTONIC.

    `kernel` says how time on cores is known: `exact` (switches), `sampled` (accounts) or `inferred` (marks alone). Where the GIL is not
    seen, its holder is inferred from who is on a core. `waits` says how it is known what threads block in where no mark tells: `exact`,
    `sampled` or `off`. `program`: what runs is no workload, has no jobs, and may know nothing of us;
    `instrumented`: its jobs are the user's own code.
    """

    def __init__(
        self,
        origin_ns: int,
        kernel: str,
        *,
        gil_is_seen: bool,
        waits: str = "off",
        switch_interval_ns: int = 5_000_000,
        program: bool = False,
        instrumented: bool = False,
    ) -> None:
        self._book = Book()
        self._cast = Cast(self._book, kernel, waits, switch_interval_ns, program=program, instrumented=instrumented)
        self._exchange = Exchange()
        self._intake = Intake(self._cast, self._exchange, origin_ns)
        self._threads = ThreadDrawing(self._cast)
        self._overlap = Overlap()
        self._gil_is_seen = gil_is_seen
        self._drawn = 0
        self._watermark = 0

    def take(self, evidence: Evidence) -> None:
        self._intake.take(evidence)
        self._watermark = max(self._watermark, evidence.upto_ns - self._intake.origin)

    def grew(self) -> Frame:
        """What the trace grew by. The frame reaches to a millisecond before the `upto_ns` of what was taken last."""
        return self._frame(max(self._drawn, self._watermark - SETTLE_NS), self._watermark)

    def feed(self, evidence: Evidence) -> Frame:
        """Both at once."""
        self.take(evidence)
        return self.grew()

    def finish(self, end_ns: int) -> Frame:
        """The last frame: everything is closed at `end_ns`; what was at work when its process died is `crashed` from then on."""
        end = max(end_ns - self._intake.origin, self._watermark, self._drawn)
        for process in self._cast.processes.values():
            if process.ended is None:
                process.ended = end
        return self._frame(end, end, last=True)

    @property
    def running(self) -> bool:
        """Whether a job has begun."""
        return self._intake.marks.any_job

    def _frame(self, upto: int, watermark: int, *, last: bool = False) -> Frame:
        rows: list[tuple[int, Rows]] = []
        opens: list[tuple[int, Pen]] = []
        switches = self._cast.kernel == "exact"
        self._intake.wakings.settle(upto)
        for process in self._cast.processes.values():
            if process.told_end:
                opens.append((process.lane, process.pen))
                continue
            settle_holders(process, watermark, switches=switches, seen=self._gil_is_seen)
            if switches:
                self._overlap.measure(process, self._drawn, upto)
            for thread in list(process.threads):
                self._draw_thread(thread, upto, watermark, rows, opens, last=last)
            self._draw_process(process, upto, watermark, rows, opens)
        for cpu in self._cast.cpus.values():
            rows.append((cpu.lane, draw_cpu(cpu, upto, watermark, self._cast.lane_of)))
            opens.append((cpu.lane, cpu.pen))
        if last:
            rows.extend((lane, pen.close(upto)) for lane, pen in opens)
            for lane, _ in opens:
                self._book.change(lane, end_ns=self._book[lane].end_ns or upto)
        self._drawn, self._watermark = upto, watermark
        self._forget(upto - _KEEP_NS)
        lanes, strings = self._book.news()
        jobs = tuple(self._intake.marks.jobs)
        self._intake.marks.jobs.clear()
        return Frame(
            t_ns=upto,
            lanes=lanes,
            segments=_segments(rows),
            open=_segments([] if last else [(lane, pen.open_at(upto)) for lane, pen in opens]),
            strings=strings,
            jobs=jobs,
            counters=self._counters(),
            edges=self._exchange.news(upto),
        )

    def _draw_thread(
        self, thread: ThreadTrack, upto: int, watermark: int, rows: list[tuple[int, Rows]], opens: list[tuple[int, Pen]], *, last: bool
    ) -> None:
        rows.extend(self._threads.draw(thread, upto, watermark))
        for number, task in list(thread.tasks.items()):
            if task.ended is not None and task.ended <= upto:
                self._book.change(task.lane, end_ns=task.ended)
                del thread.tasks[number]
            else:
                opens.append((task.lane, task.pen))
        if thread.ended is not None and (thread.ended <= upto or last):
            self._end(thread, upto, rows)
        elif thread.pen.open is not None or last:
            opens.append((thread.lane, thread.pen))

    def _end(self, thread: ThreadTrack, upto: int, rows: list[tuple[int, Rows]]) -> None:
        ended = min(thread.ended or upto, upto)
        died_at_work = self._intake.marks.close_jobs(thread, ended)
        if died_at_work:
            thread.process.signal = thread.process.signal or 0
        for lane, pen in ((thread.lane, thread.pen), *((task.lane, task.pen) for task in thread.tasks.values())):
            rows.append((lane, pen.close(ended)))
            self._book.change(lane, end_ns=ended)
        thread.tasks.clear()
        self._cast.drop(thread)

    def _draw_process(
        self,
        process: ProcessTrack,
        upto: int,
        watermark: int,
        rows: list[tuple[int, Rows]],
        opens: list[tuple[int, Pen]],
    ) -> None:
        rows.append((process.lane, draw_process(process, upto)))
        opens.append((process.lane, process.pen))
        for track in process.interpreters.values():
            if track.lane is None or track.pen is None:
                continue
            rows.append((track.lane, draw_gil(process, track, upto, watermark, self._cast.lane_of)))
            if process.ended is None or process.ended > upto:
                opens.append((track.lane, track.pen))
            else:
                rows.append((track.lane, track.pen.close(process.ended)))
                self._book.change(track.lane, end_ns=process.ended)
        if process.ended is not None and process.ended <= upto and not process.told_end:
            process.told_end = True
            rows.append((process.lane, process.pen.close(process.ended)))
            state = State.crashed if process.signal is not None else State.exited
            process.pen.open = (process.ended, int(state), -1, -1)

    def _forget(self, before: int) -> None:
        for process in self._cast.processes.values():
            if process.told_end:
                continue
            for track in process.interpreters.values():
                track.gil.forget(before)
                track.seen.forget(min(before, track.settled))
            for thread in process.threads:
                thread.forget(min(before, thread.pen.look_from))
        for cpu in self._cast.cpus.values():
            cpu.thread.forget(min(before, cpu.pen.look_from))

    def _counters(self) -> dict[str, int]:
        at_work = [thread for thread in self._cast.threads.values() if thread.measured is not None]
        found: dict[str, int] = {}
        if self._cast.kernel == "exact":
            found["gil_oncore_overlap_ns"], found["gil_overlap_ns"] = self._overlap.oncore_ns, self._overlap.long_ns
            found["switches_voluntary"] = sum(thread.voluntary for thread in at_work)
            found["switches_involuntary"] = sum(thread.involuntary for thread in at_work)
        if len(self._intake.marks.model) == 2:
            found["elapsed_ns"] = self._intake.marks.model[1] - self._intake.marks.model[0]
        return found


def _segments(rows: list[tuple[int, Rows]]) -> Segments:
    many = [(lane, found) for lane, found in rows if len(found)]
    if not many:
        return Segments.empty()
    start, end, state, detail, ref = np.concatenate([found for _, found in many]).T
    return Segments.of(np.repeat([lane for lane, _ in many], [len(found) for _, found in many]), start, end, state, detail, ref)
