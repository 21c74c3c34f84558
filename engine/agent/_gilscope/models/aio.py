"""One asyncio task a worker, all on one event loop, with asyncio's own sleeps and sockets."""

import asyncio
import inspect
from time import thread_time_ns

from .. import codes, marks
from ..operations import Call, Compute, Fetch, Native, Sleep
from ..perform import compute, describe, native
from ..tasks import MarkedLoop

NAME = "asyncio"
TITLE = "asyncio"
DESCRIPTION = "One task a worker on a single event loop in one thread; tasks take turns wherever they await."
START_METHODS = ()


def run(plan, work):
    with asyncio.Runner(loop_factory=MarkedLoop) as runner:
        return runner.run(_everything(plan, work))


async def _everything(plan, work):
    outcomes = []
    mark = marks.of_this_thread().mark
    async with asyncio.TaskGroup() as group:
        for number in range(plan.workers):
            group.create_task(_worker(plan.indices(number), work, mark, outcomes), name=f"worker-{number + 1}")
    # What the runner does to shut the loop down is no part of the work.
    asyncio.get_running_loop().set_task_factory(None)
    return outcomes


async def _worker(indices, work, mark, outcomes):
    for index in indices:
        mark(codes.JOB_BEGIN, index)
        mark(codes.TICK, thread_time_ns())
        try:
            outcome = (index, True, await _drive(work(index), mark))
        except (Exception, SystemExit) as error:
            outcome = (index, False, describe(error))
        mark(codes.TICK, thread_time_ns())
        mark(codes.JOB_END, index << 1 | outcome[1])
        outcomes.append(outcome)


async def _drive(job, mark):
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
            resume, answer = job.throw, error


async def _sleep(operation, mark):
    mark(codes.AWAIT_BEGIN, codes.SLEEP)
    await asyncio.sleep(operation.seconds)
    mark(codes.AWAIT_END)


async def _fetch(operation, mark):
    mark(codes.AWAIT_BEGIN, codes.CONNECT)
    async with asyncio.timeout(30):
        reader, writer = await asyncio.open_connection(*operation.server)
        mark(codes.AWAIT_END)
        try:
            writer.write(operation.request)
            mark(codes.AWAIT_BEGIN, codes.SEND)
            await writer.drain()
            mark(codes.AWAIT_END)
            mark(codes.AWAIT_BEGIN, codes.RECEIVE)
            response = await reader.read()
            mark(codes.AWAIT_END)
        finally:
            writer.close()
    return operation.body(response)


async def _call(operation, mark):
    value = operation.call(*operation.args)
    if inspect.isawaitable(value):
        mark(codes.AWAIT_BEGIN, codes.CALL)
        value = await value
        mark(codes.AWAIT_END)
    return value


_BLOCKING = {Compute: compute, Native: native}
_AWAITED = {Sleep: _sleep, Fetch: _fetch, Call: _call}
