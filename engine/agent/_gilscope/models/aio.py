"""One asyncio task a worker, all on one event loop, with asyncio's own sleeps and sockets."""

import asyncio
import inspect
from time import thread_time_ns

from .. import codes, marks
from ..instruments import loops
from ..operations import Call, Compute, Fetch, Native, Sleep
from ..perform import compute, failed, native

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ..plan import Plan
    from ..shapes import Awaited, Blocking, Job, Jobs, Mark, Outcome

NAME = "asyncio"
TITLE = "asyncio"
DESCRIPTION = (
    "One asyncio task a worker, all on a single event loop in one thread. Tasks take turns wherever they await: waits overlap at almost no "
    "cost, but a task that computes keeps all the others from running until it is done."
)
START_METHODS = ()
OLDEST = None

_IN_SLEEP = codes.AWAIT_BEGIN | codes.SLEEP << 8
_IN_CONNECT = codes.AWAIT_BEGIN | codes.CONNECT << 8
_IN_SEND = codes.AWAIT_BEGIN | codes.SEND << 8
_IN_RECEIVE = codes.AWAIT_BEGIN | codes.RECEIVE << 8
_IN_CALL = codes.AWAIT_BEGIN | codes.CALL << 8


def run(plan: "Plan", work: "Jobs") -> "list[Outcome]":
    loops.of_asyncio(asyncio)
    with asyncio.Runner() as runner:
        return runner.run(_everything(plan, work))


async def _everything(plan: "Plan", work: "Jobs") -> "list[Outcome]":
    outcomes: list[Outcome] = []
    mark = marks.of_this_thread().mark
    async with asyncio.TaskGroup() as group:
        for name, indices in plan.shares():
            group.create_task(_worker(indices, work, mark, outcomes), name=name)
    # What the runner does to shut the loop down is no part of the work.
    loops.fall_silent(asyncio.get_running_loop())
    return outcomes


async def _worker(indices: "Iterable[int]", work: "Jobs", mark: "Mark", outcomes: "list[Outcome]") -> None:
    task = asyncio.current_task()
    assert task is not None
    for index in indices:
        mark(codes.JOB_BEGIN | index << 8)
        mark(codes.TICK | thread_time_ns() << 8)
        try:
            outcome = (index, True, await _drive(work(index), mark))
        except GeneratorExit:
            raise
        except BaseException as error:
            # As in the other models; but a task that somebody else cancels ends.
            outcome = (index, False, error)
        mark(codes.TICK | thread_time_ns() << 8)
        mark(codes.JOB_END | (index << 1 | outcome[1]) << 8)
        outcomes.append(outcome if outcome[1] else failed(index, outcome[2]))
        if task.cancelling():
            raise asyncio.CancelledError


async def _drive(job: "Job", mark: "Mark") -> "Any":
    resume, answer = job.send, None
    while True:
        try:
            operation = resume(answer)
        except StopIteration as stop:
            return stop.value
        kind = type(operation)
        try:
            resume = job.send
            answer = _BLOCKING[kind](operation, mark) if kind in _BLOCKING else await _AWAITED[kind](operation, mark)
        except Exception as error:
            mark(codes.AWAIT_END)
            resume, answer = job.throw, error


async def _sleep(operation: Sleep, mark: "Mark") -> None:
    mark(_IN_SLEEP)
    await asyncio.sleep(operation.seconds)
    mark(codes.AWAIT_END)


async def _fetch(operation: Fetch, mark: "Mark") -> bytes:
    mark(_IN_CONNECT)
    async with asyncio.timeout(30):
        reader, writer = await asyncio.open_connection(*operation.server)
        mark(codes.AWAIT_END)
        try:
            writer.write(operation.request)
            mark(_IN_SEND)
            await writer.drain()
            mark(codes.AWAIT_END)
            mark(_IN_RECEIVE)
            response = await reader.read()
            mark(codes.AWAIT_END)
        finally:
            writer.close()
    return operation.body(response)


async def _call(operation: Call, mark: "Mark") -> "Any":
    value = operation.call(*operation.args)
    if inspect.isawaitable(value):
        mark(_IN_CALL)
        value = await value
        mark(codes.AWAIT_END)
    return value


_BLOCKING: "Blocking" = {Compute: compute, Native: native}
_AWAITED: "Awaited" = {Sleep: _sleep, Fetch: _fetch, Call: _call}
