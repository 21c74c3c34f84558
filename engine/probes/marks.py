"""Reads the marks that the agent leaves: one memory-mapped file a thread (format: `engine/agent/_gilscope/codes.py`).

What is read is freed for the writer at once, so that a full ring means that we came too late: the writer counts what it dropped.
A file outlives its thread and its process, so everything marked up to a crash is here. It goes when its last mark has been read.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.agent._gilscope import codes

Ints = npt.NDArray[np.int64]

_STEP_ENDS, _OF_STEPS = np.zeros(256, bool), np.zeros(256, bool)
_STEP_ENDS[[codes.STEP_END, codes.STEP_AGAIN, codes.TASK_END]] = True
_OF_STEPS[[codes.TASK_READY, codes.STEP_BEGIN, codes.STEP_END, codes.STEP_AGAIN, codes.TASK_END]] = True
_START_NS = 1_000_000_000
"""A process that has not turned to its jobs by then will not soon."""
_RELIEF_S = 0.02
_MOST_WAITING = 2_000_000
"""Marks that may wait for a drain: 48 MB."""
_STALE_NS = 50_000_000
"""A folder's own time may be coarse: only one that is this old tells that no file has come since it was listed."""


@dataclass(frozen=True, slots=True, eq=False)
class ThreadMarks:
    """The new marks of one thread: equal-length columns in the order of time. `texts`: (kind, argument) → what it is called.

    Its ids are as the thread itself sees them; `parent` is its process's parent. `lost`: marks that found no room after these, before
    the first of the next drain.
    """

    pid: int
    tid: int
    parent: int
    t: Ints
    kind: Ints
    argument: Ints
    texts: dict[tuple[int, int], str]
    interpreter: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Ready:
    """Process `pid` turns to its jobs. `forked_from`: its parent, if it is still the program that its parent was at `since`."""

    pid: int
    forked_from: int | None
    since: int


class MarkFolder:
    """All mark files of a run.

    Read so far: `marks`, of which `step_marks` tell of `steps` of tasks; and `starts` of interpreters, not forked.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, _MarkFile] = {}
        self._unready: dict[str, _MarkFile] = {}
        self._ready: set[int] = set()
        self._over: set[tuple[int, int | None]] = set()
        self._listed_ns = 0
        self._dropped = 0
        self._gate = threading.Lock()
        self._over_and_out = threading.Event()
        self._relief: threading.Thread | None = None
        self._waiting: list[ThreadMarks] = []
        self._waiting_marks = 0
        self.marks = self.steps = self.step_marks = self.starts = 0

    @property
    def dropped(self) -> int:
        """Marks that found no room, so far."""
        return self._dropped + sum(file.dropped for file in self._files.values())

    @property
    def starting(self) -> bool:
        """Whether a process is about to turn to its jobs: it began to mark a moment ago, or none has begun yet."""
        now = time.monotonic_ns()
        return not self._files or any(now - file.found_ns < _START_NS for file in self._unready.values())

    @property
    def waiting(self) -> int:
        """How many marks wait for the next drain, but for those that are in rings still."""
        return self._waiting_marks

    def ready(self) -> list[Ready]:
        """The processes that have turned to their jobs since this was asked before. Cheap: for asking many times a second."""
        with self._gate:
            self._find()
        turned = {file.pid: file.turned for file in self._unready.values() if file.is_ready}
        if turned:
            self._await_no_more({*turned})
        return list(turned.values())

    def expect_no_jobs(self, pid: int) -> None:
        """It will not turn to jobs, as a helper of the standard library's does not."""
        self._await_no_more({pid})

    def _await_no_more(self, pids: set[int]) -> None:
        self._ready |= pids
        self._unready = {name: file for name, file in self._unready.items() if file.pid not in pids}

    def let_go(self, pid: int) -> None:
        """Tells a process that waits for it that it is watched."""
        for file in self._files.values():
            if file.pid == pid:
                file.let_go()

    def over(self, ended: Iterable[tuple[int, int | None]]) -> None:
        """These threads (pid, tid), or whole processes (pid, None), mark no more: the next drain is their last, and removes their files."""
        self._over.update(ended)

    def relieve(self) -> None:
        """Takes in what fills rings by half, lest they overflow before the next drain. Cheap: for asking many times a second.

        What waits for that drain is bounded: a program that marks faster than it is read loses marks, not we our memory.
        """
        with self._gate:
            for file in self._files.values():
                if file.is_half_full and self._waiting_marks < _MOST_WAITING:
                    self._take(file)

    def keep_relieved(self) -> None:
        """Does so from now on until `close`, in a thread of its own: making a frame of a flood takes longer than a ring takes to fill."""
        self._relief = threading.Thread(target=self._relieve_on, name="marks-relief", daemon=True)
        self._relief.start()

    def _relieve_on(self) -> None:
        while not self._over_and_out.wait(_RELIEF_S):
            self.relieve()

    def drain(self) -> tuple[list[ThreadMarks], int]:
        """What is new, and the watermark: every mark of an earlier time has been told. A thread's may come in several parts, in order."""
        watermark = time.monotonic_ns()
        over, self._over = self._over, set()
        with self._gate:
            self._find()
            for file in self._files.values():
                if file.has_news:
                    self._take(file)
            for name, file in list(self._files.items()) if over else ():
                if (file.pid, file.tid) in over or (file.pid, None) in over:
                    self._remove(name, file)
            found, self._waiting, self._waiting_marks = self._waiting, [], 0
        return found, watermark

    def _take(self, file: _MarkFile) -> None:
        self.starts += file.begins_an_interpreter
        marks = file.drain()
        self.marks += len(marks.t)
        self.steps += int(np.count_nonzero(_STEP_ENDS[marks.kind]))
        self.step_marks += int(np.count_nonzero(_OF_STEPS[marks.kind]))
        self._waiting.append(marks)
        self._waiting_marks += len(marks.t)

    def _find(self) -> None:
        if self._folder.stat().st_mtime_ns < self._listed_ns:
            return
        self._listed_ns = time.time_ns() - _STALE_NS
        with os.scandir(self._folder) as entries:
            fresh = [entry.name for entry in entries if entry.name not in self._files and not entry.name.endswith(".new")]
        for name in fresh:
            self._files[name] = file = _MarkFile(self._folder / name)
            if file.pid not in self._ready:
                self._unready[name] = file

    def _remove(self, name: str, file: _MarkFile) -> None:
        del self._files[name]
        self._unready.pop(name, None)
        self._dropped += file.dropped
        file.close()
        with contextlib.suppress(OSError):
            (self._folder / name).unlink()

    def close(self) -> None:
        """Idempotent."""
        self._over_and_out.set()
        if self._relief is not None:
            self._relief.join()
        for file in self._files.values():
            file.close()
        self._files.clear()
        self._unready.clear()


