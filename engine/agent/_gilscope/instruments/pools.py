"""Pools of `concurrent.futures`: who submits which work, which worker takes it, and when a worker has none.

A thread pool's queue is given a twin that marks; work items travel in it beside their tokens. In a process pool the token travels with the
call item, as one more attribute of it.
"""

import sys

from .. import codes, marks
from .disguise import forget_frame, take_place

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from types import CodeType, ModuleType
    from typing import Any

_MOST_PENDING = 100_000
_OURS = __name__.partition(".")[0] + "."

_workers: "set[CodeType]" = set()
"""The code that workers of process pools run, where `get` waits for their next work."""


def give() -> int:
    """Marks that work is submitted; answers the token that goes with it."""
    token = marks.token()
    marks.of_this_thread().mark(codes.GIVE | (codes.SUBMIT | token << 2) << 8)
    return token


def take(token: int) -> None:
    """Marks that the calling thread has got the work with this token."""
    marks.of_this_thread().mark(codes.TAKE | (codes.SUBMIT | token << 2) << 8)


def of_thread_pools(thread: "ModuleType") -> None:
    """Instruments `concurrent.futures.thread`: pools that are made from now on."""
    pool: Any = thread.ThreadPoolExecutor
    original, simple = pool.__init__, thread.queue.SimpleQueue
    twin = _twin_of(simple, thread.queue.Empty, thread._worker.__code__)

    def made(self: "Any", *args: "Any", **options: "Any") -> None:
        try:
            original(self, *args, **options)
        except BaseException as error:
            forget_frame(error)
            raise
        if type(getattr(self, "_work_queue", None)) is simple and not self._work_queue.qsize():
            self._work_queue = twin()

    take_place(pool, "__init__", made)


def _twin_of(simple: "Any", empty: "type[Exception]", worker: "CodeType") -> "Any":
    """A `SimpleQueue` for work items that marks what is put into it, and got from it by `worker`."""
    put, get = simple.put, simple.get

    class SimpleQueue(simple):  # type: ignore[misc]
        def put(self, item: "Any", block: bool = True, timeout: "float | None" = None) -> None:
            # What ends workers is no work, and may come from anywhere: from a finalizer, too.
            put(self, (item, 0 if item is None or _is_ours(item) else give()))

        def put_nowait(self, item: "Any") -> None:
            self.put(item)

        def get(self, block: bool = True, timeout: "float | None" = None) -> "Any":
            of_worker = sys._getframe(1).f_code is worker
            if not of_worker or not block:
                item, token = get(self, block, timeout)
            else:
                try:
                    item, token = get(self, False)
                except empty:
                    mark = marks.of_this_thread().mark
                    mark(codes.SELECT_BEGIN)
                    item, token = get(self, True, timeout)
                    mark(codes.SELECT_END)
            if token and of_worker:
                take(token)
            return item

        def get_nowait(self) -> "Any":
            item, token = get(self, False)
            if token and sys._getframe(1).f_code is worker:
                take(token)
            return item

    SimpleQueue.__module__ = simple.__module__
    SimpleQueue.__qualname__ = simple.__qualname__
    return SimpleQueue


def _is_ours(item: "Any") -> bool:
    """Whether it is a model's own work, which is marked already."""
    try:
        function = getattr(item, "fn", None) or item.task[0]
        arguments = getattr(function, "args", None)
        if type(arguments) is tuple and arguments:
            function = arguments[0]  # By asyncio.to_thread: a partial that runs it in its context.
        return str(function.__module__).startswith(_OURS)
    except Exception:  # Whatever the program submits, and however it answers.
        return False


def of_process_pools(process: "ModuleType") -> None:
    """Instruments `concurrent.futures.process`, on both sides: who submits, and who works."""
    work_item, call_item = process._WorkItem.__init__, process._CallItem.__init__
    pending: dict[int, int] = {}
    _workers.add(process._process_worker.__code__)

    def submitted(self: "Any", *args: "Any", **options: "Any") -> None:
        work_item(self, *args, **options)
        if len(pending) >= _MOST_PENDING:
            pending.clear()
        if not _is_ours(self):
            pending[id(self.kwargs)] = give()

    def called(self: "Any", *args: "Any", **options: "Any") -> None:
        call_item(self, *args, **options)
        # The item that the work was submitted as holds these very arguments until its result comes.
        token = pending.pop(id(self.kwargs), None)
        if token is not None:
            self._gilscope = token

    take_place(process._WorkItem, "__init__", submitted)
    take_place(process._CallItem, "__init__", called)


def waits_for_work(code: "CodeType") -> bool:
    """Whether this is a worker's code, which has nothing to do while it waits for what comes next."""
    return code in _workers


def works(code: "CodeType") -> None:
    """This is a worker's code."""
    _workers.add(code)
