"""The marked loop: it tells every step, and behaves as the stock loop does."""

from __future__ import annotations

import pytest

from engine.agent._gilscope import codes
from engine.probes.marks import ThreadMarks
from tests.engine.agent.measured import INTERPRETERS, Program, told

LIFE = (codes.TASK_NEW, codes.STEP_BEGIN, codes.STEP_END, codes.TASK_END)
RUN = """
import asyncio, sys
from _gilscope.tasks import MarkedLoop
loop = asyncio.SelectorEventLoop if sys.argv[1:] == ["stock"] else MarkedLoop
with asyncio.Runner(loop_factory=loop) as runner: runner.run(main())
"""
PROGRAMS = {
    "cancelled before its first step": """
async def never(): print("never")
async def main():
    task = asyncio.create_task(never(), name="never")
    print(task.get_name(), task.get_coro().__qualname__)
    task.cancel()
    print(await asyncio.gather(task, return_exceptions=True), task.cancelled())
""",
    "an exception in a group": """
async def fails(): await asyncio.sleep(0); raise ValueError("no")
async def waits():
    try: await asyncio.sleep(9)
    finally: print("let go")
async def main():
    try:
        async with asyncio.TaskGroup() as group: group.create_task(waits()); group.create_task(fails())
    except* ValueError as found:
        error = found.exceptions[0]
        frame = error.__traceback__
        while frame: print(frame.tb_frame.f_code.co_name); frame = frame.tb_next
""",
    "a time limit and its order": """
async def one(n):
    for i in range(3): print(n, i); await asyncio.sleep(0)
    return n
async def main():
    print(await asyncio.gather(*(one(n) for n in range(3))))
    try: await asyncio.wait_for(asyncio.sleep(9), 0.01)
    except TimeoutError as error: print(repr(error))
    asyncio.get_running_loop().call_soon(asyncio.current_task().cancel)
    try: await asyncio.sleep(9)
    except asyncio.CancelledError: print("cancelled")
""",
    "an asynchronous generator left open": """
async def numbers():
    try:
        for i in range(9): yield i; await asyncio.sleep(0)
    finally: print("closed")
async def main():
    async for number in numbers():
        print(number)
        if number == 2: break
""",
    "what is no coroutine": """
async def main():
    try: asyncio.get_running_loop().create_task(3)
    except TypeError as error: print(error)
""",
    "an error that nobody catches": """
async def inner(): raise KeyError("lost")
async def main(): await asyncio.create_task(inner())
""",
    "eager tasks": """
async def quick(): print("at once"); return 1
async def slow(): print("begun"); await asyncio.sleep(0); print("gone on"); return 2
async def main():
    if hasattr(asyncio, "eager_task_factory"): asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
    tasks = [asyncio.create_task(quick(), name="q"), asyncio.create_task(slow(), name="s")]
    print([task.done() for task in tasks], [task.get_name() for task in tasks], await asyncio.gather(*tasks))
""",
}


@pytest.mark.parametrize("debug", ["", "1"], ids=["plain", "debug"])
@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("interpreter", INTERPRETERS)
def test_programs_do_and_say_what_they_do_under_the_stock_loop(program: Program, interpreter: str, name: str, debug: str) -> None:
    source = "import asyncio\n" + PROGRAMS[name] + RUN
    stock = program.run(interpreter, "-c", source, "stock", PYTHONASYNCIODEBUG=debug)
    marked = program.run(interpreter, "-c", source, PYTHONASYNCIODEBUG=debug)
    assert marked.stdout == stock.stdout
    assert marked.returncode == stock.returncode
    assert marked.stderr.splitlines()[-1:] == stock.stderr.splitlines()[-1:]
    (main,) = [one for one in program.left() if (codes.TASK_NEW in one.kind)]
    _well_formed(main)


@pytest.mark.parametrize("interpreter", INTERPRETERS)
def test_each_step_of_each_task_is_told_and_its_name(program: Program, interpreter: str) -> None:
    source = """
import asyncio
async def one():
    await asyncio.sleep(0)
async def main():
    first = asyncio.create_task(one(), name="first")
    second = asyncio.create_task(one())
    second.set_name("second")
    await first
    await second
"""
    assert program.run(interpreter, "-c", source + RUN).stderr == ""
    (main,) = program.left()
    mine = [(kind, argument) for kind, argument in told(main) if kind in LIFE and argument in (2, 3)]
    begin, end, last = codes.STEP_BEGIN, codes.STEP_END, codes.TASK_END
    assert mine[:2] == [(codes.TASK_NEW, 2), (codes.TASK_NEW, 3)]
    assert mine[2:] == [(begin, 2), (end, 2), (begin, 3), (end, 3), (begin, 2), (last, 2), (begin, 3), (last, 3)]
    assert [main.texts[codes.TASK_NEW, number] for number in (2, 3)] == ["first", "second"]


def _well_formed(marks: ThreadMarks) -> None:
    """No task is in a step while another is, none steps before it is new or after it has ended."""
    alive: set[int] = set()
    inside: int | None = None
    for kind, argument in told(marks):
        if kind == codes.TASK_NEW:
            alive.add(argument)
        elif kind == codes.STEP_BEGIN:
            assert inside is None
            assert argument in alive
            inside = argument
        elif kind in (codes.STEP_END, codes.TASK_END):
            assert inside == argument
            inside = None
            if kind == codes.TASK_END:
                alive.remove(argument)
