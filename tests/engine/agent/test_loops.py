"""What the loops of asyncio mark: every step of every task, whatever the program does with loops and tasks."""

from __future__ import annotations

from itertools import pairwise

import pytest

from engine.agent._gilscope import codes
from engine.probes.marks import ThreadMarks
from tests.engine.agent.measured import INTERPRETERS, Program, told
from tests.engine.agent.unaware import LOOPS, PROGRAMS

pytestmark = pytest.mark.parametrize("interpreter", INTERPRETERS)

NEW, READY, BEGIN, END, AGAIN, LAST = (
    *(codes.TASK_NEW, codes.TASK_READY, codes.STEP_BEGIN),
    *(codes.STEP_END, codes.STEP_AGAIN, codes.TASK_END),
)
LIFE = (NEW, READY, BEGIN, END, AGAIN, LAST)


def recorded(program: Program, interpreter: str, source: str) -> list[ThreadMarks]:
    ran = program.run(interpreter, "-c", source, GILSCOPE_INSTRUMENT="1")
    assert (ran.stderr, ran.returncode) == ("", 0)
    return program.left()


def life(marks: ThreadMarks, *tasks: int) -> list[tuple[int, int]]:
    return [(kind, task) for kind, task in told(marks) if kind in LIFE and task in tasks]


def called(marks: ThreadMarks) -> dict[int, str]:
    return {number: text for (kind, number), text in marks.texts.items() if kind == NEW}


@pytest.mark.parametrize("name", LOOPS)
def test_no_task_steps_while_another_does_or_before_it_is_new_or_after_its_end(program: Program, interpreter: str, name: str) -> None:
    program.run(interpreter, "-c", PROGRAMS[name], GILSCOPE_INSTRUMENT="1")
    found = [marks for marks in program.left() if NEW in marks.kind]
    assert found
    for marks in found:
        alive: set[int] = set()
        ready: set[int] = set()
        inside: int | None = None
        for kind, task in told(marks):
            if kind == NEW:
                alive.add(task)
            elif kind == READY:
                assert task in alive
                ready.add(task)
            elif kind == BEGIN:
                assert inside is None
                assert task in alive
                inside = task
            elif kind in (END, AGAIN, LAST):
                assert inside == task
                inside = None
                if kind == LAST:
                    alive.remove(task)
        assert ready


def test_each_step_of_each_task_is_told_and_what_it_is_called(program: Program, interpreter: str) -> None:
    source = """
import asyncio
async def one(): await asyncio.sleep(0)
async def main():
    first = asyncio.create_task(one(), name="first")
    second = asyncio.create_task(one())
    await first; await second
asyncio.run(main())
"""
    (main,) = recorded(program, interpreter, source)
    assert life(main, 2, 3) == [
        *((NEW, 2), (READY, 2), (NEW, 3), (READY, 3)),
        *((BEGIN, 2), (AGAIN, 2), (BEGIN, 3), (AGAIN, 3), (BEGIN, 2), (LAST, 2), (BEGIN, 3), (LAST, 3)),
    ]
    names = called(main)
    assert names[1].startswith("main() · Task-")
    assert names[2] == "first · one()"
    assert names[3].startswith("one() · Task-")


def test_a_task_that_waited_long_tells_for_what_when_it_wakes_up(program: Program, interpreter: str) -> None:
    source = """
import asyncio
async def sleeps(): await asyncio.sleep(0.005)
async def outer(queue): await queue.get()
async def main():
    queue = asyncio.Queue()
    tasks = [asyncio.create_task(outer(queue)), asyncio.create_task(sleeps())]
    await tasks[1]
    queue.put_nowait(1)
    await asyncio.gather(*tasks)
asyncio.run(main())
"""
    (main,) = recorded(program, interpreter, source)
    marks = told(main)
    waited = {}
    for (kind, task), (then, argument) in pairwise(marks):
        if then == codes.AWAITED:
            assert kind == READY
            waited[task] = (argument & 0xFF, main.texts[codes.OP_BEGIN, argument >> 8])
    assert waited[2] == (codes.GET, "Queue.get")
    assert waited[3] == (codes.SLEEP, "sleep")
    assert waited[1][0] == codes.JOIN
    assert "sleeps()" in waited[1][1]


def test_loops_in_several_threads_mark_there_and_their_tasks_have_numbers_of_their_own(program: Program, interpreter: str) -> None:
    source = """
import asyncio, threading
async def one():
    for _ in range(20): await asyncio.sleep(0.0005)
threads = [threading.Thread(target=lambda: asyncio.run(one())) for _ in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
    main, *others = recorded(program, interpreter, source)
    assert NEW not in main.kind
    tasks = [set(called(one)) for one in others]
    assert len(tasks) == 3
    assert sum(len(one) for one in tasks) == len(set.union(*tasks))
    for one in others:
        task = min(called(one))
        assert [kind for kind, _ in life(one, task)].count(BEGIN) == 21


def test_a_task_whose_loop_goes_on_in_another_thread_is_new_there(program: Program, interpreter: str) -> None:
    source = """
