"""What a mark costs, and what marking costs each step of an asyncio task. Run with `python -m tests.bench.marks`.

Each interpreter runs itself; steps are timed in pairs, with the stock loop and with the marked one, in time of the thread's own.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile

from engine.interpreters import discover
from engine.supervisor.measured import AGENT

_SOURCE = """
import asyncio, itertools, json, statistics
from time import thread_time_ns
from _gilscope import codes, marks
from _gilscope.instruments import loops
mine = marks.of_this_thread()
mark, word, N = mine.mark, codes.TICK | 1234 << 8, 4000
mine.words[codes.H_TAIL] = 1 << 60  # As if somebody read them all, at once.
def timed(call):
    begun = thread_time_ns()
    for _ in itertools.repeat(None, N): call(word)
    return (thread_time_ns() - begun) / N
def nothing(word): pass
async def steps():
    for _ in range(N // 4): await asyncio.sleep(0)
async def yielding():
    begun = thread_time_ns()
    async with asyncio.TaskGroup() as group:
        for _ in range(4): group.create_task(steps())
    return (thread_time_ns() - begun) / N
async def passed(mine, others):
    for _ in range(N // 4):
        await mine.get()
        others.put_nowait(None)
async def passing():
    queues = [asyncio.Queue() for _ in range(4)]
    begun = thread_time_ns()
    async with asyncio.TaskGroup() as group:
        for n in range(4): group.create_task(passed(queues[n], queues[n - 1]))
        queues[0].put_nowait(None)
    return (thread_time_ns() - begun) / N
places = [(asyncio.base_events.BaseEventLoop, "call_soon"), (asyncio.base_events.BaseEventLoop, "create_task")]
places += [(asyncio.events, "_set_running_loop")]
stock = [getattr(*place) for place in places]
loops.of_asyncio(asyncio)
marked = [getattr(*place) for place in places]
def looped(functions, main):
    for place, function in zip(places, functions): setattr(*place, function)
    with asyncio.Runner() as runner: return runner.run(main())
ns = [timed(mark) - timed(nothing) for _ in range(25)]
def spread(values): return [min(values), statistics.median(values), max(values)]
said = [spread(ns)]
for main in (yielding, passing):
    pairs = [(looped(stock, main), looped(marked, main)) for _ in range(15)]
    said += [spread([one for one, _ in pairs]), spread([two - one for one, two in pairs])]
print(json.dumps(said))
"""


def main() -> None:
    """Prints a table: least, median and most ns of each figure. A task yields by `sleep(0)`, or passes by a queue what wakes the next."""
    columns = ("a mark", "yielding", "marking it", "passing", "marking it")
    print(f"{'interpreter':<12}" + "".join(f"{column:>22}" for column in columns))
    for one in discover():
        with tempfile.TemporaryDirectory(prefix="gilscope-") as folder:
            environment = {**os.environ, "PYTHONPATH": str(AGENT), "GILSCOPE_MARKS": folder}
            said = json.loads(subprocess.run([one.path, "-c", _SOURCE], env=environment, check=True, stdout=subprocess.PIPE).stdout)
        figures = (" / ".join(f"{value:.0f}" for value in values) for values in said)
        print(f"{one.version + ('t' if one.free_threaded else ''):<12}" + "".join(f"{figure:>22}" for figure in figures))


if __name__ == "__main__":
    main()
