"""What tasks are called, and what they wait for: read from their suspended coroutines, only when a wait turned out to be long."""

import os

from .. import codes, marks
from . import names

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from typing import Any

    from ..shapes import Mark

_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_DEEPEST = 24
_SHOWN = 3
_OPERATIONS = {
    "sleep": codes.SLEEP,
    "Lock.acquire": codes.LOCK,
    "Condition.wait": codes.CONDITION,
    "Event.wait": codes.EVENT,
    "Semaphore.acquire": codes.SEMAPHORE,
    "Barrier.wait": codes.BARRIER,
    "Queue.get": codes.GET,
    "Queue.put": codes.PUT,
    "Queue.join": codes.JOIN,
    "gather": codes.JOIN,
    "wait": codes.JOIN,
    "TaskGroup.__aexit__": codes.JOIN,
    "_wait": codes.JOIN,
    "open_connection": codes.CONNECT,
    "open_unix_connection": codes.CONNECT,
    "BaseEventLoop.create_connection": codes.CONNECT,
    "BaseSelectorEventLoop.sock_connect": codes.CONNECT,
    "BaseSelectorEventLoop.sock_recv": codes.RECEIVE,
    "BaseSelectorEventLoop.sock_recv_into": codes.RECEIVE,
    "BaseSelectorEventLoop.sock_accept": codes.RECEIVE,
    "BaseSelectorEventLoop.sock_sendall": codes.SEND,
    "StreamWriter.drain": codes.SEND,
    "StreamReader._wait_for_data": codes.RECEIVE,
    "to_thread": codes.CALL,
    "BaseEventLoop.run_in_executor": codes.CALL,
    "BaseEventLoop.shutdown_default_executor": codes.JOIN,
}
"""The functions of asyncio that say what somebody waits for in them."""


def name_of(task: "Any", coroutine: "Any" = None) -> str:
    """`fetch() · Task-3`, or `mine · fetch()` when the program named it; our own tasks by their name alone.

    To be given the coroutine of a task that may have come to its end at once: 3.12.1 crashes when such a task is asked for it.
    """
    try:
        return _name_of(task, coroutine or task.get_coro())
    except Exception:  # A class of the program's own, which answers in its own way.
        return type(task).__name__


def _name_of(task: "Any", coroutine: "Any") -> str:
    name = str(task.get_name())
    code = _code(coroutine)
    if code is not None and code.co_filename.startswith(_OURS):
        return name
    what = f"{_called(coroutine)}()"
    if name == "None":  # What 3.13 calls tasks that come from a factory.
        return what
    return f"{what} · {name}" if name.startswith("Task-") and name[5:].isdigit() else f"{name} · {what}"


def tell(task: "Any", mark: "Mark") -> None:
    """Marks what a task that is to wake up has been waiting for: AWAITED, and by its number on what."""
    mine = marks.of_this_thread()
    try:
        operation, text = _awaited_by(task)
    except Exception:
        operation, text = codes.CALL, "future"
    mark(codes.AWAITED | names.on_text(mine, operation, text) << 8)


def _awaited_by(task: "Any") -> "tuple[int, str]":
    operation, path = codes.CALL, []
    coroutine = task.get_coro()
    for _ in range(_DEEPEST):
        if (code := _code(coroutine)) is None:
            break
        path.append(_called(coroutine))
        operation = _OPERATIONS.get(code.co_qualname, operation) if _is_of_asyncio(code.co_filename) else operation
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)
    del path[0:1]
    future = getattr(task, "_fut_waiter", None)
    if operation == codes.CALL and hasattr(future, "get_coro"):
        operation = codes.JOIN
        path.append(name_of(future))
    elif type(future).__name__ == "_GatheringFuture":
        operation = codes.JOIN
        path.append("gather()")
    shown = [part for part in path if not part.rpartition(".")[2].startswith("_")] or ["future"]
    return operation, " › ".join(shown[-_SHOWN:])


def _called(coroutine: "Any") -> str:
    name = getattr(coroutine, "__qualname__", None) or type(coroutine).__qualname__
    return str(name).rpartition("<locals>.")[2]


def _code(coroutine: "Any") -> "Any":
    return getattr(coroutine, "cr_code", None) or getattr(coroutine, "gi_code", None)


def _is_of_asyncio(path: str) -> bool:
    return f"{os.sep}asyncio{os.sep}" in path
