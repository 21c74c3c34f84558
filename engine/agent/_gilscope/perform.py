"""Performs jobs with blocking primitives: what sequential, threads and processes have in common."""

import inspect
import socket
import traceback
from time import sleep, thread_time_ns

from . import codes
from .operations import Call, Compute, Fetch, Native, Sleep


def perform_jobs(work, indices, marks):
    """Carries out the jobs of one worker, one after another. Answers an outcome for each: (index, ok, value or error)."""
    return [perform_job(work, index, marks) for index in indices]


def perform_job(work, index, marks):
    mark = marks.mark
    mark(codes.JOB_BEGIN, index)
    mark(codes.TICK, thread_time_ns())
    try:
        outcome = (index, True, _drive(work(index), mark))
    except (Exception, SystemExit) as error:
        outcome = (index, False, describe(error))
    mark(codes.OP_END)
    mark(codes.TICK, thread_time_ns())
    mark(codes.JOB_END, index << 1 | outcome[1])
    return outcome


def describe(error):
    """An error as plain data: what it was, and where."""
    return {
        "type": type(error).__name__,
        "message": str(error),
        "traceback": "".join(traceback.format_exception(error))[-8000:],
    }


def _drive(job, mark):
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
            resume, answer = job.throw, error


def compute(operation, mark):
    value = operation.call(*operation.args)
    mark(codes.TICK, thread_time_ns())
    return value


def native(operation, mark):
    mark(codes.OP_BEGIN, codes.NATIVE)
    value = operation.call(*operation.args)
    mark(codes.OP_END)
    mark(codes.TICK, thread_time_ns())
    return value


def _sleep(operation, mark):
    mark(codes.OP_BEGIN, codes.SLEEP)
    sleep(operation.seconds)
    mark(codes.OP_END)


def _fetch(operation, mark):
    # Only the calls that may block are inside an operation: the Python between them is Python.
    with socket.socket() as connection:
        connection.settimeout(30)
        mark(codes.OP_BEGIN, codes.CONNECT)
        connection.connect(operation.server)
        mark(codes.OP_END)
        request = operation.request
        mark(codes.OP_BEGIN, codes.SEND)
        connection.sendall(request)
        mark(codes.OP_END)
        parts = []
        while True:
            mark(codes.OP_BEGIN, codes.RECEIVE)
            part = connection.recv(65536)
            mark(codes.OP_END)
            if not part:
                return operation.body(b"".join(parts))
            parts.append(part)


def _call(operation, mark):
    mark(codes.OP_BEGIN, codes.CALL)
    value = operation.call(*operation.args)
    if inspect.iscoroutine(value):
        import asyncio

        value = asyncio.run(value)
    mark(codes.OP_END)
    return value


_PERFORM = {Compute: compute, Native: native, Sleep: _sleep, Fetch: _fetch, Call: _call}