import asyncio, threading
async def long(): await asyncio.sleep(0); await asyncio.sleep(0.001)
loop = asyncio.new_event_loop()
task = loop.create_task(long())
loop.call_soon(loop.stop); loop.run_forever()
thread = threading.Thread(target=loop.run_until_complete, args=(task,)); thread.start(); thread.join(); loop.close()
"""
    main, other = recorded(program, interpreter, source)
    assert life(main, 1) == [(NEW, 1), (READY, 1), (BEGIN, 1), (AGAIN, 1)]
    assert life(other, 1) == [(NEW, 1), (READY, 1), (BEGIN, 1), (END, 1), (READY, 1), (BEGIN, 1), (LAST, 1)]
    assert called(main) == called(other)


def test_a_loop_without_work_is_idle_and_its_selector_is_the_programs_again_afterwards(program: Program, interpreter: str) -> None:
    source = """
import asyncio
loop = asyncio.new_event_loop()
loop.run_until_complete(asyncio.sleep(0.001))
assert "select" not in vars(loop._selector)
loop.close()
"""
    (main,) = recorded(program, interpreter, source)
    kinds = [kind for kind in main.kind.tolist() if kind in (BEGIN, END, LAST, codes.SELECT_BEGIN, codes.SELECT_END)]
    assert kinds == [BEGIN, END, codes.SELECT_BEGIN, codes.SELECT_END, BEGIN, LAST]


def test_a_task_that_starts_at_once_steps_between_two_steps_of_its_maker(program: Program, interpreter: str) -> None:
    source = """
import asyncio
async def one(): await asyncio.sleep(0.001)
async def main():
    loop = asyncio.get_running_loop()
    if hasattr(asyncio, "eager_task_factory"): loop.set_task_factory(asyncio.eager_task_factory)
    await asyncio.create_task(one())
asyncio.run(main())
"""
    (main,) = recorded(program, interpreter, source)
    marks = life(main, 1, 2)
    at = marks.index((NEW, 2))
    if marks[at + 1] == (READY, 2):
        pytest.skip("before 3.12 no task starts at once")
    assert marks[at - 2 : at + 4] == [(BEGIN, 1), (END, 1), (NEW, 2), (BEGIN, 2), (END, 2), (BEGIN, 1)]
    assert [mark for mark in marks if mark[1] == 2][-3:] == [(READY, 2), (BEGIN, 2), (LAST, 2)]


def test_what_a_loop_is_asked_to_call_of_a_task_is_no_step_unless_it_is_one(program: Program, interpreter: str) -> None:
    source = """
import asyncio, contextvars
async def waits():
    try: await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError: pass
async def main():
    task = asyncio.create_task(waits())
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_soon(task.cancel, context=contextvars.copy_context())
    await task
asyncio.run(main())
"""
    (main,) = recorded(program, interpreter, source)
    assert life(main, 2) == [(NEW, 2), (READY, 2), (BEGIN, 2), (END, 2), (READY, 2), (BEGIN, 2), (LAST, 2)]


def test_a_loop_that_is_never_idle_still_hears_from_its_files(program: Program, interpreter: str) -> None:
    source = """
import asyncio, os
got = []
async def busy():
    while len(got) < 50: await asyncio.sleep(0)
async def main():
    theirs, ours = os.pipe()
    asyncio.get_running_loop().add_reader(theirs, lambda: got.append(os.read(theirs, 1)))
    task = asyncio.create_task(busy())
    for _ in range(50):
        os.write(ours, b"x")
        for _ in range(3): await asyncio.sleep(0)
    await task
asyncio.run(main())
assert got == [b"x"] * 50
"""
    (main,) = recorded(program, interpreter, source)
    assert [kind for kind, task in life(main, 2)].count(AGAIN) > 50


def test_what_waits_in_a_loop_for_a_task_looks_like_what_the_stock_loop_has_there(program: Program, interpreter: str) -> None:
    source = """
import asyncio
async def one(): pass
async def main():
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(one())
    (handle,) = loop._ready
    assert "TaskStep" in repr(handle)
    assert str(type(handle)) == str(asyncio.Handle)
    assert isinstance(handle, asyncio.Handle)
    assert (handle._cancelled, handle._source_traceback, handle._repr, handle._args) == (False, None, None, ())
    loop.set_debug(True)
    other = asyncio.create_task(one())
    assert loop._ready[-1]._source_traceback
    loop.set_debug(False)
    await task
    handle.cancel()
    assert handle._cancelled and handle._callback is None
    await other
asyncio.run(main())
"""
    recorded(program, interpreter, source)
