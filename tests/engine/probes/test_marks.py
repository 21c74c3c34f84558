"""The reader of marks, on files that the agent's own writer fills."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.agent._gilscope import codes
from engine.agent._gilscope.marks import Marks
from engine.probes import marks as module
from engine.probes.marks import MarkFolder, ThreadMarks

MOST = codes.CAPACITY - codes.RESERVE


@pytest.fixture
def folder(tmp_path: Path) -> MarkFolder:
    return MarkFolder(tmp_path)


def marked(thread: Marks, first: int, count: int) -> None:
    for number in range(first, first + count):
        thread.mark(codes.TICK | number << 8)


def numbers(parts: list[ThreadMarks]) -> list[int]:
    return [number for part in parts for number in part.argument.tolist()]


def test_a_ring_that_fills_between_two_drains_loses_nothing_when_it_is_relieved(tmp_path: Path, folder: MarkFolder) -> None:
    thread = Marks(str(tmp_path / "one"))
    for lap in range(3):
        marked(thread, lap * (MOST - 1), MOST - 1)
        folder.ready()
        folder.relieve()
    parts, _ = folder.drain()
    assert numbers(parts) == list(range(3 * (MOST - 1)))
    assert np.all(np.diff(np.concatenate([part.t for part in parts])) >= 0)
    assert (folder.marks, folder.dropped) == (3 * (MOST - 1), 0)


def test_a_flood_is_recorded_or_counted_as_dropped_and_takes_bounded_memory(
    tmp_path: Path, folder: MarkFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_WAITING", MOST)
    threads = [Marks(str(tmp_path / str(number))) for number in range(2)]
    made = 0
    for lap in range(4):
        for thread in threads:
            marked(thread, lap * MOST, MOST)
            made += MOST
        folder.ready()
        folder.relieve()
    parts, _ = folder.drain()
    told = sum(len(part.t) for part in parts)
    assert told <= MOST * 4, "what waits is bounded, and the rings hold the rest"
    assert folder.dropped > 0
    assert folder.marks == told
    assert told + folder.dropped == made
    assert sum(part.lost for part in parts) == folder.dropped


def test_what_was_dropped_is_told_with_the_marks_that_came_before_it(tmp_path: Path, folder: MarkFolder) -> None:
    thread = Marks(str(tmp_path / "one"))
    marked(thread, 0, MOST + 9)
    (full,), _ = folder.drain()
    assert (len(full.t), full.lost) == (MOST, 9)
    marked(thread, 0, 5)
    (after,), _ = folder.drain()
    assert (len(after.t), after.lost) == (5, 0)


def test_what_tells_of_jobs_and_threads_finds_room_in_a_ring_that_a_flood_has_filled(tmp_path: Path, folder: MarkFolder) -> None:
    thread = Marks(str(tmp_path / "one"))
    marked(thread, 0, MOST + 9)
    thread.mark(codes.JOB_END | 1 << 8)
    marked(thread, 0, 1)
    thread.mark(codes.MODEL_END)
    (part,), _ = folder.drain()
    assert part.kind.tolist()[MOST:] == [codes.JOB_END, codes.MODEL_END]
    assert part.lost == 10
    for _ in range(codes.RESERVE + 1):
        thread.mark(codes.THREAD_BEGIN)
    marked(thread, 0, MOST)
    (part,), _ = folder.drain()
    assert part.kind.tolist()[: codes.RESERVE + 1] == [codes.THREAD_BEGIN] * (codes.RESERVE + 1)
    assert len(part.t) + part.lost == codes.RESERVE + 1 + MOST


def test_files_of_threads_that_are_over_go_with_their_last_mark_read_and_their_losses_remembered(
    tmp_path: Path, folder: MarkFolder
) -> None:
    thread = Marks(str(tmp_path / "one"))
    marked(thread, 0, MOST + 9)
    folder.over([(thread.words[codes.H_PID], thread.words[codes.H_TID])])
    (last,), _ = folder.drain()
    assert len(last.t) == MOST
    assert list(tmp_path.iterdir()) == []
    assert folder.dropped == 9


def test_a_process_is_ready_once(tmp_path: Path, folder: MarkFolder) -> None:
    thread = Marks(str(tmp_path / "one"))
    assert folder.ready() == []
    was_starting = folder.starting
    marked(thread, 0, 1)
    thread.words[codes.H_READY] = 1
    (ready,) = folder.ready()
    assert (ready.pid, ready.forked_from) == (thread.words[codes.H_PID], None)
    assert folder.ready() == []
    assert (was_starting, folder.starting) == (True, False)
    folder.let_go(ready.pid)
    assert thread.words[codes.H_GO] == 1


def test_a_forked_process_says_from_whom(tmp_path: Path, folder: MarkFolder) -> None:
    thread = Marks(str(tmp_path / "one"))
    marked(thread, 0, 1)
    thread.words[codes.H_FORKED] = thread.words[codes.H_READY] = 1
    (ready,) = folder.ready()
    assert ready.forked_from == thread.words[codes.H_PARENT]
