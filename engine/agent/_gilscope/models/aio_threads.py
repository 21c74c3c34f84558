"""One asyncio task a job, each of which awaits `asyncio.to_thread`."""

import asyncio
from concurrent.futures.thread import ThreadPoolExecutor

from .. import codes, marks
from ..instruments import loops
from ..perform import failed
from ..pooled import begin_thread, given, perform

TYPE_CHECKING = False  # As in marks: typing is not to be imported.
if TYPE_CHECKING:
    from ..plan import Plan
    from ..shapes import Jobs, Mark, Outcome

NAME = "asyncio_threads"
TITLE = "asyncio + threads"
DESCRIPTION = (
    "One asyncio task a job on a single event loop; each hands its blocking work to a pool of threads, one a worker, with "
    "asyncio.to_thread, and is suspended until it is done. The loop stays free for other tasks, but the threads still share one GIL."
)
START_METHODS = ()
OLDEST = None


def run(plan: "Plan", work: "Jobs") -> "list[Outcome]":
    loops.of_asyncio(asyncio)
    with asyncio.Runner() as runner:
        return runner.run(_everything(plan, work))


async def _everything(plan: "Plan", work: "Jobs") -> "list[Outcome]":
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(plan.workers, "worker", begin_thread))
    mark = marks.of_this_thread().mark
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_job(work, index, mark), name=f"job-{index}") for index in range(plan.jobs)]
    # What the runner does to shut the loop down is no part of the work.
    loops.fall_silent(loop)
    return [task.result() for task in tasks]


async def _job(work: "Jobs", index: int, mark: "Mark") -> "Outcome":
    mark(codes.AWAIT_BEGIN | codes.RESULTS << 8)
    try:
        outcome = await asyncio.to_thread(perform, work, index, given(mark))
    except Exception as error:
        outcome = failed(index, error)
    mark(codes.AWAIT_END)
    return outcome
