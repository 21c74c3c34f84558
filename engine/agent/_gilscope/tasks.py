"""Marks every step of every asyncio task, when each became ready, and when the loop had nothing to do.

    the loop is asked to call a task soon          TASK_NEW the first time, TASK_READY
    it calls the task: a step                      STEP_BEGIN … STEP_END, after the last one TASK_END
    a task is made that starts at once (eagerly)   TASK_NEW and its first step, between two steps of its maker

Tasks, coroutines, task factories and tracebacks stay the program's own: only what the loop is asked to call is called with marks around.
"""

import asyncio
import selectors
from types import BuiltinMethodType, MethodType

from . import codes, marks

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context
    from typing import Any, TypeVarTuple, Unpack

    from .shapes import Mark

    _Ts = TypeVarTuple("_Ts")

_EAGER_FACTORY = "create_eager_task_factory.<locals>.factory"


class MarkedLoop(asyncio.SelectorEventLoop):
    """The stock selector loop, which tells what happens to its tasks. It schedules exactly as its parent does.

    To be made in the thread that runs it. Each task carries its number, shifted to where marks want it, as `_gilscope`.
    """

    _step_type: "type | None" = None
    """What asyncio's C code asks a loop to call for the first step of a task, and after a bare `yield`. It has no public name."""

    _debug: bool
    _closed: bool
    _ready: "Any"

    def __init__(self) -> None:
        mine = marks.of_this_thread()
        self._mark = mine.mark
        self._text = mine.text
        self._step, self._first_step = _steps(mine.mark, mine.text)
        self._newest = 0
        self._starting: list[int] = []
        super().__init__(_MarkedSelector(mine.mark))

    def call_soon(
        self, callback: "Callable[[Unpack[_Ts]], object]", *args: "Unpack[_Ts]", context: "Context | None" = None
    ) -> asyncio.Handle:
        kind: Any = type(callback)
        if kind is not self._step_type and (kind is not BuiltinMethodType or callback.__name__ != "task_wakeup"):
            if self._step_type is not None or kind.__name__ != "TaskStepMethWrapper":
                return super().call_soon(callback, *args, context=context)
            MarkedLoop._step_type = kind
        task: Any = callback.__self__  # type: ignore[attr-defined]
        try:
            number, step = task._gilscope, self._step
        except AttributeError:
            number, step = self._meet(task), self._first_step
        self._mark(codes.TASK_READY | number)
        if self._debug or self._closed:
            handle = super().call_soon(MethodType(step, task), number, callback, args, context=context)
            if source := getattr(handle, "_source_traceback", None):
                del source[-1]
            return handle
        # What the parent does, without the three calls that it makes of it: they would double what a step's marks cost.
        handle = asyncio.Handle(step, (task, number, callback, args), self, context)
        self._ready.append(handle)
        return handle

    def create_task(self, coro: "Any", **options: "Any") -> "asyncio.Task[Any]":
        if options.get("eager_start", getattr(self.get_task_factory(), "__qualname__", None) == _EAGER_FACTORY) and self.is_running():
            task = self._start_task(coro, options)
        else:
            task = super().create_task(coro, **options)
        if source := getattr(task, "_source_traceback", None):
            del source[-1]
        return task

    def fall_silent(self) -> None:
        """Tasks that are made from now on are not marked."""
        self.call_soon = super().call_soon  # type: ignore[method-assign]

    def _meet(self, task: "Any") -> int:
        """Gives a task its number. One that is seen for the first time while it runs was started at once."""
        if self._starting and asyncio.current_task(self) is task:
            number = self._starting[-1]
        else:
            number = self._next_number()
            self._mark(codes.TASK_NEW | number)
        task._gilscope = number
        return number

    def _next_number(self) -> int:
        self._newest += 1 << 8
        return self._newest

    def _start_task(self, coro: "Any", options: "dict[str, Any]") -> "asyncio.Task[Any]":
        maker: Any = asyncio.current_task(self)
        interrupted = None
        if maker is not None:
            interrupted = maker._gilscope if hasattr(maker, "_gilscope") else self._meet(maker)
            self._mark(codes.STEP_END | interrupted)
        number = self._next_number()
        self._mark(codes.TASK_NEW | number)
        self._mark(codes.STEP_BEGIN | number)
        self._starting.append(number)
        task: Any = None
        try:
            task = super().create_task(coro, **options)
            task._gilscope = number
            self._text(codes.TASK_NEW, number >> 8, task.get_name())
        finally:
            self._starting.pop()
            self._mark((codes.TASK_END if task is None or task.done() else codes.STEP_END) | number)
            if interrupted is not None:
                self._mark(codes.STEP_BEGIN | interrupted)
        return task  # type: ignore[no-any-return]


def _steps(mark: "Mark", text: "Callable[[int, int, str], None]") -> "tuple[Callable[..., None], Callable[..., None]]":
    """What is called in a task's stead: `step`, and `first_step`, which also tells the name that the task has got by then."""
    begin, end, last = codes.STEP_BEGIN, codes.STEP_END, codes.TASK_END

    def step(task: "Any", number: int, callback: "Callable[..., Any]", args: "tuple[Any, ...]") -> None:
        mark(begin | number)
        try:
            callback(*args)
        finally:
            mark((last if task.done() else end) | number)

    def first_step(task: "Any", number: int, callback: "Callable[..., Any]", args: "tuple[Any, ...]") -> None:
        text(codes.TASK_NEW, number >> 8, task.get_name())
        step(task, number, callback, args)

    return step, first_step


class _MarkedSelector(selectors.DefaultSelector):
    def __init__(self, mark: "Mark") -> None:
        super().__init__()
        self._mark = mark

    def select(self, timeout: "float | None" = None) -> "list[tuple[selectors.SelectorKey, int]]":
        if timeout is not None and timeout <= 0:
            return super().select(timeout)
        self._mark(codes.SELECT_BEGIN)
        events = super().select(timeout)
        self._mark(codes.SELECT_END)
        return events
