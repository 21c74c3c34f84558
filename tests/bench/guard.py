"""What the rate guard makes of the worst cases: programs that take the GIL without a pause, recorded and bare, in pairs that take turns.

    python -m tests.bench.guard [--pairs N] [--python NAME] [NAME …]

Three ways: bare; recorded with all sources but the GIL; recorded with all. The last column is what the trace says of how the GIL was seen.
A whole run is to take at most 1.3 times as long. Nothing else should run meanwhile.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from engine.interpreters import find, own
from engine.trace import Interpreter
from tests.bench.pairs import Spread, bare, in_turns, ratio, recorded, spec_of

FLOODS = Path(__file__).with_name("floods.py")
NAMES = ("lock_ping_pong", "small_hashes", "tight_writes")


def main() -> None:
    """Prints a row for each program."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--python", help="the interpreter to measure (default: our own)")
    parser.add_argument("names", nargs="*", default=NAMES, metavar="NAME")
    options = parser.parse_args()
    interpreter = find(options.python) if options.python else own()
    print(f"CPython {interpreter.version}, {os.cpu_count()} cores, {options.pairs} rounds; medians (lowest–highest)\n")
    print("| program | bare | without the GIL / bare | recorded / bare | recorded / without the GIL | how it was seen |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name in options.names:
        print(row(name, interpreter, options.pairs), flush=True)


def row(name: str, interpreter: Interpreter, pairs: int) -> str:
    """One of the table."""
    spec = spec_of(f"{FLOODS}:{name}", "sequential", interpreter, workers=1, jobs=1)
    blind = spec_of(f"{FLOODS}:{name}", "sequential", interpreter, workers=1, jobs=1, sources=("marks", "kernel"))
    found = in_turns(pairs, {"bare": lambda: bare(spec), "blind": lambda: recorded(blind), "recorded": lambda: recorded(spec)})
    lanes = found["recorded"][-1].more["trace"].lanes.values()
    notes = "; ".join(lane.note or lane.exactness for lane in lanes if lane.kind == "interpreter")
    return (
        f"| `{name}` | {Spread(tuple(cost.elapsed_s for cost in found['bare'])).median:.2f} s | {ratio(found['blind'], found['bare']):.2f} "
        f"| {ratio(found['recorded'], found['bare']):.2f} | {ratio(found['recorded'], found['blind']):.2f} "
        f"| {notes} |"
    )


if __name__ == "__main__":
    main()
