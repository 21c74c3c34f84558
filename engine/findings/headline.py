"""The one sentence at the top: who worked, on how many cores, where the time went, and whether it was worth it."""

from __future__ import annotations

from typing import NamedTuple

from engine.findings.case import Case
from engine.findings.cores import BOUND, PARALLEL, native_share
from engine.findings.ending import message_of, unlucky_end
from engine.findings.waits import LoopBlocked, waiting_for_the_loop
from engine.wording import average, count, duration, percent


class _Nothing(NamedTuple):
    """How it is said that nothing is on record: while it may still come, when all is over, when it broke off."""

    yet: str
    in_the_end: str
    until_then: str


_UNSEEN = "no thread of the program was seen at work"
_NOTHING = {
    False: _Nothing("no job has begun yet", "no job is on record", "no job had begun"),
    True: _Nothing("the program has not begun yet", _UNSEEN, _UNSEEN),
}


def headline_of(case: Case) -> str:
    """Without a full stop at its end. Never says more than the figures do."""
    status = case.trace.record.status
    if status == "queued":
        return "Queued: not begun yet"
    body = _body(case)
    nothing = _NOTHING[case.is_program]
    if status in ("starting", "running"):
        return f"So far: {body}" if body else f"Starting: {nothing.yet}"
    if status == "complete":
        how = unlucky_end(case)
        if how is None:
            return body or f"Complete, but {nothing.in_the_end}"
        return f"The program {how}. Until then: {body}" if body else f"The program {how}; {nothing.in_the_end}"
    jobs = case.figures["jobs"]
    done = "" if case.is_program else f", {jobs['completed']:,} of {count(jobs['total'], 'job')} done"
    ending = {
        "failed": f"Failed after {duration(case.trace.t_ns)}: {message_of(case)}",
        "cancelled": f"Cancelled after {duration(case.trace.t_ns)}{done}",
        "interrupted": f"Interrupted after {duration(case.trace.t_ns)}{done}",
    }[status]
    return f"{ending}. Until then: {body}" if body else f"{ending}; {nothing.until_then}"


def _body(case: Case) -> str:
    """`4 threads, one GIL: 1.00 cores used, 74 % of thread time spent waiting for the GIL; no faster than sequential`."""
    if not case.wall_ns:
        return ""
    clauses = [_cores(case), *_causes(case)[:2]]
    verdict = _verdict(case)
    return f"{_subject(case)}: {', '.join(clauses)}{'; ' + verdict if verdict else ''}"


def _subject(case: Case) -> str:
    who = case.who()
    if case.noun == "task":
        return f"{who} on {_loops(len(case.scope.hosts))}"
    tasks = f" with {count(len(case.tasks), 'task')}" if case.is_program and case.tasks else ""
    if len(case.scope.carriers) == 1:
        return f"One thread{tasks}" if case.is_program else _one_thread(case.figures["jobs"]["total"])
    if case.noun in ("thread", "worker") and len(case.processes) > 1:
        who = f"{who} in {count(len(case.processes), 'process', 'processes')}"
    return f"{who}{tasks}{_gils(case)}"


def _loops(many: int) -> str:
    return "one event loop" if many == 1 else count(many, "event loop")


def _one_thread(jobs: int) -> str:
    return f"One thread, {jobs:,} jobs in a row" if jobs > 1 else "One thread, one job"


def _gils(case: Case) -> str:
    """How many GILs there were for them; nothing where that is not known."""
    many = len(case.scope.gils)
    if case.without_gil:
        return ", no GIL"
    if case.gil.get("held_ns") is None or not many:
        return ""
    if many == 1:
        return ", one GIL"
    if many >= len(case.scope.hosts):
        return ", a GIL each"
    return ", one GIL per process" if many == len(case.processes) else f", {many} GILs"


def _cores(case: Case) -> str:
    if case.parallelism is None:
        return "cores used unknown"
    of = f" of {case.cores}" if case.cores and case.parallelism >= PARALLEL else ""
    used = f"{case.parallelism:.2f}" if case.parallelism >= 0.005 or not case.parallelism else "under 0.01"
    native = native_share(case)
    return f"{used}{of} cores used" + ("" if native is None else f", {percent(native)} of that in native code without the GIL")


def _causes(case: Case) -> list[str]:
    """Where the time went, the largest share first."""
    found: list[tuple[float, str]] = []
    waiting = case.share_of("io_wait", "suspended")
    if (share := case.share_of("gil_wait")) >= 0.05:
        found.append((share, f"{percent(share)} of {case.noun} time spent waiting for the GIL"))
    if (share := case.share_of("runnable")) >= 0.15:
        found.append((share, f"{percent(share)} of {case.noun} time ready but without a core"))
    if waiting >= BOUND and case.at_once >= 1.2:
        found.append((waiting, f"waits overlapped ({average(case.at_once)} at once on average)"))
    elif waiting >= BOUND:
        found.append((waiting, f"{percent(waiting)} of the time spent in one wait after another"))
    if (share := case.share_of("lock_wait")) >= BOUND:
        found.append((share, f"{percent(share)} of {case.noun} time spent waiting for locks"))
    if blocked := LoopBlocked.check(case):
        found.append((1.0, f"one task kept the loop for {duration(blocked.step_ns)} while others were ready"))
    elif (share := waiting_for_the_loop(case)) >= BOUND:
        found.append((share, f"{percent(share)} of task time ready but not its turn on the loop"))
    return [text for _, text in sorted(found, key=lambda item: -item[0])]


def _verdict(case: Case) -> str:
    speedup = case.figures.get("speedup")
    if speedup is not None:
        if speedup < 0.9:
            return f"slower than sequential ({speedup:.2f} times its speed)"
        return "no faster than sequential" if speedup < 1.1 else f"{speedup:.1f} times as fast as sequential"
    parallel, many = case.parallelism, len(case.scope.carriers) > 1
    if many and parallel is not None and parallel < 1.1 and case.share_of("gil_wait") >= BOUND:
        return "they took turns"
    return ""
