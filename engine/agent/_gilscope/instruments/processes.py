"""`multiprocessing`: what children are called, waits for processes and at queues, and the work of pools.

A forked child learns its name where `multiprocessing` itself lets modules begin anew in it, a spawned one when it is given it. The work of
a pool is known on both sides by its job's number, so its token needs not travel.
"""

import os
import sys
from _thread import get_native_id

from .. import codes, marks
from . import names, pools, waits
from .disguise import forget_frame, like, take_place

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

_MOST_CHUNKS = 1 << 13


class _Anchor:
    """What is registered must be something that can be referred to weakly."""


_anchor = _Anchor()
_process: "Any" = None


def of_processes(process: "ModuleType") -> None:
    """Instruments `multiprocessing.process`: what children are called, and who waits for them."""
    global _process
    _process = process
    kind: Any = process.BaseProcess
    _join(kind)
    before = kind.name
    fset = before.fset

    def name(self: "Any", name: str) -> None:
        try:
            fset(self, name)
        except BaseException as error:
            forget_frame(error)
            raise
        if self is process.current_process() and get_native_id() == os.getpid():
            marks.name_this_thread(name)

    kind.name = property(before.fget, like(name, fset), before.fdel, before.__doc__)


def _join(kind: "Any") -> None:
    original = kind.join

    def join(self: "Any", timeout: "float | None" = None) -> None:
        try:
            return _inside(lambda mine: names.on_text(mine, codes.JOIN, str(self._name)), original, self, timeout)  # type: ignore[no-any-return]
        except BaseException as error:
            forget_frame(error)
            raise

    take_place(kind, "join", join)


def of_children(util: "ModuleType") -> None:
    util.register_after_fork(_anchor, _name_this_process)


def _name_this_process(_: _Anchor) -> None:
    process = sys.modules["multiprocessing.process"]
    marks.name_this_thread(process.current_process().name)


def _inside(argument: "Callable[[marks.Marks], int]", call: "Any", *args: "Any") -> "Any":
    """Calls it, marked as an operation, and as seldom seen in tracebacks as can be."""
    mine = marks.of_this_thread()
    mine.mark(codes.OP_BEGIN | argument(mine) << 8)
    try:
        return call(*args)
    except BaseException as error:
        forget_frame(error)
        raise
    finally:
        mine.mark(codes.OP_END)


def _idle(call: "Any", *args: "Any") -> "Any":
    """The same for a worker that waits for work."""
    mark = marks.of_this_thread().mark
    mark(codes.SELECT_BEGIN)
    try:
        return call(*args)
    except BaseException as error:
        forget_frame(error)
        raise
    finally:
        mark(codes.SELECT_END)


def of_queues(queues: "ModuleType") -> None:
    """Instruments `multiprocessing.queues`: who waits to get or to put."""
    get, put, simple_get = queues.Queue.get, queues.Queue.put, queues.SimpleQueue.get

    def got(self: "Any", block: bool = True, timeout: "float | None" = None) -> "Any":
        try:
            if not block:
                return get(self, block, timeout)
            if not pools.waits_for_work(sys._getframe(1).f_code):
                return _inside(lambda mine: names.on_object(mine, codes.GET, self), get, self, block, timeout)
            item = _idle(get, self, block, timeout)
        except BaseException as error:
            forget_frame(error)
            raise
        token = getattr(item, "_gilscope", None)
        if type(token) is int:
            pools.take(token)
        return item

    def given(self: "Any", obj: "Any", block: bool = True, timeout: "float | None" = None) -> None:
        try:
            if not block or not self._sem._semlock._is_zero():
                return put(self, obj, block, timeout)  # type: ignore[no-any-return]
            return _inside(lambda mine: names.on_object(mine, codes.PUT, self), put, self, obj, block, timeout)  # type: ignore[no-any-return]
        except BaseException as error:
            forget_frame(error)
            raise

    def got_simply(self: "Any") -> "Any":
        try:
            if not pools.waits_for_work(sys._getframe(1).f_code):
                return _inside(lambda mine: names.on_object(mine, codes.GET, self), simple_get, self)
            item = _idle(simple_get, self)
        except BaseException as error:
            forget_frame(error)
            raise
        if type(item) is tuple and len(item) == 5:
            pools.take(_token(_process.current_process()._parent_pid, *item[:2]))
        return item

    take_place(queues.Queue, "get", got)
    take_place(queues.Queue, "put", given)
    take_place(queues.SimpleQueue, "get", got_simply)


def of_pools(pool: "ModuleType") -> None:
    """Instruments `multiprocessing.pool`: who submits, who works, and who has nothing to do."""
    waits.waits_for_results(pool.ApplyResult.wait.__code__)
    pools.works(pool.worker.__code__)
    apply, many = pool.ApplyResult.__init__, pool.MapResult.__init__

    def one_result(self: "Any", *args: "Any", **options: "Any") -> None:
        try:
            apply(self, *args, **options)
        except BaseException as error:
            forget_frame(error)
            raise
        if type(self) is pool.ApplyResult:
            _submitted(pool, self, 1)

    def many_results(self: "Any", *args: "Any", **options: "Any") -> None:
        try:
            many(self, *args, **options)
        except BaseException as error:
            forget_frame(error)
            raise
        _submitted(pool, self, self._number_left)

    take_place(pool.ApplyResult, "__init__", one_result)
    take_place(pool.MapResult, "__init__", many_results)


def _submitted(pool: "ModuleType", result: "Any", chunks: int) -> None:
    if isinstance(getattr(result, "_pool", None), pool.ThreadPool):
        return  # Its workers get their work from a queue in C, which tells nothing.
    mark, pid = marks.of_this_thread().mark, os.getpid()
    for chunk in range(min(chunks, _MOST_CHUNKS)):
        mark(codes.GIVE | (codes.SUBMIT | _token(pid, result._job, chunk) << 2) << 8)


def _token(pid: int, job: int, chunk: int) -> int:
    """What the pool of process `pid` and its workers both know; other tokens count from the other end."""
    return pid << 28 | 1 << 27 | (job & 0x3FFF) << 13 | chunk & _MOST_CHUNKS - 1
