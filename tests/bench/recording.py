"""What recording costs: the same work recorded and bare, in pairs that take turns; ratios pair by pair.

    python -m tests.bench.recording [--pairs N] [--jobs N] [--python NAME] [WORKLOAD:MODEL …]

`elapsed` is what the measured program itself reads: from asking the model to start until every result is in hand. `cpu` is its own
processor time, start and end of the interpreter included. `supervisor` is the supervisor's processor time as a share of one core while
the program runs. Nothing else should run on the machine meanwhile. See `others` for other tools.
"""

from __future__ import annotations

import argparse
import os

from engine.functions import names_a_function
from engine.interpreters import find, own
from engine.trace import Interpreter
from tests.bench.pairs import FLOODS, PROGRAMS, Spread, bare, in_turns, ratio, recorded, spec_of

USUAL = (
    *("cpu:sequential", "cpu:threads", "cpu:processes", "cpu:asyncio", "native:threads"),
    *("http:sequential", "http:threads", "http:asyncio", "http:processes"),
)
WORST = (
    *(f"{FLOODS}:{name}:sequential" for name in ("lock_ping_pong", "small_hashes", "tight_writes")),
    f"{PROGRAMS}:asyncio_steps:asyncio",
)


def main() -> None:
    """Prints a row for each pair of workload and model."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--jobs", type=int, default=4, help="of the built-in workloads: more make a run longer (default: 4)")
    parser.add_argument("--python", help="the interpreter to measure (default: our own)")
    parser.add_argument("cases", nargs="*", default=[*USUAL, *WORST], metavar="WORKLOAD:MODEL")
    options = parser.parse_args()
    interpreter = find(options.python) if options.python else own()
    print(f"CPython {interpreter.version}, {os.cpu_count()} cores, {options.pairs} pairs; medians (lowest–highest)\n")
    print("| workload, model | bare | elapsed, recorded / bare | its processor time | supervisor | marks, hand-offs seen of counted |")
    print("| --- | --- | --- | --- | --- | --- |")
    for case in options.cases:
        workload, _, model = case.rpartition(":")
        print(row(workload, model, interpreter, options.pairs, options.jobs), flush=True)


def row(workload: str, model: str, interpreter: Interpreter, pairs: int, jobs: int) -> str:
    """One of the table."""
    shape = {"workers": 1, "jobs": 1} if names_a_function(workload) else {"jobs": jobs}
    spec = spec_of(workload, model, interpreter, **shape)
    found = in_turns(pairs, {"bare": lambda: bare(spec), "recorded": lambda: recorded(spec)})
    elapsed, cpu = ratio(found["recorded"], found["bare"]), ratio(found["recorded"], found["bare"], "cpu_s")
    share = Spread(tuple(cost.more["share"] for cost in found["recorded"]))
    counters = found["recorded"][-1].more["trace"].counters
    seen = f"{counters.get('gil_seen_handoffs', 0):,} of {counters['gil_handoffs']:,}" if "gil_handoffs" in counters else "none"
    name = workload.rpartition(":")[2]
    return (
        f"| `{name}`, {model} | {Spread(tuple(cost.elapsed_s for cost in found['bare'])).median:.3f} s | {elapsed:.3f} | {cpu:.2f} "
        f"| {share.median:.0%} | {counters['marks']:,}; {seen} |"
    )


if __name__ == "__main__":
    main()
