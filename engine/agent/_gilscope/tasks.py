"""Marks every step of every asyncio task, when each became ready, and when the loop had nothing to do.

A step is one `send` into a task's coroutine. A task becomes ready when the loop is asked to call its wake-up soon.
"""

import asyncio
import itertools
import selectors
import types

from . import codes, marks


class MarkedLoop(asyncio.SelectorEventLoop):
    """The stock selector loop, which tells what happens to its tasks. It schedules exactly as its parent does."""

    def __init__(self):
        mine = marks.of_this_thread()
        self._mark = mine.mark
        self._text = mine.text
        self._numbers = {}
        super().__init__(_MarkedSelector(mine.mark))
        self.set_task_factory(_make_task)

    def call_soon(self, callback, *args, context=None):
        number = self._numbers.get(id(getattr(callback, "__self__", None)))
        if number is not None:
            self._mark(codes.TASK_READY, number)
        return super().call_soon(callback, *args, context=context)


class _MarkedSelector(selectors.DefaultSelector):
    def __init__(self, mark):
        super().__init__()
        self._mark = mark

    def select(self, timeout=None):
        if timeout is not None and timeout <= 0:
            return super().select(timeout)
        self._mark(codes.SELECT_BEGIN)
        events = super().select(timeout)
        self._mark(codes.SELECT_END)
        return events


_count = itertools.count(1)


def _make_task(loop, coroutine, **options):
    number = next(_count)
    wrapped = _wrapper(coroutine, loop, number)
    wrapped.__name__ = getattr(coroutine, "__name__", wrapped.__name__)
    wrapped.__qualname__ = getattr(coroutine, "__qualname__", wrapped.__qualname__)
    task = asyncio.Task(wrapped, loop=loop, **options)
    loop._numbers[id(task)] = number
    task.add_done_callback(lambda done: loop._numbers.pop(id(done)))
    loop._mark(codes.TASK_NEW, number)
    return task


async def _wrapper(coroutine, loop, number):
    # Only now is its name settled: before 3.13, it was given after the task was made.
    loop._text(codes.TASK_NEW, number, asyncio.current_task().get_name())
    return await _steps(coroutine, loop._mark, number)


@types.coroutine
def _steps(coroutine, mark, number):
    resume, value = coroutine.send, None
    while True:
        mark(codes.STEP_BEGIN, number)
        try:
            awaited = resume(value)
        except StopIteration as stop:
            mark(codes.TASK_END, number)
            return stop.value
        except BaseException:
            mark(codes.TASK_END, number)
            raise
        mark(codes.STEP_END, number)
        try:
            resume, value = coroutine.send, (yield awaited)
        except GeneratorExit:
            mark(codes.TASK_END, number)
            coroutine.close()
            raise
        except BaseException as error:
            resume, value = coroutine.throw, error
