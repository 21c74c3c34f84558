"""Waits with identity: whatever blocks in a `Condition`, which is all of `threading` and `queue` that is written in Python.

`Condition.wait` makes itself a lock and blocks on it until a notifier lets it go. It is given ours instead, which marks just that: OP_BEGIN
when it is really going to block, GIVE where it is let go, TAKE and OP_END where it goes on. What never blocks, never comes here.

Who called `wait` says what for: a queue's `get`, an event, a semaphore … A plain queue at which somebody waits tells from then on, too,
which item that was put is which that was got.
"""

import sys
from _collections import deque  # type: ignore[import-not-found] # `collections` is dear, and not what `threading` imports
from _weakref import ref
from types import FunctionType

from .. import codes, marks
from . import names
from .disguise import forget_frame

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from types import CodeType, FrameType, ModuleType
    from typing import Any

_callers: "dict[CodeType, int]" = {}
"""What a call of `Condition.wait` in this code is for. The code's `self` is what it is on."""

_reasons: "dict[CodeType, tuple[int, str]]" = {}
"""What a call of `Event.wait` in this code is for, where the event is not what matters: an operation, and on what."""

_between: "set[CodeType]" = set()
_plain: "list[Any]" = []
_threading: "Any" = None


def of_threading(threading: "ModuleType") -> None:
    """Instruments `threading.Condition`, and with it what blocks in one."""
    global _threading
    _threading = threading
    condition = threading.Condition
    wait = condition.wait
    # The same code with another idea of what `_allocate_lock` is; of all else that is global it uses built-ins only.
    copied = FunctionType(wait.__code__, {**vars(threading), "_allocate_lock": _Waiter}, wait.__name__, wait.__defaults__, wait.__closure__)
    for what in ("__module__", "__qualname__", "__doc__", "__dict__", "__kwdefaults__"):
        setattr(copied, what, getattr(wait, what))
    condition.wait = copied
    _between.add(condition.wait_for.__code__)
    _callers[threading.Event.wait.__code__] = codes.EVENT
    _callers[threading.Semaphore.acquire.__code__] = codes.SEMAPHORE
    _callers[threading.Barrier._wait.__code__] = _callers[threading.Barrier._enter.__code__] = codes.BARRIER
    _reasons[threading.Thread.start.__code__] = (codes.EVENT, "thread start")


def of_queue(queue: "ModuleType") -> None:
    """Tells what waits in `queue.Queue` are for."""
    plain = queue.Queue
    _callers[plain.get.__code__] = codes.GET
    _callers[plain.put.__code__] = codes.PUT
    _callers[plain.join.__code__] = codes.JOIN
    _plain[:] = [plain._put, plain._get]


def of_futures(base: "ModuleType") -> None:
    _callers[base.Future.result.__code__] = _callers[base.Future.exception.__code__] = codes.RESULTS
    _reasons[base.wait.__code__] = _reasons[base.as_completed.__code__] = (codes.RESULTS, "futures")


def waits_for_results(code: "CodeType") -> None:
    """Code that calls `Event.wait` for somebody's result."""
    _reasons[code] = (codes.RESULTS, "pool")


class _Waiter:
    """The lock that `Condition.wait` blocks on. Its first `acquire` makes it locked, the second waits for the notifier's `release`."""

    __slots__ = ("__weakref__", "_begun", "_lock", "_token")

    def __init__(self) -> None:
        # Whatever makes locks by now: the program may have put something of its own there.
        self._lock = _threading._allocate_lock()
        self._begun = False
        self._token = 0

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        lock = self._lock
        if not self._begun:
            self._begun = True
            _number_items(sys._getframe(1).f_back)
            return lock.acquire()  # type: ignore[no-any-return]
        if not blocking or not lock.locked():
            return lock.acquire(False)  # type: ignore[no-any-return]
        mine = marks.of_this_thread()
        try:
            what_for = _what_for(mine, sys._getframe(1))
        except Exception:  # A class of the program's own, which answers in its own way.
            what_for = codes.CONDITION
        mine.mark(codes.OP_BEGIN | what_for << 8)
        try:
            return lock.acquire(True, timeout)  # type: ignore[no-any-return]
        except BaseException as error:
            forget_frame(error)
            raise
        finally:
            if self._token:
                mine.mark(codes.TAKE | (codes.RELEASE | self._token << 2) << 8)
            mine.mark(codes.OP_END)

    def release(self) -> None:
        if not self._lock.locked():
            # Notified already, by one who was interrupted before he struck it off.
            raise RuntimeError("release unlocked lock")
        self._token = marks.token()
        marks.of_this_thread().mark(codes.GIVE | (codes.RELEASE | self._token << 2) << 8)
        self._lock.release()


def _what_for(mine: "marks.Marks", wait: "FrameType") -> int:
    """The operation that a call of `Condition.wait` is part of, and on what."""
    caller = wait.f_back
    if caller is not None and caller.f_code in _between:
        caller = caller.f_back
    operation = None if caller is None else _callers.get(caller.f_code)
    if caller is None or operation is None:
        return names.on_object(mine, codes.CONDITION, wait.f_locals["self"])
    if operation == codes.EVENT and caller.f_back is not None:
        reason = _reasons.get(caller.f_back.f_code)
        if reason is not None:
            return names.on_text(mine, *reason)
    if operation == codes.RESULTS:
        return names.on_text(mine, operation, "future")
    return names.on_object(mine, operation, caller.f_locals["self"])


def _number_items(caller: "FrameType | None") -> None:
    """Begins to tell which item is which of a plain queue, whose lock the caller holds, and which is empty now."""
    if caller is None or _callers.get(caller.f_code) != codes.GET:
        return
    queue: Any = caller.f_locals["self"]
    try:
        # Not by its `__dict__`: to ask for that makes every attribute of the queue slower from then on.
        if [method.__func__ for method in (queue._put, queue._get)] == _plain and not len(queue.queue):
            queue._put, queue._get = _numbered(ref(queue), *_plain)
    except Exception:
        return  # A class of the program's own, or numbered already: then these are no methods.


def _numbered(there: "Any", put: "Any", get: "Any") -> "tuple[Any, Any]":
    """`_put` and `_get` of one queue that is empty. They hold no queue, lest it never went away, and are called under its lock."""
    tokens: deque[int] = deque()

    def in_step(queue: "Any", change: int) -> bool:
        if len(queue.queue) == len(tokens) + change:
            return True
        # Somebody did something to the items behind its back: from now on nobody can say which is which.
        del queue._put, queue._get
        return False

    def _put(item: "Any") -> None:
        queue = there()
        put(queue, item)
        if in_step(queue, 1):
            token = marks.token()
            tokens.append(token)
            marks.of_this_thread().mark(codes.GIVE | (codes.MESSAGE | token << 2) << 8)

    def _get() -> "Any":
        queue = there()
        item = get(queue)
        if in_step(queue, -1):
            marks.of_this_thread().mark(codes.TAKE | (codes.MESSAGE | tokens.popleft() << 2) << 8)
        return item

    return _put, _get
