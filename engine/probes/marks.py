"""Reads the marks that the agent leaves: one memory-mapped file a thread (format: `engine/agent/_gilscope/codes.py`).

What is read is freed for the writer at once, so that a full ring means that we came too late: the writer counts what it dropped.
A file outlives its thread and its process, so everything marked up to a crash is here.
"""

from __future__ import annotations

import mmap
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.agent._gilscope import codes

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class ThreadMarks:
    """The new marks of one thread: equal-length columns in the order of time. `texts`: (kind, argument) → what it is called.

    Its ids are as the thread itself sees them; `parent` is its process's parent.
    """

    pid: int
    tid: int
    parent: int
    t: Ints
    kind: Ints
    argument: Ints
    texts: dict[tuple[int, int], str]
    interpreter: int = 0


class MarkFolder:
    """All mark files of a run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, _MarkFile] = {}
        self.marks = 0

    @property
    def dropped(self) -> int:
        """Marks that found no room, so far."""
        return sum(file.dropped for file in self._files.values())

    def ready(self) -> set[int]:
        """The processes that have turned to their jobs. Cheap: for asking many times a second."""
        self._find()
        return {file.pid for file in self._files.values() if file.is_ready}

    def let_go(self, pid: int) -> None:
        """Tells a process that waits for it that it is watched."""
        for file in self._files.values():
            if file.pid == pid:
                file.let_go()

    def drain(self) -> tuple[list[ThreadMarks], int]:
        """What is new, and the watermark: every mark of an earlier time has been told."""
        watermark = time.monotonic_ns()
        self._find()
        found = [file.drain() for file in self._files.values() if file.has_news]
        self.marks += sum(len(marks.t) for marks in found)
        return found, watermark

    def _find(self) -> None:
        with os.scandir(self._folder) as entries:
            fresh = [entry.name for entry in entries if entry.name not in self._files and not entry.name.endswith(".new")]
        for name in fresh:
            self._files[name] = _MarkFile(self._folder / name)

    def close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files.clear()


class _MarkFile:
    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        self._words = np.frombuffer(self._map, np.int64)
        self._capacity = int(self._words[codes.H_CAPACITY])
        ring = codes.HEADER // 8
        self._ring = self._words[ring : ring + self._capacity * 2].reshape(-1, 2)
        self._text_at = codes.HEADER + self._capacity * 16
        self._text_read = 0
        self._told = False
        self.pid = int(self._words[codes.H_PID])

    @property
    def is_ready(self) -> bool:
        return bool(self._words[codes.H_READY])

    def let_go(self) -> None:
        self._words[codes.H_GO] = 1

    @property
    def dropped(self) -> int:
        return int(self._words[codes.H_DROPPED])

    @property
    def has_news(self) -> bool:
        return not self._told or self._words[codes.H_HEAD] != self._words[codes.H_TAIL]

    def drain(self) -> ThreadMarks:
        self._told = True
        head, tail = int(self._words[codes.H_HEAD]), int(self._words[codes.H_TAIL])
        records = self._ring[np.arange(tail, head) % self._capacity]
        self._words[codes.H_TAIL] = head
        return ThreadMarks(
            pid=self.pid,
            tid=int(self._words[codes.H_TID]),
            parent=int(self._words[codes.H_PARENT]),
            t=records[:, 0].copy(),
            kind=records[:, 1] & 0xFF,
            argument=records[:, 1] >> 8,
            texts=self._texts(),
            interpreter=int(self._words[codes.H_INTERPRETER]),
        )

    def _texts(self) -> dict[tuple[int, int], str]:
        found = {}
        head = int(self._words[codes.H_TEXT_HEAD])
        while self._text_read < head:
            at = self._text_at + self._text_read
            kind, argument, length = (int(word) for word in self._words[at // 8 : at // 8 + 3])
            found[kind, argument] = self._map[at + 24 : at + 24 + length].decode(errors="replace")
            self._text_read += 24 + (length + 7 & ~7)
        return found

    def close(self) -> None:
        self._words = np.empty(0, np.int64)
        self._ring = self._words.reshape(-1, 2)
        self._map.close()
