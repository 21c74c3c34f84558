"""Processes that each carry out some jobs and send the outcomes through a pipe of their own: the parent's side."""

import multiprocessing
import os
from multiprocessing.connection import wait

from . import codes, marks
from .losses import ending, lost

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess
    from typing import Any

    from .shapes import Outcome


class Task:
    """What one process does: `target(*args, sender)` sends the outcomes of `indices`, all at once, and ends."""

    __slots__ = ("args", "indices", "name", "target")

    def __init__(self, name: str, indices: "Sequence[int]", target: "Callable[..., None]", *args: "Any") -> None:
        self.name = name
        self.indices = indices
        self.target = target
        self.args = args


def outcomes_of(tasks: "Iterable[Task]", start_method: "str | None") -> "list[Outcome]":
    """Starts a process for each task and waits for all of them. The jobs of one that dies are failed, and say how it died."""
    context: Any = multiprocessing.get_context(start_method or "spawn")
    waiting: dict[Any, tuple[BaseProcess, Task]] = {}
    ends: dict[int, Any] = {}
    for task in tasks:
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=task.target, args=(*task.args, sender), name=task.name)
        process.start()
        sender.close()
        waiting[receiver] = (process, task)
        if (end := _end_of(process)) is not None:
            ends[end] = receiver
    mark = marks.of_this_thread().mark
    outcomes: list[Outcome] = []
    while waiting:
        mark(codes.OP_BEGIN | codes.RESULTS << 8)
        ready: list[Any] = wait([*waiting, *ends])
        mark(codes.OP_END)
        for one in ready:
            receiver = ends.get(one, one)
            if receiver in waiting:
                outcomes.extend(_received(receiver, *waiting.pop(receiver)))
            if one in ends:
                del ends[one]
                os.close(one)
    for end in ends:
        os.close(end)
    return outcomes


def _end_of(process: "BaseProcess") -> "int | None":
    """A descriptor that can be read when it has ended; None where there is none to be had.

    Its pipe alone would not tell: what the process has forked may hold that open for ever.
    """
    try:
        return os.pidfd_open(process.pid)  # type: ignore[arg-type] # it has been started
    except (OSError, AttributeError):
        return None


def _received(receiver: "Connection[Any, Any]", process: "BaseProcess", task: Task) -> "list[Outcome]":
    with receiver:
        try:
            if not receiver.poll():
                raise EOFError
            outcomes: list[Outcome] = receiver.recv()
        except (EOFError, OSError):  # It died before, or in the middle.
            process.join()
            return lost(task.indices, "ProcessDied", f"{ending(task.name, process)} before its result")
    process.join()
    return outcomes