class _MarkFile:
    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        # Single words are read much faster from a view than from an array.
        self._head = memoryview(self._map).cast("q")[: codes.HEADER // 8]
        self._words = np.frombuffer(self._map, np.int64)
        self._capacity = self._head[codes.H_CAPACITY]
        ring = codes.HEADER // 8
        self._ring = self._words[ring : ring + self._capacity * 2].reshape(-1, 2)
        self._places = memoryview(self._map).cast("q")[ring : ring + self._capacity * 2]
        self._began = 0
        self._newest = 0
        self._text_at = codes.HEADER + self._capacity * 16
        self._text_read = 0
        self._told = False
        self._lost = 0
        self.found_ns = time.monotonic_ns()
        self.pid = self._head[codes.H_PID]
        self.tid = self._head[codes.H_TID]

    @property
    def is_ready(self) -> bool:
        return bool(self._head[codes.H_READY])

    @property
    def begins_an_interpreter(self) -> bool:
        """Asked before the first drain: whether this is the main thread of a process that was not forked as it is."""
        return not self._told and self.tid == self.pid and not self._head[codes.H_FORKED] and not self._head[codes.H_INTERPRETER]

    @property
    def turned(self) -> Ready:
        return Ready(
            self.pid, self._head[codes.H_PARENT] if self._head[codes.H_FORKED] else None, self._began or int(_ns(self._ring[:1, 0])[0])
        )

    def let_go(self) -> None:
        self._head[codes.H_GO] = 1

    @property
    def dropped(self) -> int:
        return self._head[codes.H_DROPPED]

    @property
    def is_half_full(self) -> bool:
        tail = self._head[codes.H_TAIL]
        # The further place is not looked at in vain: that alone would make it take memory.
        return self._places[tail % self._capacity * 2] != 0 and self._places[(tail + self._capacity // 2) % self._capacity * 2] != 0

    @property
    def has_news(self) -> bool:
        at = self._head[codes.H_TAIL] % self._capacity * 2
        return not self._told or self._places[at] != 0 or self._head[codes.H_DROPPED] != self._lost

    def drain(self) -> ThreadMarks:
        self._told = True
        tail = self._head[codes.H_TAIL]
        at = tail % self._capacity
        parts = [self._written(at, self._capacity)]
        if at + len(parts[0]) == self._capacity:
            parts.append(self._written(0, at))
        records = np.concatenate(parts).T.copy()
        t = _ns(records[0])
        if len(t):
            t[0] = max(t[0], self._newest)
            t = np.maximum.accumulate(t)
            self._began, self._newest = self._began or int(t[0]), int(t[-1])
        lost_then = self.dropped
        for part in parts:
            part[:, 0] = 0
        tail += records.shape[1]
        self._head[codes.H_TAIL] = tail
        lost = self.dropped
        if self._places[(tail - 1 - codes.RESERVE) % self._capacity * 2]:
            # It is full again already: what is lost by now belongs to later marks, but for a few.
            lost = lost_then
        self._lost, before = lost, self._lost
        return ThreadMarks(
            pid=self.pid,
            tid=self.tid,
            parent=self._head[codes.H_PARENT],
            t=t,
            kind=records[1] & 0xFF,
            argument=records[1] >> 8,
            texts=self._texts(),
            interpreter=self._head[codes.H_INTERPRETER],
            lost=lost - before,
        )

    def _written(self, at: int, until: int) -> Ints:
        """The places from `at` up to the first that is free, or to `until`."""
        size = 256
        while True:
            free = np.flatnonzero(self._ring[at : min(at + size, until), 0] == 0)
            if len(free):
                return self._ring[at : at + int(free[0])]
            if at + size >= until:
                return self._ring[at:until]
            size *= 8

    def _texts(self) -> dict[tuple[int, int], str]:
        found = {}
        head = self._head[codes.H_TEXT_HEAD]
        while self._text_read < head:
            at = self._text_at + self._text_read
            kind, argument, length = (int(word) for word in self._words[at // 8 : at // 8 + 3])
            found[kind, argument] = self._map[at + 24 : at + 24 + length].decode(errors="replace")
            self._text_read += 24 + (length + 7 & ~7)
        return found

    def close(self) -> None:
        self._head.release()
        self._places.release()
        self._words = np.empty(0, np.int64)
        self._ring = self._words.reshape(-1, 2)
        self._map.close()


def _ns(seconds: Ints) -> Ints:
    """Times as marks have them, which are doubles."""
    return np.rint(seconds.view(np.float64) * 1e9).astype(np.int64)
