"""Performs jobs with blocking primitives: what all models but asyncio have in common."""

from time import sleep, thread_time_ns
from types import CoroutineType

from . import codes
from .operations import Call, Compute, Fetch, Native, Sleep

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .marks import Marks
    from .shapes import Blocking, Job, Jobs, Mark, Outcome

_IN_NATIVE = codes.OP_BEGIN | codes.NATIVE << 8
_IN_SLEEP = codes.OP_BEGIN | codes.SLEEP << 8
_IN_CONNECT = codes.OP_BEGIN | codes.CONNECT << 8
_IN_SEND = codes.OP_BEGIN | codes.SEND << 8
_IN_RECEIVE = codes.OP_BEGIN | codes.RECEIVE << 8
_IN_CALL = codes.OP_BEGIN | codes.CALL << 8
_MOST_TEXT = 8000


def perform_jobs(work: "Jobs", indices: "Iterable[int]", marks: "Marks") -> "list[Outcome]":
    """Carries out the jobs of one worker, one after another. Answers an outcome for each."""
    return [perform_job(work, index, marks.mark) for index in indices]


def perform_job(work: "Jobs", index: int, mark: "Mark") -> "Outcome":
    """Carries out one job, between the marks that it began and that it ended."""
    mark(codes.JOB_BEGIN | index << 8)
    mark(codes.TICK | thread_time_ns() << 8)
    try:
        outcome = (index, True, _drive(work(index), mark))
    except BaseException as error:
        # Whatever it raises is that job's failure: neither an exit nor an interrupt in it may lose the other jobs unseen.
        outcome = (index, False, error)
    mark(codes.OP_END)
    mark(codes.TICK | thread_time_ns() << 8)
    mark(codes.JOB_END | (index << 1 | outcome[1]) << 8)
    return outcome if outcome[1] else failed(index, outcome[2])


def failed(index: int, error: BaseException) -> "Outcome":
    """The outcome of a job that raised."""
    return (index, False, describe(error))


def describe(error: BaseException) -> "dict[str, Any]":
    """An error as plain data: what it was, and where."""
    import traceback  # Only here, since a job that fails is rare and starting a process dear.

    try:
        message = str(error)
    except Exception as another:
        message = f"its message cannot be told: {type(another).__name__}"
    return {
        "type": type(error).__name__,
        "message": _sound(message[:_MOST_TEXT]),
        "traceback": _sound("".join(traceback.format_exception(error))[-_MOST_TEXT:]),
    }


def _sound(text: str) -> str:
    # A lone surrogate would pass through JSON, and break whoever encodes it later.
    return text.encode("utf-8", "backslashreplace").decode()


def _drive(job: "Job", mark: "Mark") -> "Any":
    resume, answer = job.send, None
    while True:
        try:
            operation = resume(answer)
        except StopIteration as stop:
            return stop.value
        try:
            resume, answer = job.send, _PERFORM[type(operation)](operation, mark)
        except Exception as error:
            # The job sees the error where it asked, as it would with a plain call.
            mark(codes.OP_END)
            resume, answer = job.throw, error


def compute(operation: Compute, mark: "Mark") -> "Any":
    value = operation.call(*operation.args)
    mark(codes.TICK | thread_time_ns() << 8)
    return value


def native(operation: Native, mark: "Mark") -> "Any":
    """Calls it, marked as an operation that leaves the GIL to others."""
    mark(_IN_NATIVE)
    value = operation.call(*operation.args)
    mark(codes.OP_END)
    mark(codes.TICK | thread_time_ns() << 8)
    return value


def _sleep(operation: Sleep, mark: "Mark") -> None:
    mark(_IN_SLEEP)
    sleep(operation.seconds)
    mark(codes.OP_END)


def _fetch(operation: Fetch, mark: "Mark") -> bytes:
    import socket  # Dear, and most jobs need none; where jobs do, it has been imported before.

    # Only the calls that may block are inside an operation: the Python between them is Python.
    with socket.socket() as connection:
        connection.settimeout(30)
        mark(_IN_CONNECT)
        connection.connect(operation.server)
        mark(codes.OP_END)
        request = operation.request
        mark(_IN_SEND)
        connection.sendall(request)
        mark(codes.OP_END)
        parts: list[bytes] = []
        while True:
            mark(_IN_RECEIVE)
            part = connection.recv(65536)
            mark(codes.OP_END)
            if not part:
                return operation.body(b"".join(parts))
            parts.append(part)


def _call(operation: Call, mark: "Mark") -> "Any":
    mark(_IN_CALL)
    value = operation.call(*operation.args)
    if isinstance(value, CoroutineType):
        import asyncio

        value = asyncio.run(value)
    mark(codes.OP_END)
    return value


_PERFORM: "Blocking" = {Compute: compute, Native: native, Sleep: _sleep, Fetch: _fetch, Call: _call}
