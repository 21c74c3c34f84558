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
from _gilscope.tasks import MarkedLoop
mine = marks.of_this_thread()
mark, word, N = mine.mark, codes.TICK | 1234 << 8, 4000
def drain(): mine.words[codes.H_TAIL] = mine.words[codes.H_HEAD]
def timed(call):
    drain()
    begun = thread_time_ns()
    for _ in itertools.repeat(None, N): call(word)
    return (thread_time_ns() - begun) / N
def nothing(word): pass
async def steps():
    for _ in range(N // 4): await asyncio.sleep(0)
async def main():
    begun = thread_time_ns()
    async with asyncio.TaskGroup() as group:
        for _ in range(4): group.create_task(steps())
    return (thread_time_ns() - begun) / N
def looped(loop):
    drain()
    with asyncio.Runner(loop_factory=loop) as runner: return runner.run(main())
ns = [timed(mark) - timed(nothing) for _ in range(25)]
pairs = [(looped(asyncio.SelectorEventLoop), looped(MarkedLoop)) for _ in range(15)]
more = [marked - stock for stock, marked in pairs]
def spread(values): return [min(values), statistics.median(values), max(values)]
print(json.dumps([spread(ns), spread([stock for stock, _ in pairs]), spread(more)]))
"""


def main() -> None:
    """Prints a table: least, median and most ns of each figure."""
    print(f"{'interpreter':<14}{'a mark, ns':>22}{'a stock step, ns':>22}{'marking a step, ns':>24}")
    for one in discover():
        with tempfile.TemporaryDirectory(prefix="gilscope-") as folder:
            environment = {**os.environ, "PYTHONPATH": str(AGENT), "GILSCOPE_MARKS": folder}
            said = json.loads(subprocess.run([one.path, "-c", _SOURCE], env=environment, check=True, stdout=subprocess.PIPE).stdout)
        mark, stock, more = (" / ".join(f"{value:.0f}" for value in values) for values in said)
        print(f"{one.version + ('t' if one.free_threaded else ''):<14}{mark:>22}{stock:>22}{more:>24}")


if __name__ == "__main__":
    main()
