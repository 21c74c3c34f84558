"""The ring of marks, written in real interpreters and read by the engine's reader."""

from __future__ import annotations

import signal

import numpy as np
import pytest

from engine.agent._gilscope import codes
from engine.probes.marks import MarkFolder
from tests.engine.agent.measured import INTERPRETERS, Program, told

pytestmark = pytest.mark.parametrize("interpreter", INTERPRETERS)


def test_marks_are_told_in_their_order_with_rising_times(program: Program, interpreter: str) -> None:
    source = "from _gilscope import marks, codes\nmark = marks.of_this_thread().mark\nfor i in range(9000): mark(codes.TICK | i << 8)"
    assert program.run(interpreter, "-c", source).stderr == ""
    (main,) = program.left()
    assert told(main) == [(codes.THREAD_BEGIN, 0), *((codes.TICK, number) for number in range(9000))]
    assert np.all(np.diff(main.t) >= 0)
    assert main.texts == {(codes.THREAD_BEGIN, 0): "main"}


def test_a_full_ring_counts_what_it_loses_and_records_again_once_it_is_read(program: Program, interpreter: str) -> None:
    source = """
from _gilscope import marks, codes
mine = marks.of_this_thread()
for i in range(codes.CAPACITY - codes.RESERVE + 9): mine.mark(codes.TICK | i << 8)
print(mine.words[codes.H_DROPPED], flush=True)
input()
for i in range(codes.CAPACITY // 2): mine.mark(codes.TICK | i << 8)
print(mine.words[codes.H_DROPPED])
"""
    with program.start(interpreter, "-c", source) as running:
        assert running.stdout is not None
        assert running.stdin is not None
        assert running.stdout.readline() == "10\n"
        folder = MarkFolder(program.marks)
        ((main,), _) = folder.drain()
        assert main.argument.tolist() == [0, *range(codes.CAPACITY - codes.RESERVE - 1)]
        assert main.lost == folder.dropped == 10
        running.stdin.write("\n")
        running.stdin.flush()
        assert running.stdout.readline() == "10\n"
        ((main,), _) = folder.drain()
        assert main.argument.tolist() == list(range(codes.CAPACITY // 2))
        folder.close()


def test_each_thread_has_marks_of_its_own(program: Program, interpreter: str) -> None:
    source = """
import threading
from _gilscope import marks, codes
def work(n):
    mine = marks.name_this_thread(f"t{n}")
    for _ in range(500): mine.mark(codes.TICK | n << 8)
threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
for one in threads: one.start()
for one in threads: one.join()
"""
    assert program.run(interpreter, "-c", source).stderr == ""
    _, *others = program.left()
    assert len({one.tid for one in others}) == 4
    for one in others:
        number = int(one.texts[codes.THREAD_BEGIN, 0].removeprefix("t"))
        assert told(one) == [(codes.THREAD_BEGIN, 0), *[(codes.TICK, number)] * 500]


def test_a_forked_child_writes_to_a_file_of_its_own_even_by_what_was_handed_out_before(program: Program, interpreter: str) -> None:
    source = """
import os
from _gilscope import marks, codes
mark = marks.of_this_thread().mark
mark(codes.TICK | 1 << 8)
pid = os.fork()
mark(codes.TICK | (2 if pid else 3) << 8)
if pid: os.waitpid(pid, 0)
mark(codes.TICK | (4 if pid else 5) << 8)
"""
    assert program.run(interpreter, "-c", source).stderr == ""
    parent, child = program.left()
    assert told(parent) == [(codes.THREAD_BEGIN, 0), (codes.TICK, 1), (codes.TICK, 2), (codes.TICK, 4)]
    assert told(child) == [(codes.THREAD_BEGIN, 0), (codes.TICK, 3), (codes.TICK, 5)]
    assert child.parent == parent.pid != child.pid


def test_what_a_killed_process_marked_is_there(program: Program, interpreter: str) -> None:
    source = """
import os
from _gilscope import marks, codes
for i in range(100): marks.of_this_thread().mark(codes.TICK | i << 8)
os.kill(os.getpid(), 9)
"""
    assert program.run(interpreter, "-c", source).returncode == -signal.SIGKILL
    (main,) = program.left()
    assert main.argument.tolist() == [0, *range(100)]


def test_a_folder_that_cannot_be_written_does_not_alter_the_program(program: Program, interpreter: str) -> None:
    program.marks.rmdir()
    ran = program.run(interpreter, "-c", "from _gilscope import marks; marks.of_this_thread().mark(7); print('ran')")
    assert (ran.stdout, ran.stderr, ran.returncode) == ("ran\n", "", 0)
